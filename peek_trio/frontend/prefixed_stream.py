"""A stream some of which has been read already: gives back what was read, then the rest.

The front door reads a request's head to see whom it is for; the server it chooses must see the same bytes from the beginning.
"""

from __future__ import annotations

import trio

__all__ = ["PrefixedStream"]


class PrefixedStream(trio.abc.HalfCloseableStream):
    """`stream` with `prefix` put back in front."""

    def __init__(self, prefix: bytes, stream: trio.abc.Stream) -> None:
        self._prefix = prefix
        self._stream = stream

    @property
    def beneath(self) -> trio.abc.Stream | None:
        """The stream itself once the prefix has been read: from then on this one only passes on."""
        return None if self._prefix else self._stream

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        """The next bytes: of the prefix while there is some, then of the stream."""
        if not self._prefix:
            return bytes(await self._stream.receive_some(max_bytes))
        await trio.lowlevel.checkpoint()
        size = len(self._prefix) if max_bytes is None else max_bytes
        part, self._prefix = self._prefix[:size], self._prefix[size:]
        return part

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """Send all of `data` on the stream."""
        await self._stream.send_all(data)

    async def wait_send_all_might_not_block(self) -> None:
        """Wait until the stream takes more."""
        await self._stream.wait_send_all_might_not_block()

    async def send_eof(self) -> None:
        """Tell the peer that nothing more will come, where the stream can: TLS cannot."""
        if isinstance(self._stream, trio.abc.HalfCloseableStream):
            await self._stream.send_eof()

    async def aclose(self) -> None:
        """Close the stream."""
        await self._stream.aclose()
