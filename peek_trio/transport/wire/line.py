"""The line that a websocket runs on: turns for those who send on it, and the shortest way to the socket beneath.

Two send on one line: the link its messages, and whoever reads the answers to pings and closes. A message is framed here (RFC 6455,
section 5.2), so that a body which goes to a thousand receivers is neither copied nor looked at a thousand times, and so that a message
for which the socket has room costs one system call and no task.
"""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache

import trio

__all__ = ["Line", "framed", "framed_once"]

_BINARY = 0x82  # a whole message of bytes
_MASKED = 0x80
_MOST_PARTS = 16  # handed to the system as they are; more are joined first, because they are small then
_RECEIVE_BYTES = 64 * 1024

UNSENT = 128 * 1024
"""Bytes that the system may hold for a peer that is slow. What is decided later can overtake what waits here, and cannot there."""


class Line:
    """`stream`, on which several may send, each a whole frame at a time. Plain TCP is used without a detour.

    `cut_short` says that a frame was abandoned half-way: nothing can follow it.
    """

    __slots__ = ("_behind", "_free", "_said_goodbye", "_socket", "_stream", "_turn", "_waiting", "cut_short")

    def __init__(self, stream: trio.abc.Stream) -> None:
        self.cut_short = False
        self._stream = stream
        self._socket = _socket_of(stream)
        self._waiting: list[bytes] = []  # what is left of a frame, and what was begun behind it
        self._behind = b""  # a control frame that is to follow it
        self._turn: trio.Lock | None = None  # only a line that was ever full needs one
        self._said_goodbye = False
        self._free = self._socket is not None  # whether a frame may be written to the socket this moment
        _hold_little(stream)

    def begin(self, parts: list[bytes]) -> bool:
        """Takes a frame; what the socket has room for leaves at once. False when some is left: then `flush` before the next.

        Raises BrokenResourceError when the connection is lost or ends.
        """
        if self._free and self._socket is not None:
            return self._write(self._socket, parts)
        if self.cut_short or self._said_goodbye:
            raise trio.BrokenResourceError("nothing can be sent any more")
        self._waiting += parts
        return False

    def interject(self, frame: bytes, *, last: bool = False) -> bool:
        """Takes a control frame, which leaves at once, or behind the message under way; a newer one takes the place of one that waits.

        Nothing follows the `last`. False when nobody is going to `flush` the line as it is. Raises BrokenResourceError as `begin` does.
        """
        if self.cut_short or self._said_goodbye:
            raise trio.BrokenResourceError("nothing can be sent any more")
        self._said_goodbye = last
        self._free = self._free and not last
        if self._busy():
            self._behind = frame
            return True
        if self._socket is None:
            self._behind = frame
            return False
        return self._write(self._socket, [frame])

    async def flush(self) -> None:
        """Sends what waits. Cancelled, it leaves the line unusable."""
        if self._turn is None:
            self._turn = trio.Lock()
        self._free = False
        try:
            async with self._turn:
                while self._waiting or self._behind:
                    self._waiting.append(self._behind)
                    data, self._waiting, self._behind = b"".join(self._waiting), [], b""
                    await self._stream.send_all(data)
            self._free = self._socket is not None and not self._said_goodbye and not self._busy()
        except trio.Cancelled:
            self.cut_short = True
            raise

    async def receive_some(self) -> bytes:
        """The next bytes; none at the end.

        Raises BrokenResourceError when the connection is lost, ClosedResourceError when this end closed it.
        """
        if self._socket is None:
            return bytes(await self._stream.receive_some(_RECEIVE_BYTES))
        # Trio's own way is to try first and then to wait. There is rarely anything yet, so this is a tenth of a round trip faster.
        while True:
            descriptor = self._socket.fileno()
            if descriptor < 0:
                raise trio.ClosedResourceError("this end closed the connection")
            try:
                await trio.lowlevel.wait_readable(descriptor)
                return os.read(descriptor, _RECEIVE_BYTES)
            except BlockingIOError:
                continue
            except OSError as error:
                raise trio.BrokenResourceError(str(error)) from error

    async def send_eof(self) -> None:
        """Says that nothing more will come, where the stream can: TLS cannot."""
        if isinstance(self._stream, trio.abc.HalfCloseableStream):
            await self._stream.send_eof()

    async def aclose(self) -> None:
        """Closes the stream, at once."""
        await trio.aclose_forcefully(self._stream)

    def _busy(self) -> bool:
        return bool(self._waiting) or (self._turn is not None and self._turn.locked())

    def _write(self, plain: trio.socket.SocketType, parts: list[bytes]) -> bool:
        (first, *others) = parts
        size = len(first) + sum(map(len, others)) if others else len(first)
        try:
            sent = os.writev(plain.fileno(), parts) if others else os.write(plain.fileno(), first)
        except BlockingIOError:
            sent = 0
        except OSError as error:
            raise trio.BrokenResourceError(str(error)) from error
        if sent == size:
            return True
        self._waiting.append(b"".join(parts)[sent:])
        self._free = False
        return False


@lru_cache(maxsize=1)
def framed_once(parts: tuple[bytes, ...]) -> bytes:
    """The websocket frame of a message from an accepting end, in one piece. The last one is kept, for the next to be sent the same."""
    return b"".join(framed(parts, masked=False))


def framed(parts: Sequence[bytes], *, masked: bool) -> list[bytes]:
    """The websocket frame of the binary message that `parts` make together. A dialling end masks what it sends."""
    size = sum(map(len, parts))
    mask_bit = _MASKED if masked else 0
    if size < 126:
        head = struct.pack("!BB", _BINARY, mask_bit | size)
    elif size < 0x10000:
        head = struct.pack("!BBH", _BINARY, mask_bit | 126, size)
    else:
        head = struct.pack("!BBQ", _BINARY, mask_bit | 127, size)
    if masked:
        key = os.urandom(4)
        return [head, key, _masked(key, b"".join(parts))]
    return [head, *parts] if len(parts) < _MOST_PARTS else [head, b"".join(parts)]


def _masked(key: bytes, data: bytes) -> bytes:
    """`data`, every four bytes of it combined with the key (RFC 6455, section 5.3)."""
    size = len(data)
    pattern = (key * (size // 4 + 1))[:size]
    return (int.from_bytes(data, "big") ^ int.from_bytes(pattern, "big")).to_bytes(size, "big")


def _socket_of(stream: trio.abc.Stream) -> trio.socket.SocketType | None:
    """The socket that carries the bytes of `stream` as they are, if there is one: not under TLS, and not within a process.

    A stream that does nothing but pass on to another (any more) may say so by an attribute `beneath`.
    """
    beneath: object = stream
    while beneath is not None and not isinstance(beneath, trio.SocketStream):
        beneath = getattr(beneath, "beneath", None)
    return None if beneath is None else beneath.socket


def _hold_little(stream: trio.abc.Stream) -> None:
    """Keeps the system's queue for this peer short, also under TLS; where the platform cannot, its default stands."""
    beneath: object = stream
    while beneath is not None and not isinstance(beneath, trio.SocketStream):
        beneath = getattr(beneath, "beneath", None) or getattr(beneath, "transport_stream", None)
    if beneath is not None and hasattr(socket, "TCP_NOTSENT_LOWAT"):
        with suppress(OSError):  # not a TCP socket
            beneath.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT)
