"""The line that a websocket runs on: turns for those who send on it, and the shortest way to the socket beneath.

Two send on one line: trio-websocket its handshake, pongs and closes, and a link its messages. A message is framed here (RFC 6455, section
5.2) rather than by the library, so that a body which goes to a thousand receivers is neither copied nor looked at a thousand times, and
so that a message for which the socket has room costs one system call and no task.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Sequence

import trio
from wsproto.frame_protocol import XorMaskerSimple

__all__ = ["Line", "framed"]

_BINARY = 0x82  # a whole message of bytes
_CLOSE = b"\x88"
_MASKED = 0x80
_MOST_PARTS = 16  # handed to the system as they are; more are joined first, because they are small then
_RECEIVE_BYTES = 64 * 1024


class Line(trio.abc.Stream):
    """`stream`, on which several may send, each a whole frame at a time.

    `cut_short` says that a frame was abandoned half-way: nothing can follow it.
    """

    def __init__(self, stream: trio.abc.Stream) -> None:
        self.cut_short = False
        self._stream = stream
        self._socket: trio.socket.SocketType | None = None
        self._turn = trio.StrictFIFOLock()
        self._rest: list[bytes] | None = None
        self._said_goodbye = False

    def settle(self) -> None:
        """The handshake is over. From now on the socket is used directly, if the stream is plain TCP."""
        self._socket = _socket_of(self._stream)

    def begin(self, parts: list[bytes]) -> bool:
        """Takes a frame; what the socket has room for leaves at once. False when some is left: then `flush` before the next.

        Raises BrokenResourceError when the connection is lost or ends.
        """
        if self.cut_short or self._said_goodbye:
            raise trio.BrokenResourceError("nothing can be sent any more")
        assert self._rest is None, "the frame before has not left yet"
        if self._socket is None or self._turn.locked():
            self._rest = parts
            return False
        try:
            sent = os.writev(self._socket.fileno(), parts)
        except BlockingIOError:
            sent = 0
        except OSError as error:
            raise trio.BrokenResourceError(str(error)) from error
        if sent < sum(map(len, parts)):
            self._rest = [b"".join(parts)[sent:]]
            return False
        return True

    async def flush(self) -> None:
        """Sends what is left of a frame. Cancelled, it leaves the line unusable."""
        try:
            async with self._turn:
                await self._send_rest()
        except trio.Cancelled:
            self.cut_short = True
            raise

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """For the library: a whole frame, after the one that has begun."""
        async with self._turn:
            if self.cut_short:
                raise trio.BrokenResourceError("nothing can be sent any more")
            try:
                await self._send_rest()
                # A handshake begins with a letter, so this byte is a frame's opcode and nothing else.
                self._said_goodbye = self._said_goodbye or data[:1] == _CLOSE
                await self._stream.send_all(data)
            except trio.Cancelled:
                self.cut_short = True
                raise

    async def _send_rest(self) -> None:
        if self._rest is not None:
            try:
                await self._stream.send_all(b"".join(self._rest))
            finally:
                self._rest = None

    async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray:
        """The next bytes; none at the end."""
        if self._socket is None:
            return await self._stream.receive_some(max_bytes)
        # Trio's own way is to try first and then to wait. There is rarely anything yet, so this is a tenth of a round trip faster.
        while True:
            descriptor = self._socket.fileno()
            if descriptor < 0:
                raise trio.ClosedResourceError("this end closed the connection")
            try:
                await trio.lowlevel.wait_readable(descriptor)
                return os.read(descriptor, max_bytes or _RECEIVE_BYTES)
            except BlockingIOError:
                continue
            except OSError as error:
                raise trio.BrokenResourceError(str(error)) from error

    async def wait_send_all_might_not_block(self) -> None:
        """Waits until the stream takes more."""
        await self._stream.wait_send_all_might_not_block()

    async def aclose(self) -> None:
        """Closes the stream."""
        await self._stream.aclose()


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
        return [head, key, bytes(XorMaskerSimple(key).process(bytearray().join(parts)))]
    return [head, *parts] if len(parts) < _MOST_PARTS else [head, b"".join(parts)]


def _socket_of(stream: trio.abc.Stream) -> trio.socket.SocketType | None:
    """The socket that carries the bytes of `stream` as they are, if there is one: not under TLS, and not within a process.

    A stream that does nothing but pass on to another (any more) may say so by an attribute `beneath`.
    """
    beneath: object = stream
    while beneath is not None and not isinstance(beneath, trio.SocketStream):
        beneath = getattr(beneath, "beneath", None)
    return None if beneath is None else beneath.socket
