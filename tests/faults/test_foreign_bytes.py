"""Whoever speaks something else, or out of turn, or is not who it says: a readable end for them, and nobody else notices."""

from __future__ import annotations

import json
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import trio

from peek_trio.errors import FrameError, LinkLost, LinkRefused
from peek_trio.nursery.credentials import token_of
from peek_trio.transport.wire import Frame, Hello, WebSocketStream, connect_websocket, dial_link, pack, unpack
from peek_trio.transport.wire.limits import Limits
from peek_trio.transport.wire.line import framed as framed_by_the_line
from tests.whole.device import device, request
from tests.whole.running import Running, eventually

SERVICE_LINKS, SITE = "service links", "site"
BOTH = pytest.mark.parametrize("door", [SERVICE_LINKS, SITE])


class Door:
    """One of the two kinds of places where links come in, and a hello that is good there."""

    def __init__(self, platform: Running, cookie: str, door: str) -> None:
        homes = platform.homes
        self.port = homes.links if door == SERVICE_LINKS else homes.desktop
        self.headers = [] if door == SERVICE_LINKS else [("Cookie", cookie)]
        token = token_of("agent", homes.base)
        self.hello = (
            Hello("agent", "agent-of-a-test", version="0.1.0", token=token)
            if door == SERVICE_LINKS
            else Hello("device", "device-of-a-test", version="0.1.0", site="desktop")
        )

    def connect(self) -> Any:
        return connect_websocket(f"ws://127.0.0.1:{self.port}/vortex", headers=self.headers)


@pytest.fixture
def at(platform: Running, cookie: str, door: str) -> Door:
    return Door(platform, cookie, door)


@contextmanager
def closes(code: int, words: str) -> Iterator[None]:
    with pytest.raises(LinkLost) as lost:
        yield
    assert lost.value.code == code
    assert words in lost.value.reason


async def until_closed(stream: WebSocketStream, message: bytes) -> None:
    with trio.fail_after(10):
        await stream.send(message)
        while True:
            await stream.receive()


def deep(levels: int) -> bytes:
    return b'{"k":"call","i":1,"m":"a.b","x":' + b"[" * levels + b"]" * levels + b"}"


def framed(header: bytes) -> bytes:
    return len(header).to_bytes(4, "big") + bytes(4) + header


NOT_OURS = {
    "junk": (b"junk", 1002, "within the lengths of frame"),
    "no header": (framed(b"{]"), 1002, ""),
    "no kind": (framed(b'{"i":1}'), 1002, 'without "k"'),
    "unknown kind": (pack([Frame({"k": "zap", "i": 1})]), 1002, 'no frame of the kind "zap"'),
    "no number": (pack([Frame({"k": "call", "i": "x", "m": "a.b"})]), 1002, "a positive integer"),
    "too deep": (framed(deep(20_000)), 1009, "deeper than 64 levels"),
}


@BOTH
@pytest.mark.parametrize("what", NOT_OURS)
async def test_frames_that_are_not_ours_close_the_link_with_a_sentence(at: Door, what: str) -> None:
    message, code, words = NOT_OURS[what]
    async with at.connect() as stream:
        await dial_link(stream, at.hello)
        with closes(code, words):
            await until_closed(stream, message)


@BOTH
@pytest.mark.parametrize("what", ["junk", "unknown kind"])
async def test_anything_before_the_hello_closes_the_connection(at: Door, what: str) -> None:
    async with at.connect() as stream:
        with closes(1002, ""):
            await until_closed(stream, NOT_OURS[what][0])


def in_fragments(message: bytes) -> list[bytes]:
    """The websocket frames of a message that is sent piece by piece, some hundred of them."""
    size = len(message) // 100
    frames = []
    for start in range(0, len(message), size):
        first, *rest = framed_by_the_line([message[start : start + size]], masked=True)
        final = 0x80 if start + size >= len(message) else 0
        frames += [bytes([final | (0x02 if start == 0 else 0x00)]) + first[1:], *rest]
    return frames


async def send_in_fragments(stream: WebSocketStream, message: bytes) -> None:
    if not stream._line.begin([b"".join(in_fragments(message))]):
        await stream.flush()


HOW = pytest.mark.parametrize("send", [WebSocketStream.send, send_in_fragments], ids=["whole", "in fragments"])


@BOTH
@HOW
async def test_a_message_that_is_too_large_closes_the_link_and_says_so(
    platform: Running, cookie: str, at: Door, send: Callable[..., Awaitable[None]]
) -> None:
    limit = (Limits.DEVICE if at.hello.service == "device" else Limits.SERVICE).message
    async with device(platform.homes.desktop, "desktop", cookie) as bystander, at.connect() as stream:
        await dial_link(stream, at.hello)
        with closes(1009, str(limit)), trio.fail_after(10):
            await send(stream, bytes(limit + 1))
            await stream.receive()
        assert await bystander.result("peek_plugin_tutorial.ask_agent", a=5, b=3) == 2


@BOTH
@HOW
async def test_nobody_may_say_much_before_the_hello_is_answered(at: Door, send: Callable[..., Awaitable[None]]) -> None:
    limit = (Limits.HELLO_DEVICE if at.hello.service == "device" else Limits.HELLO).message
    assert limit == (4096 if at.hello.service == "device" else 2**20)
    async with at.connect() as stream:
        with closes(1009, str(limit)), trio.fail_after(10):
            await send(stream, bytes(limit + 1))
            await stream.receive()


@BOTH
async def test_a_frame_that_is_too_large_in_parts_is_refused_with_the_first_of_them(at: Door) -> None:
    limit = (Limits.DEVICE if at.hello.service == "device" else Limits.SERVICE).frame
    async with at.connect() as stream:
        await dial_link(stream, at.hello)
        with closes(1009, f"larger than the {limit}"):
            await until_closed(stream, pack([Frame({"k": "part", "c": 1, "size": limit + 1}, bytes(1000))]))


async def test_who_never_says_hello_is_let_go(platform: Running, cookie: str) -> None:
    async def say_nothing(at: Door) -> None:
        async with at.connect() as stream:
            with closes(1008, "said nothing in time"), trio.fail_after(10):
                await stream.receive()

    async with trio.open_nursery() as nursery:
        for door in (SERVICE_LINKS, SITE):
            nursery.start_soon(say_nothing, Door(platform, cookie, door))


@BOTH
async def test_another_version_of_the_protocol_is_refused_with_what_to_do(at: Door) -> None:
    hello = at.hello.frame()
    async with at.connect() as stream:
        await stream.send(pack([Frame({**hello.header, "protocol": 2}, hello.body)]))
        (refusal,) = unpack(await stream.receive(), Limits.HELLO)
    assert (refusal.header["k"], refusal.header["code"]) == ("refuse", "protocol")
    assert refusal.header["reason"].endswith("Install the same version of Peek on both.")


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        (
            {"version": "0.9.0"},
            "version",
            "This agent runs Peek 0.9.0, the server runs 0.1.0. Install the same release.",
        ),
        (
            {"token": "x" * 43},
            "token",
            "is not the one of this server. Run `python -m peek_trio token agent` on the server",
        ),
        ({"token": ""}, "token", "is not the one of this server."),
        ({"service": "operator"}, "token", "The service token of this operator is not the one of this server."),
        ({"service": "server"}, "protocol", 'no service of the kind "server"'),
    ],
)
async def test_a_service_that_does_not_belong_is_refused_and_the_servers_log_says_so(
    platform: Running, cookie: str, change: dict[str, str], code: str, words: str
) -> None:
    door = Door(platform, cookie, SERVICE_LINKS)
    before = platform.homes.log("server").count(words)
    async with door.connect() as stream:
        hello = door.hello.frame()
        await stream.send(pack([Frame({**hello.header, **change}, hello.body)]))
        (refusal,) = unpack(await stream.receive(), Limits.HELLO)
        assert refusal.header["code"] == code
        assert words in refusal.header["reason"]
        with pytest.raises(LinkLost):
            await stream.receive()
    eventually(lambda: platform.homes.log("server").count(words) > before, "the server's log says so")


async def test_a_device_without_a_session_is_asked_to_sign_in(platform: Running) -> None:
    for stale in ("", "peek_session=" + "x" * 43):
        with pytest.raises(LinkRefused, match="Sign in to connect") as refused:
            async with device(platform.homes.desktop, "desktop", stale):
                pytest.fail("it was let in")
        assert refused.value.code == "sign-in"


async def test_a_page_of_another_site_may_not_connect(platform: Running, cookie: str) -> None:
    headers = [("Cookie", cookie), ("Origin", "http://elsewhere.example")]
    url = f"ws://127.0.0.1:{platform.homes.desktop}/vortex"
    with pytest.raises(LinkLost, match=r"403 Pages from http://elsewhere\.example may not connect here"):
        async with connect_websocket(url, headers=headers):
            pytest.fail("it was let in")


async def test_a_device_may_not_speak_for_others(platform: Running, cookie: str) -> None:
    async with device(platform.homes.desktop, "desktop", cookie) as phone:
        as_service = {"kind": "service", "name": "client-1", "title": "", "roles": ["client"]}
        answer = await phone.ask("call", b"{}", m="peek.database_url", d=5.0, p=as_service).receive()
    assert answer.header["e"]["type"] == "NotAllowed"


async def test_arguments_that_do_not_fit_are_answered_with_where(platform: Running, cookie: str) -> None:
    async with device(platform.homes.desktop, "desktop", cookie) as phone:
        answer = await phone.call("peek_plugin_tutorial.ask_agent", a="1", b=2)
        assert (answer.header["e"]["type"], "$.a" in answer.header["e"]["message"]) == ("BadRequest", True)
        body = b'{"a":' + b"[" * 50_000 + b"]" * 50_000 + b',"b":1}'
        answer = await phone.ask("call", body, m="peek_plugin_tutorial.ask_agent", d=5.0).receive()
        assert answer.header["e"]["type"] in ("BadRequest", "TupleError")
        assert json.loads((await phone.call("peek_plugin_tutorial.ask_agent", a=5, b=3)).body) == 2


@pytest.mark.parametrize(
    "data", [b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 20_000]
)
def test_a_request_without_end_is_answered_431(platform: Running, data: bytes) -> None:
    for port in (platform.homes.links, platform.homes.admin, platform.homes.mobile):
        with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
            connection.sendall(data)
            assert connection.recv(100).startswith(b"HTTP/1.1 431 ")


def test_after_all_that_everybody_is_well_and_nothing_was_a_fault_of_ours(platform: Running) -> None:
    for port in (platform.homes.admin, platform.homes.mobile, platform.homes.desktop):
        assert request(port, "GET", "/api/health")[:1] == (200,)
    for service in ("server", "client"):
        assert "Traceback" not in platform.homes.log(service)
    assert FrameError.__name__ not in platform.text
