"""What carries messages between two ends, and the carrier for two ends within one process.

A `MessageStream` is all that a link needs: whole messages in order, a close that says why, and errors of our own. The in-memory pair is
a transport like any other; every test of links runs on it and on websockets.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import attrs
import trio

from peek_trio.errors import LinkLost

__all__ = ["MemoryStream", "MessageStream", "memory_stream_pair"]


class MessageStream(Protocol):
    """Carries messages, whole and in order, both ways. One task at a time may send."""

    def begin(self, parts: Sequence[bytes]) -> bool:
        """Takes the message that `parts` make together, and sends what can leave at once. True when that is all of it.

        When False, `flush` must be awaited before the next message. Raises LinkLost when the stream has ended. A tuple of parts is a
        small message that many streams are given in a row: what it becomes on the wire may be kept for the next of them.
        """
        ...

    async def flush(self) -> None:
        """Sends the rest of what was begun, waiting while the other side is slow.

        Raises LinkLost when the stream has ended. Cancelled, it leaves the stream unusable: close it.
        """
        ...

    async def send(self, data: bytes) -> None:
        """Begins and flushes one message."""
        ...

    async def receive(self) -> bytes:
        """The next message. Raises LinkLost when the stream has ended, FrameError for a message that is text."""
        ...

    def allow(self, message: int) -> None:
        """From now on takes messages of at most `message` bytes, when it has taken smaller ones only: the peer has proved who it is."""
        ...

    async def aclose(self, code: int = 1000, reason: str = "") -> None:
        """Ends the stream and tells the other side why. Takes at most a second or so; may be called again. Raises nothing."""
        ...


@attrs.define(eq=False)
class _End:
    """How the pair ended: nothing until one side closes."""

    code: int | None = None
    reason: str = ""


class MemoryStream:
    """One end of an in-memory pair."""

    def __init__(
        self,
        sender: trio.MemorySendChannel[bytes],
        receiver: trio.MemoryReceiveChannel[bytes],
        end: _End,
    ) -> None:
        self._sender = sender
        self._receiver = receiver
        self._end = end
        self._rest: bytes | None = None

    def begin(self, parts: Sequence[bytes]) -> bool:
        message = b"".join(parts)
        try:
            self._sender.send_nowait(message)
        except trio.WouldBlock:
            self._rest = message
            return False
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            raise self._lost() from None
        return True

    async def flush(self) -> None:
        rest, self._rest = self._rest, None
        if rest is not None:
            await self.send(rest)

    async def send(self, data: bytes) -> None:
        try:
            await self._sender.send(data)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            raise self._lost() from None

    async def receive(self) -> bytes:
        try:
            return await self._receiver.receive()
        except (trio.EndOfChannel, trio.ClosedResourceError):
            raise self._lost() from None

    def allow(self, message: int) -> None:
        """Nothing to do: what comes from this process is in memory already, and the link looks at its size."""

    async def aclose(self, code: int = 1000, reason: str = "") -> None:
        self.cut(code, reason)
        await trio.lowlevel.cancel_shielded_checkpoint()

    def cut(self, code: int = 1006, reason: str = "") -> None:
        """Ends the stream at once, by default as when a cable is pulled."""
        if self._end.code is None:
            self._end.code, self._end.reason = code, reason
        self._sender.close()
        self._receiver.close()

    def _lost(self) -> LinkLost:
        return LinkLost(self._end.reason or "The other side ended the link.", code=self._end.code or 1006)


def memory_stream_pair(*, in_flight: int = 16) -> tuple[MemoryStream, MemoryStream]:
    """Two connected streams within this process. A sender waits while so many messages are on their way."""
    to_right, from_left = trio.open_memory_channel[bytes](in_flight)
    to_left, from_right = trio.open_memory_channel[bytes](in_flight)
    end = _End()
    return MemoryStream(to_right, from_right, end), MemoryStream(to_left, from_left, end)
