"""The head of an HTTP/1.1 request, read just far enough to know which server it is for.

`RequestHead.parse` is a plain function of bytes; `read_head` reads from a stream within a deadline and a bound. Whatever is malformed is
not judged here: the HTTP server, which gets the same bytes again, answers that.
"""

from __future__ import annotations

import attrs
import trio

__all__ = ["MAX_HEAD", "HeadTimeout", "HeadTooLarge", "RequestHead", "read_head"]

MAX_HEAD = 16 * 1024
"""Bytes a request's head may have."""

_END = b"\r\n\r\n"


class HeadTimeout(Exception):
    """The head did not arrive in time. `received` is whether any of it did."""

    def __init__(self, received: bool) -> None:
        super().__init__("The request's head did not arrive in time.")
        self.received = received


class HeadTooLarge(Exception):
    """The head is longer than it may be."""


@attrs.frozen
class RequestHead:
    """The first line of a request and its headers; names in lower case. `path` has no query."""

    method: str
    path: str
    headers: tuple[tuple[str, str], ...]

    @classmethod
    def parse(cls, data: bytes) -> RequestHead:
        """The head that `data` begins with. Never fails: what is not HTTP has an empty path and no headers."""
        first, *lines = data.partition(_END)[0].decode("latin-1").split("\r\n")
        method, _, rest = first.partition(" ")
        target = rest.partition(" ")[0]
        pairs = (line.partition(":") for line in lines)
        headers = tuple((name.strip().lower(), value.strip()) for name, colon, value in pairs if colon)
        return cls(method, target.partition("?")[0], headers)

    def first(self, name: str) -> str | None:
        """The value of the first header `name` (lower case), or None when there is none."""
        return next((value for key, value in self.headers if key == name), None)

    def values(self, name: str) -> list[str]:
        """The comma-separated values of every header `name` (lower case), in lower case."""
        joined = ",".join(value for key, value in self.headers if key == name)
        return [value.strip().lower() for value in joined.split(",") if value.strip()]

    @property
    def upgrades_to_websocket(self) -> bool:
        """Whether the client asks for a websocket."""
        return self.method == "GET" and "upgrade" in self.values("connection") and "websocket" in self.values("upgrade")


async def read_head(stream: trio.abc.ReceiveStream, *, within: float) -> bytes:
    """The bytes up to the end of the first request's head, and whatever came with them; empty when the client left before.

    Raises HeadTimeout after `within` seconds and HeadTooLarge beyond `MAX_HEAD` bytes.
    """
    data = bytearray()
    try:
        with trio.fail_after(within):
            while _END not in data:
                if len(data) > MAX_HEAD:
                    raise HeadTooLarge
                chunk = await stream.receive_some()
                if not chunk:
                    return b""
                data += chunk
    except trio.TooSlowError:
        raise HeadTimeout(bool(data)) from None
    if data.find(_END) > MAX_HEAD:
        raise HeadTooLarge
    return bytes(data)
