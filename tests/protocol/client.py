"""A client of the wire protocol that knows docs/protocol.md and nothing else: sockets, JSON and zlib, and not a line of `peek_trio`.

It is here to show that the document is enough, so it is written as somebody would who has only that: no retries, no bounds of its own.
"""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
import os
import struct
import zlib
from collections import defaultdict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import trio

Header = dict[str, Any]
Answer = tuple[Header, bytes]

PART = 64 * 1024
LARGE = 256 * 1024


class Closed(Exception):
    """The other end closed the websocket. `code` and `reason` are those of its close frame."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"{code} {reason}")
        self.code, self.reason = code, reason


class WebSocket:
    """As much of RFC 6455 as a client needs."""

    def __init__(self, stream: trio.SocketStream, rest: bytes) -> None:
        self._stream, self._arrived = stream, bytearray(rest)

    @classmethod
    async def open(cls, stream: trio.SocketStream, headers: dict[str, str]) -> WebSocket:
        """Asks for the upgrade."""
        fields = {
            "Host": "127.0.0.1",
            "Upgrade": "websocket",
            "Connection": "Upgrade",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
            **headers,
        }
        lines = ["GET /vortex HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items()), "", ""]
        await stream.send_all("\r\n".join(lines).encode())
        head = b""
        while b"\r\n\r\n" not in head:
            head += await stream.receive_some()
        answer, _, rest = head.partition(b"\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 101 "), answer
        return cls(stream, rest)

    async def send(self, message: bytes, opcode: int = 2) -> None:
        """Sends one whole message, masked as a client must."""
        size, mask = len(message), os.urandom(4)
        length = (
            bytes([0x80 | size])
            if size < 126
            else b"\xfe" + struct.pack("!H", size)
            if size < 65536
            else b"\xff" + struct.pack("!Q", size)
        )
        masked = (int.from_bytes(message, "big") ^ int.from_bytes((mask * (size // 4 + 1))[:size], "big")).to_bytes(
            size, "big"
        )
        await self._stream.send_all(bytes([0x80 | opcode]) + length + mask + masked)

    async def receive(self) -> bytes:
        """The next message. Raises Closed."""
        message = b""
        while True:
            first, length = await self._take(2)
            if length == 126:
                (length,) = struct.unpack("!H", await self._take(2))
            elif length == 127:
                (length,) = struct.unpack("!Q", await self._take(8))
            data = await self._take(length)
            match first & 0x0F:
                case 8:
                    raise Closed(int.from_bytes(data[:2], "big"), data[2:].decode())
                case 9:
                    await self.send(data, opcode=10)
                case 0 | 2:
                    message += data
                    if first & 0x80:
                        return message

    async def _take(self, count: int) -> bytes:
        while len(self._arrived) < count:
            more = await self._stream.receive_some()
            if not more:
                raise Closed(1006, "")
            self._arrived += more
        taken = bytes(self._arrived[:count])
        del self._arrived[:count]
        return taken


def written(header: Header, body: bytes = b"") -> bytes:
    """A frame as bytes."""
    head = json.dumps(header).encode()
    return struct.pack("!II", len(head), len(body)) + head + body


def read(message: bytes) -> list[Answer]:
    """The frames of a message."""
    frames = []
    while message:
        head, body = struct.unpack("!II", message[:8])
        frames.append((json.loads(message[8 : 8 + head]), message[8 + head : 8 + head + body]))
        message = message[8 + head + body :]
    return frames


class Link:
    """A link whose hello is done. `run` must run beside whoever uses it."""

    def __init__(self, websocket: WebSocket, welcome: Header) -> None:
        self.welcome = welcome
        self.pings = 0
        self.calls: dict[str, Any] = {}
        """What this end serves: a function of the arguments for each method."""
        self._websocket = websocket
        self._numbers = itertools.count(1)
        self._answers: defaultdict[int, deque[Answer]] = defaultdict(deque)
        self._news = trio.Condition()
        self._lanes: dict[int, bytearray] = {}
        self._lane = itertools.cycle(range(1, 5))

    async def run(self) -> None:
        """Takes what arrives, until the link is closed."""
        try:
            while True:
                for header, body in read(await self._websocket.receive()):
                    await self._take(header, body)
        except trio.ClosedResourceError:
            pass  # we left

    async def _take(self, header: Header, body: bytes) -> None:
        match header["k"]:
            case "ping":
                await self.send({"k": "pong", "n": header["n"]})
            case "pong":
                self.pings += 1
            case "part":
                arriving = self._lanes.setdefault(header["c"], bytearray())
                arriving += body
                if "end" in header:
                    ((whole, rest),) = read(bytes(self._lanes.pop(header["c"])))
                    await self._take(whole, rest)
            case "call":
                await self._serve(header, body)
            case _:
                async with self._news:
                    self._answers[header["i"]].append((header, body))
                    self._news.notify_all()

    async def _serve(self, header: Header, body: bytes) -> None:
        function = self.calls.get(header["m"])
        if function is None:
            error = {"type": "NoSuchEndpoint", "message": f"There is no {header['m']} here."}
            await self.send({"k": "err", "i": header["i"], "e": error})
        else:
            await self.send({"k": "res", "i": header["i"]}, json.dumps(function(**json.loads(body))).encode())

    async def send(self, header: Header, body: bytes = b"") -> None:
        """Sends a frame, in parts when it is large."""
        frame = written(header, body)
        if len(frame) <= LARGE:
            await self._websocket.send(frame)
            return
        lane = next(self._lane)
        for start in range(0, len(frame), PART):
            piece = frame[start : start + PART]
            part: Header = {"k": "part", "c": lane}
            if start == 0:
                part["size"] = len(frame)
            if start + PART >= len(frame):
                part["end"] = 1
            await self._websocket.send(written(part, piece))

    async def open(self, kind: str, body: bytes = b"", **header: Any) -> int:
        """Opens an exchange; its number."""
        number = next(self._numbers)
        await self.send({"k": kind, "i": number, **header}, body)
        return number

    async def answer(self, number: int) -> Answer:
        """The next answer of an exchange."""
        async with self._news:
            while not self._answers[number]:
                await self._news.wait()
            return self._answers[number].popleft()

    async def ask(self, kind: str, body: bytes = b"", **header: Any) -> Answer:
        """Opens an exchange that has one answer, and returns that."""
        return await self.answer(await self.open(kind, body, **header))

    async def call(self, method: str, **arguments: Any) -> Any:
        """The result of a method."""
        header, body = await self.ask("call", json.dumps(arguments).encode(), m=method, d=10)
        assert header["k"] == "res", header
        return json.loads(body)


class Watched:
    """What one subscription has shown so far."""

    def __init__(self, link: Link, number: int, have: Watched | None = None) -> None:
        self.number = number
        self.payload: bytes = have.payload if have is not None else b""
        self.header: Header = have.header if have is not None else {}
        self._link = link

    @property
    def rows(self) -> list[Any]:
        """The rows as they are now."""
        rows: list[Any] = json.loads(self.payload)["rows"]
        return rows

    async def next(self) -> str:
        """Takes the next answer; its kind."""
        header, body = await self._link.answer(self.number)
        match header["k"]:
            case "state":
                self.payload = zlib.decompress(body) if header.get("z") else body
            case "delta":
                assert header["base"] == self.header["dig"]
                for size, compressed in header["parts"]:
                    piece, body = body[:size], body[size:]
                    self.payload = changed(self.payload, zlib.decompress(piece) if compressed else piece)
            case "same":
                assert header["dig"] == self.header["dig"]
        assert hashlib.blake2b(self.payload, digest_size=12).hexdigest() == header["dig"]
        self.header = header
        return str(header["k"])


async def watch(link: Link, tuple_type: str, selector: Header, have: Watched | None = None) -> Watched:
    """Subscribes, with what was seen on an earlier link if there was one."""
    claim: dict[str, Any] = {} if have is None else {"have": [have.header["epoch"], have.header["dig"]]}
    return Watched(link, await link.open("sub", t=tuple_type, s=selector, **claim), have)


def changed(payload: bytes, delta: bytes) -> bytes:
    """The payload that a delta makes of another. Rows are kept as the text that they came as: the digest is of that."""
    old, change = json.loads(payload), json.loads(delta)
    gone, came = set(change["gone"]), dict(change["rows"])
    stay = iter([row for place, row in enumerate(old["rows"]) if place not in gone])
    length = len(old["rows"]) - len(gone) + len(came)
    rows = [came[place] if place in came else next(stay) for place in range(length)]
    # Python's JSON, without blanks, writes these rows as they were read.
    return json.dumps({**({"t": old["t"]} if "t" in old else {}), "rows": rows}, separators=(",", ":")).encode()


@asynccontextmanager
async def linked(port: int, hello: Header, headers: dict[str, str] | None = None) -> AsyncIterator[Link]:
    """A link for the block. Raises AssertionError with the refusal when it is refused."""
    async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
        websocket = await WebSocket.open(stream, headers or {})
        await websocket.send(written({"k": "hello", "protocol": 1, **hello}))
        ((welcome, _),) = read(await websocket.receive())
        assert welcome["k"] == "welcome", welcome
        link = Link(websocket, welcome)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(link.run)
            yield link
            nursery.cancel_scope.cancel()


async def signed_in(port: int, name: str, password: str) -> dict[str, str]:
    """The headers that prove a person: a session from the site's HTTP API."""
    body = json.dumps({"name": name, "password": password}).encode()
    lines = [
        "POST /api/session HTTP/1.1",
        "Host: 127.0.0.1",
        "X-Peek: 1",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        "Connection: close",
        "",
        "",
    ]
    async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
        await stream.send_all("\r\n".join(lines).encode() + body)
        answer = b"".join([chunk async for chunk in stream]).decode()
    assert answer.startswith("HTTP/1.1 200"), answer
    (cookie,) = [
        line.partition(":")[2].partition(";")[0].strip()
        for line in answer.splitlines()
        if line.lower().startswith("set-cookie:")
    ]
    return {"Cookie": cookie}
