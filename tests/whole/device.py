"""A device as the platform sees one: signed in over HTTP, linked to a site, speaking frames."""

from __future__ import annotations

import http.client
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import trio

from peek_trio.transport.observables.reading import read_state
from peek_trio.transport.observables.state import State
from peek_trio.transport.wire import Frame, Hello, Link, connect_websocket, dial_link
from tests.whole.homes import PATIENCE, Homes


def request(port: int, method: str, path: str, body: object = None, cookie: str = "") -> tuple[int, Any, str]:
    """Status, JSON answer and session cookie of one request to a site."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    headers = {"X-Peek": "1", "Content-Type": "application/json", "Cookie": cookie}
    connection.request(method, path, None if body is None else json.dumps(body), headers)
    response = connection.getresponse()
    answer = response.read()
    connection.close()
    return response.status, json.loads(answer or b"null"), (response.getheader("Set-Cookie") or "").partition(";")[0]


def sign_in(homes: Homes, name: str = "admin") -> str:
    """The session cookie of a person who redeemed a fresh sign-in link."""
    code = homes.command("people", "link", name).stdout.partition("code=")[2].strip()
    status, answer, cookie = request(homes.admin, "POST", "/api/session", {"code": code})
    assert status == 200, answer
    return cookie


class Device:
    """A linked device. Answers go to whoever opened the exchange, by its number."""

    def __init__(self, link: Link) -> None:
        self.link = link
        self._exchanges: dict[int, trio.MemorySendChannel[Frame]] = {}

    def heard(self, frame: Frame) -> None:
        channel = self._exchanges.get(frame.header.get("i", 0))
        if channel is not None:
            channel.send_nowait(frame)

    def ask(self, kind: str, body: bytes = b"", **header: Any) -> trio.MemoryReceiveChannel[Frame]:
        """Open an exchange; what arrives for it."""
        number = len(self._exchanges) + 1
        into, out = trio.open_memory_channel[Frame](1000)
        self._exchanges[number] = into
        self.link.send_nowait(Frame({"k": kind, "i": number, **header}, body))
        return out

    async def act(self, action_type: str, action: dict[str, Any], *, action_id: str, seq: int) -> Frame:
        """Send an action once; its `ack`."""
        made = datetime.now(UTC).isoformat()
        body = json.dumps(action).encode()
        answers = self.ask("act", body, t=action_type, id=action_id, dev="device-1", seq=seq, key="", made=made)
        return await answers.receive()

    async def act_until_applied(self, action_type: str, action: dict[str, Any], *, action_id: str, seq: int) -> int:
        """Send an action again until it is applied, as an outbox does; how often it had to be sent."""
        times = 0
        while True:
            times += 1
            ack = await self.act(action_type, action, action_id=action_id, seq=seq)
            if ack.header["status"] == "applied":
                return times
            assert ack.header["status"] == "retry", ack.header
            seq = ack.header.get("expected", seq)  # another one, sent beside this, has passed it
            await trio.sleep(min(0.2, ack.header.get("after", 0.2)))

    async def call(self, method: str, **arguments: Any) -> Frame:
        """Call a method; the `res` or `err`."""
        return await self.ask("call", json.dumps(arguments).encode(), m=method, d=20.0).receive()

    async def result(self, method: str, **arguments: Any) -> Any:
        """The result of a call, made again as long as whoever answers it is not there yet."""
        with trio.fail_after(PATIENCE):
            while (answer := await self.call(method, **arguments)).header["k"] != "res":
                assert answer.header["e"]["type"] == "Unavailable", answer.header
                await trio.sleep(0.1)
        return json.loads(answer.body)

    @asynccontextmanager
    async def watch(self, tuple_type: str, selector: dict[str, Any] | None = None) -> AsyncIterator[Watch]:
        yield Watch(self.ask("sub", t=tuple_type, s=selector or {}))


class Watch:
    """What a device sees of one selector."""

    def __init__(self, frames: trio.MemoryReceiveChannel[Frame]) -> None:
        self._frames = frames
        self.header: dict[str, Any] = {}
        self.rows: list[Any] = []
        self._state: State | None = None

    async def next(self) -> Watch:
        """Wait for the next answer of any kind."""
        frame = await self._frames.receive()
        self.header = dict(frame.header)
        if frame.header["k"] in ("state", "delta", "same"):
            self._state = read_state(frame, self._state)
            self.rows = json.loads(self._state.body.raw())["rows"]
        return self

    @property
    def is_stale(self) -> bool:
        return bool(self.header.get("stale"))


@asynccontextmanager
async def device(port: int, site: str, cookie: str) -> AsyncIterator[Device]:
    """A device linked to a site for the block."""
    hello = Hello("device", "device-1", name="a phone", version="1", site=site)
    async with connect_websocket(f"ws://127.0.0.1:{port}/vortex", headers=[("Cookie", cookie)]) as stream:
        one = Device(await dial_link(stream, hello))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(one.link.run, one.heard)
            yield one
            nursery.cancel_scope.cancel()
