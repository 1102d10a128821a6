"""The opening handshake of a websocket, seen from the accepting end (RFC 6455, section 4.2). Bytes in, bytes out.

The request is read strictly: whatever is not exactly an upgrade is refused with the status and the sentence that fit, so that a person
who looks at it knows what is wrong.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping

import attrs

__all__ = ["MOST_HEAD", "UpgradeRefused", "UpgradeRequest", "refusal"]

MOST_HEAD = 16 * 1024
"""Bytes that the head of an upgrade request may have."""

END_OF_HEAD = b"\r\n\r\n"

_VERSION = "13"
_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_REQUEST_LINE = re.compile(rb"([A-Z]+) ([!-~]+) HTTP/(\d)\.(\d)")
_HEADER = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([^\x00\n\r]*?)[ \t]*")
_ONCE = {"host", "sec-websocket-key", "sec-websocket-version", "content-length"}


class UpgradeRefused(Exception):
    """The request is not one that a websocket can follow. `answer` is the whole HTTP answer, `sentence` is in it."""

    def __init__(self, status: int, sentence: str, *headers: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.answer = refusal(status, sentence, *headers)


@attrs.frozen
class UpgradeRequest:
    """A request that may be accepted. `path` has the query, `headers` are by lower-case name, `accept` answers the client's key."""

    path: str
    headers: Mapping[str, str]
    accept: str

    @classmethod
    def parse(cls, head: bytes) -> UpgradeRequest:
        """The request in `head`, all of it but the empty line at its end. Raises UpgradeRefused."""
        first, *lines = head.split(b"\r\n")
        line = _REQUEST_LINE.fullmatch(first)
        if line is None:
            raise UpgradeRefused(400, "The request does not begin as HTTP does.")
        method, path, *version = line.groups()
        headers = _headers(lines)
        if method != b"GET" or version < [b"1", b"1"]:
            raise UpgradeRefused(400, "A websocket begins with GET and HTTP/1.1.")
        if headers.get("content-length", "0") != "0" or "transfer-encoding" in headers:
            raise UpgradeRefused(400, "A request for a websocket has no body.")
        if not headers.get("host"):
            raise UpgradeRefused(400, "The Host header is missing.")
        if "websocket" not in _tokens(headers, "upgrade") or "upgrade" not in _tokens(headers, "connection"):
            raise UpgradeRefused(426, "Only websockets are served here.", "Upgrade: websocket", "Connection: Upgrade")
        wanted = headers.get("sec-websocket-version")
        if wanted != _VERSION:
            raise UpgradeRefused(
                426 if wanted else 400,
                f"This end speaks version {_VERSION} of the websocket protocol.",
                f"Sec-WebSocket-Version: {_VERSION}",
            )
        return cls(path.decode("ascii"), headers, _accept(headers.get("sec-websocket-key", "")))

    def accepted(self) -> bytes:
        """The answer that makes the connection a websocket, without extensions and subprotocol."""
        return (
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Accept: {self.accept}\r\n\r\n"
        ).encode("ascii")


def refusal(status: int, sentence: str, *headers: str) -> bytes:
    """A whole HTTP answer that says one sentence and closes the connection."""
    body = sentence.encode()
    lines = [
        f"HTTP/1.1 {status} {_PHRASES[status]}",
        "Content-Type: text/plain; charset=utf-8",
        f"Content-Length: {len(body)}",
        "X-Content-Type-Options: nosniff",
        "Cache-Control: no-store",
        *headers,
    ]
    if not any(header.startswith("Connection:") for header in headers):
        lines.append("Connection: close")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


_PHRASES = {400: "Bad Request", 403: "Forbidden", 426: "Upgrade Required", 431: "Request Header Fields Too Large"}


def _headers(lines: list[bytes]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for line in lines:
        header = _HEADER.fullmatch(line)
        if header is None:
            raise UpgradeRefused(400, "A header of the request is not as headers are.")
        name, value = header[1].decode("ascii").lower(), header[2].decode("latin-1")
        if name in headers:
            if name in _ONCE:
                raise UpgradeRefused(400, f"The header {name} is there twice.")
            value = f"{headers[name]}, {value}"
        headers[name] = value
    return headers


def _tokens(headers: Mapping[str, str], name: str) -> list[str]:
    return [token.strip().lower() for token in headers.get(name, "").split(",")]


def _accept(key: str) -> str:
    try:
        nonce = base64.b64decode(key.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeError):
        nonce = b""
    if len(nonce) != 16:
        raise UpgradeRefused(400, "Sec-WebSocket-Key is missing, or is not 16 bytes in base64.")
    return base64.b64encode(hashlib.sha1(key.encode("ascii") + _GUID, usedforsecurity=False).digest()).decode("ascii")
