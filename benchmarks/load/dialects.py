"""What a device says in each of the worlds that are compared, and what it makes of the answers. Nothing but bytes; no sockets.

A dialect is the least that a receiver needs: the upgrade request, what follows it, and which messages count. The real clients do more with
what they receive; here they shall cost as little as possible, so that the service under test is what is measured.
"""

from __future__ import annotations

import json
import struct
from typing import Any, Protocol

__all__ = ["BARE", "DIALECTS", "PEEK", "Dialect", "message"]

BARE, PEEK = "bare", "peek"
PING_AT_MOST = 125
"""Bytes of a message that may be a question whether we are there. Updates are larger."""


class Dialect(Protocol):
    """How one device talks. A method that gives bytes gives whole websocket frames, ready to be sent."""

    def request(self, number: int) -> bytes:
        """The upgrade request; empty when there is none and the device just listens."""

    def hello(self, number: int) -> bytes:
        """What follows the upgrade at once."""

    def answer(self, payload: bytes, number: int) -> tuple[bytes, bool]:
        """What to say to a message while the device is not yet listening, and whether it is from now on."""

    def pong(self, payload: bytes) -> bytes:
        """What to say to a small message later."""


class Bare:
    """No protocol: a socket that counts bytes. Its limit is the kernel's."""

    def __init__(self, spec: dict[str, Any]) -> None:
        pass

    def request(self, number: int) -> bytes:
        return b""

    def hello(self, number: int) -> bytes:
        return b""

    def answer(self, payload: bytes, number: int) -> tuple[bytes, bool]:
        return b"", True

    def pong(self, payload: bytes) -> bytes:
        return b""


class Idle:
    """A websocket that has what it came for with the first message."""

    def __init__(self, spec: dict[str, Any]) -> None:
        pass

    def request(self, number: int) -> bytes:
        return _upgrade("/")

    def hello(self, number: int) -> bytes:
        return b""

    def answer(self, payload: bytes, number: int) -> tuple[bytes, bool]:
        return b"", True

    def pong(self, payload: bytes) -> bytes:
        return b""


class Peek:
    """A device of Peek: hello, welcome, `sub` for each of its selectors, a state or a `same` for each. Pings are answered.

    What one device was told, all have: they say so when they subscribe to the same again.
    """

    def __init__(self, spec: dict[str, Any]) -> None:
        self._site: str = spec.get("site", "desktop")
        self._type: str = spec["type"]
        self._selectors: int = spec.get("selectors", 1)
        self._have: dict[int, list[str]] = {}
        self._waiting: dict[int, int] = {}

    def request(self, number: int) -> bytes:
        return _upgrade(
            "/vortex", f"Cookie: peek_session=device-{number}", "User-Agent: Mozilla/5.0 (a device that only counts)"
        )

    def hello(self, number: int) -> bytes:
        return message(
            _packed(
                {
                    "k": "hello",
                    "protocol": 1,
                    "service": "device",
                    "id": f"device-{number}",
                    "name": "",
                    "version": "1",
                    "plugins": {},
                    "schemas": {},
                    "site": self._site,
                }
            )
        )

    def answer(self, payload: bytes, number: int) -> tuple[bytes, bool]:
        listening = False
        reply = b""
        for header in _headers(payload):
            kind = header["k"]
            if kind == "welcome":
                self._waiting[number] = self._selectors
                listening = not self._selectors
                if self._selectors:
                    reply = message(b"".join(_packed(self._sub(each)) for each in range(self._selectors)))
            elif kind in ("state", "same"):
                self._have[header["i"]] = [header["epoch"], header["dig"]]
                self._waiting[number] -= 1
                listening = not self._waiting[number]
            elif kind == "ping":
                reply += message(_packed({"k": "pong", "n": header["n"]}))
            else:
                raise RuntimeError(f"device {number} was told {header}")
        return reply, listening

    def pong(self, payload: bytes) -> bytes:
        for header in _headers(payload):
            if header["k"] == "ping":
                return message(_packed({"k": "pong", "n": header["n"]}))
        return b""

    def _sub(self, selector: int) -> dict[str, Any]:
        header = {"k": "sub", "i": selector + 1, "t": self._type, "s": {"selector": selector} if selector else {}}
        if selector + 1 in self._have:
            header["have"] = self._have[selector + 1]
        return header


class Vortex:
    """A device of vortexpy: what its client would say, recorded by its own code (see `peers/`), and any message counts."""

    def __init__(self, spec: dict[str, Any]) -> None:
        self._hello: str = spec["hello"]
        self._subscribe: str = spec["subscribe"]
        self._told: dict[int, int] = {}

    def request(self, number: int) -> bytes:
        return _upgrade(f"/vortexws?vortexUuid=device-{number}&vortexName=device")

    def hello(self, number: int) -> bytes:
        return message(self._hello.encode(), text=True) + message(self._subscribe.encode(), text=True)

    def answer(self, payload: bytes, number: int) -> tuple[bytes, bool]:
        if payload == b".":
            return b"", False
        self._told[number] = self._told.get(number, 0) + 1
        return b"", self._told[number] == 2  # who the server is, and the rows

    def pong(self, payload: bytes) -> bytes:
        return b""


DIALECTS = {BARE: Bare, "idle": Idle, PEEK: Peek, "vortex": Vortex}


def message(payload: bytes, *, text: bool = False) -> bytes:
    """One websocket message from a client. The mask is zero: it is the receiver's unmasking that is measured, not our masking."""
    size = len(payload)
    first = 0x81 if text else 0x82
    if size < 126:
        return struct.pack("!BB4x", first, 0x80 | size) + payload
    return struct.pack("!BBH4x", first, 0x80 | 126, size) + payload


def _upgrade(path: str, *headers: str) -> bytes:
    """The request that asks for a websocket."""
    lines = [
        f"GET {path} HTTP/1.1",
        "Host: 127.0.0.1",
        "Connection: Upgrade",
        "Upgrade: websocket",
        *headers,
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version: 13",
    ]
    return "\r\n".join([*lines, "", ""]).encode()


def _packed(header: dict[str, Any]) -> bytes:
    data = json.dumps(header, separators=(",", ":")).encode()
    return struct.pack("!II", len(data), 0) + data


def _headers(payload: bytes) -> list[dict[str, Any]]:
    headers, start = [], 0
    while start < len(payload):
        header, body = struct.unpack_from("!II", payload, start)
        headers.append(json.loads(payload[start + 8 : start + 8 + header]))
        start += 8 + header + body
    return headers
