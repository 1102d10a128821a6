"""A proxy between websockets that cuts connections at the boundaries of frames, sends messages twice, and takes its time.

It knows just enough of RFC 6455 to see where a frame ends. What it does is decided by a seeded random generator.
"""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial

import attrs
import trio

_DATA = (1, 2)  # opcodes of text and binary


@attrs.define
class Chaos:
    """How often things go wrong with a frame, from 0 to 1, and what has gone wrong so far."""

    random: random.Random
    cut: float = 0.01
    twice: float = 0.02
    late: float = 0.05
    longest_delay: float = 0.01
    """Seconds."""
    cuts: int = 0
    repeats: int = 0
    delays: int = 0
    calm: bool = False

    def happens(self, chance: float) -> bool:
        return not self.calm and self.random.random() < chance


@asynccontextmanager
async def chaos_proxy(port: int, chaos: Chaos) -> AsyncIterator[int]:
    """A proxy to `port` for the block; gives the port it listens on."""
    async with trio.open_nursery() as nursery:
        serve = partial(trio.serve_tcp, partial(_relay, port, chaos), 0, host="127.0.0.1")
        listeners = await nursery.start(serve)
        yield listeners[0].socket.getsockname()[1]
        nursery.cancel_scope.cancel()


async def _relay(port: int, chaos: Chaos, near: trio.SocketStream) -> None:
    with suppress(OSError, trio.BrokenResourceError, trio.ClosedResourceError):
        async with near, await trio.open_tcp_stream("127.0.0.1", port) as far, trio.open_nursery() as nursery:

            async def pass_on(source: trio.SocketStream, target: trio.SocketStream) -> None:
                with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
                    await _Way(chaos, source, target).run()
                nursery.cancel_scope.cancel()  # one way is cut, and the other with it

            nursery.start_soon(pass_on, near, far)
            nursery.start_soon(pass_on, far, near)


class _Way:
    """One direction of a connection: first the handshake, as it is, then frames."""

    def __init__(self, chaos: Chaos, source: trio.SocketStream, target: trio.SocketStream) -> None:
        self._chaos = chaos
        self._source = source
        self._target = target
        self._read = bytearray()

    async def run(self) -> None:
        """Until it ends or is cut."""
        while (end := self._read.find(b"\r\n\r\n")) < 0:
            if not await self._more():
                return
        await self._target.send_all(self._taken(end + 4))
        while (frame := await self._frame()) is not None:
            if not await self._passed(frame):
                return

    async def _passed(self, frame: bytes) -> bool:
        chaos = self._chaos
        if chaos.happens(chaos.late):
            chaos.delays += 1
            await trio.sleep(chaos.random.uniform(0, chaos.longest_delay))
        lost = chaos.happens(chaos.cut / 2)
        if not lost:
            whole = frame[0] & 0x80 and frame[0] & 0x0F in _DATA
            repeated = bool(whole) and chaos.happens(chaos.twice)
            chaos.repeats += repeated
            await self._target.send_all(frame * (1 + repeated))
        if lost or chaos.happens(chaos.cut / 2):
            chaos.cuts += 1
            return False
        return True

    async def _frame(self) -> bytes | None:
        if not await self._has(2):
            return None
        length, at = self._read[1] & 0x7F, 2
        if length >= 126:
            size = 2 if length == 126 else 8
            if not await self._has(at + size):
                return None
            length, at = int.from_bytes(self._read[at : at + size], "big"), at + size
        whole = at + (4 if self._read[1] & 0x80 else 0) + length
        return self._taken(whole) if await self._has(whole) else None

    async def _has(self, count: int) -> bool:
        while len(self._read) < count:
            if not await self._more():
                return False
        return True

    async def _more(self) -> bool:
        received = await self._source.receive_some(65536)
        self._read += received
        return bool(received)

    def _taken(self, count: int) -> bytes:
        taken = bytes(self._read[:count])
        del self._read[:count]
        return taken
