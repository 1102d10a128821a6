"""The sending half of a websocket's connection: whole frames in turn, whoever sends them, and at once where the socket takes them.

Two send on one connection: trio-websocket its handshake, pongs and closes, and a link its messages. A message is framed here (RFC 6455,
section 5.2) rather than by the library, so that a body which goes to a thousand receivers is neither copied nor looked at a thousand
times, and so that a message that the socket takes at once costs one system call and no task.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Sequence

import trio
from wsproto.frame_protocol import XorMaskerSimple

__all__ = ["Outlet", "framed"]

_BINARY = 0x82  # a whole message of bytes
_CLOSE = 0x88
_MASKED = 0x80
_MOST_PARTS = 16  # handed to the system as they are; more are joined first, because they are small then


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


class Outlet(trio.abc.Stream):
    """`stream`, with a turn for everybody who sends on it. Reading passes through.

    `cut_short` says that a message was abandoned half-way: nothing can follow it.
    """

    def __init__(self, stream: trio.abc.Stream) -> None:
        self._stream = stream
        self._socket = _socket_of(stream)
        self._plain = stream if isinstance(stream, trio.SocketStream) else None
        self._turn = trio.StrictFIFOLock()
        self._rest: list[bytes] | None = None
        self._said_goodbye = False
        self.cut_short = False

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
        """Sends what is left of a frame. Cancelled, it leaves the connection unusable."""
        try:
            async with self._turn:
                await self._send_rest()
        except trio.Cancelled:
            self.cut_short = True
            raise

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """For the library: a whole frame, after what has begun."""
        async with self._turn:
            if self.cut_short:
                raise trio.BrokenResourceError("nothing can be sent any more")
            try:
                await self._send_rest()
                # A response to a handshake begins with a letter, so this byte is a frame's opcode and nothing else.
                self._said_goodbye = self._said_goodbye or data[0] == _CLOSE
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
        """The next bytes of the stream."""
        if self._socket is None or self._stream is not self._plain:
            return await self._stream.receive_some(max_bytes)
        # Trio's own way tries first and waits then; there is rarely something yet, so here it is the other way round.
        try:
            while True:
                await trio.lowlevel.wait_readable(self._socket)
                try:
                    return os.read(self._socket.fileno(), max_bytes or 65536)
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


def _socket_of(stream: trio.abc.Stream) -> trio.socket.SocketType | None:
    """The socket whose bytes are those of `stream`, when there is one: not under TLS, and not within a process."""
    while not isinstance(stream, trio.SocketStream):
        beneath = getattr(stream, "beneath", None)
        if not isinstance(beneath, trio.abc.Stream):
            return None
        stream = beneath
    return stream.socket
