"""The Autobahn cases, the usual measure of a websocket, against our own: the front door, its handshake, its frames, plain and over TLS.

Our protocol has no text messages and refuses them with 1003, and most cases send text. So they are run against an echo that is made of
the same parts and gives text back. Against the sites themselves are run the cases that need no answer to a message.
"""

from __future__ import annotations

import json
import ssl
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, nullcontext, suppress
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import trio
import trustme

from peek_trio.errors import LinkError
from peek_trio.frontend.front_door import FrontDoor
from peek_trio.frontend.listener import open_listeners
from peek_trio.frontend.prefixed_stream import PrefixedStream
from peek_trio.frontend.request_head import RequestHead
from peek_trio.frontend.visitor import Visitor
from peek_trio.transport.wire import Limits, WebSocketStream, accept_websocket, connect_websocket
from peek_trio.transport.wire.incoming import Incoming
from peek_trio.transport.wire.line import framed
from tests.whole.running import Running

pytestmark = pytest.mark.skipif(
    find_spec("kosoku") is None, reason="the Autobahn cases are installed on Linux on x86_64 and aarch64 only"
)

CASES = ["*"]
TOO_LONG = ["9.*", "12.*", "13.*"]
"""Speed, and compression, which we do not offer."""
ABOUT_FRAMES = [
    "2.*",
    "3.1",
    "4.1.1",
    "4.1.2",
    "4.2.1",
    "4.2.2",
    "5.1",
    "5.2",
    "7.3.1",
    "7.3.2",
    "7.5.1",
    "7.7.*",
    "7.9.*",
]
ROOT = Path(__file__).parents[2]
ALONE = nullcontext()
FINE = {"OK", "NON-STRICT", "INFORMATIONAL"}


class Text(bytes):
    """A text message on its way back."""


class WithText(Incoming):
    """Text messages go on to who receives them, marked as text."""

    __slots__ = ()

    def _messages(self) -> Iterator[bytes | str]:
        return map(marked, super()._messages())


def marked(message: bytes | str) -> bytes:
    return Text(message.encode()) if isinstance(message, str) else message


def pass_text_on(websocket: WebSocketStream) -> None:
    websocket._incoming.__class__ = WithText
    websocket._arrived = list(map(marked, websocket._arrived))  # what came with the handshake


async def echo(stream: PrefixedStream, head: RequestHead, visitor: Visitor) -> None:
    """Sends back what it gets."""
    try:
        async with accept_websocket(
            stream, allowed_origins=lambda origin: origin is None, limits=Limits.SERVICE
        ) as websocket:
            visitor.let_in()
            pass_text_on(websocket)
            try:
                while True:
                    await send_back(websocket, await websocket.receive())
            finally:
                await websocket.aclose()
    except* LinkError:
        pass


async def send_back(websocket: WebSocketStream, message: bytes) -> None:
    if not isinstance(message, Text):
        await websocket.send(message)
        return
    first, *rest = framed([message], masked=websocket._masks)
    if not websocket._line.begin([b"\x81" + first[1:], *rest]):
        await websocket.flush()


async def no_http(*_: object) -> None:
    raise AssertionError("every case asks for a websocket")


async def open_door(nursery: trio.Nursery, ssl_context: ssl.SSLContext | None = None) -> int:
    (listener,) = await open_listeners("127.0.0.1", 0)
    nursery.start_soon(FrontDoor(vortex=echo, http=no_http, ssl_context=ssl_context).run, [listener])
    port: int = listener.socket.getsockname()[1]
    return port


async def into_tls(port: int, trust: ssl.SSLContext, plain: trio.SocketStream) -> None:
    """Autobahn speaks no TLS: carries one connection of it over TLS to `port`."""

    async def carry(source: trio.abc.Stream, sink: trio.abc.Stream, scope: trio.CancelScope) -> None:
        try:
            while data := await source.receive_some():
                await sink.send_all(data)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            pass
        scope.cancel()

    tcp = await trio.open_tcp_stream("127.0.0.1", port)
    secured = trio.SSLStream(tcp, trust, server_hostname="127.0.0.1", https_compatible=True)
    async with secured, trio.open_nursery() as nursery:
        nursery.start_soon(carry, plain, secured, nursery.cancel_scope)
        nursery.start_soon(carry, secured, plain, nursery.cancel_scope)


@pytest.fixture
async def plain_echo(nursery: trio.Nursery) -> int:
    return await open_door(nursery)


@pytest.fixture
async def echo_over_tls(nursery: trio.Nursery) -> int:
    authority = trustme.CA()
    ours, theirs = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert("127.0.0.1").configure_cert(ours)
    authority.configure_trust(theirs)
    port = await open_door(nursery, ours)
    listeners = await nursery.start(partial(trio.serve_tcp, partial(into_tls, port, theirs), 0, host="127.0.0.1"))
    through: int = listeners[0].socket.getsockname()[1]
    return through


def autobahn(where: str, cases: list[str], but_not: list[str]) -> list[str]:
    return [sys.executable, "-m", "tests.faults.autobahn", where, json.dumps(cases), json.dumps(but_not)]


async def verdicts(port: int, cases: list[str], but_not: list[str]) -> dict[str, Any]:
    """Of Autobahn as the one who dials."""
    with trio.fail_after(50):
        command = autobahn(f"ws://127.0.0.1:{port}/vortex", cases, but_not)
        done = await trio.run_process(command, capture_stdout=True, cwd=ROOT)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


async def verdicts_on_who_dials(cases: list[str], but_not: list[str]) -> dict[str, Any]:
    """Of Autobahn as the one who is dialled, once for each case."""
    with trio.fail_after(50):
        async with trio.open_nursery() as nursery:
            start = partial(trio.run_process, stdout=subprocess.PIPE, cwd=ROOT)
            process: trio.Process = await nursery.start(start, autobahn("listen", cases, but_not))
            assert process.stdout is not None
            said = b""
            while not said.endswith(b"\n"):
                said += await process.stdout.receive_some()
            url = f"ws://127.0.0.1:{int(said)}"
            (count,) = await dial_and_echo(f"{url}/getCaseCount")
            some = trio.CapacityLimiter(8)
            async with trio.open_nursery() as dialling:
                for case in range(1, int(count) + 1):
                    dialling.start_soon(dial_and_echo, f"{url}/runCase?case={case}&agent=peek", some)
            await dial_and_echo(f"{url}/updateReports?agent=peek")
            said = b"".join([chunk async for chunk in process.stdout])
    found: dict[str, Any] = json.loads(said)
    return found


async def dial_and_echo(url: str, some: AbstractAsyncContextManager[None] = ALONE) -> list[bytes]:
    """Send back what is said at `url`, to the end; what that was."""
    heard = []
    async with some:
        with suppress(LinkError):
            async with connect_websocket(url) as websocket:
                pass_text_on(websocket)
                try:
                    while True:
                        heard.append(await websocket.receive())
                        await send_back(websocket, heard[-1])
                finally:
                    await websocket.aclose()
    return heard


def not_fine(found: dict[str, Any]) -> dict[str, Any]:
    return {
        case: verdict
        for case, verdict in found.items()
        if not {verdict["said"], verdict["closed"]} <= FINE or not verdict["clean"]
    }


@pytest.mark.parametrize("endpoint", ["plain_echo", "echo_over_tls"])
async def test_no_case_fails_and_none_ends_unclean(endpoint: str, plain_echo: int, echo_over_tls: int) -> None:
    found = await verdicts({"plain_echo": plain_echo, "echo_over_tls": echo_over_tls}[endpoint], CASES, TOO_LONG)

    assert not_fine(found) == {}
    assert len(found) == 247
    assert Counter(verdict["said"] for verdict in found.values())["OK"] > 230


async def test_our_dialling_end_is_as_good() -> None:
    found = await verdicts_on_who_dials(CASES, TOO_LONG)

    assert not_fine(found) == {}
    assert len(found) == 247


@pytest.mark.parametrize("door", ["links", "admin", "mobile", "desktop"])
async def test_every_endpoint_of_ours_knows_frames_before_anybody_has_said_hello(platform: Running, door: str) -> None:
    found = await verdicts(getattr(platform.homes, door), ABOUT_FRAMES, [])

    assert not_fine(found) == {}
    assert len(found) > 40
