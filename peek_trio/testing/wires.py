"""Connections in memory on which things go wrong on purpose: each message is kept in sight from one end to the other.

A `Way` is one direction of a link for as long as the link is redialled, and holds what is to happen to whatever travels that way. A
connection of the link has a `Lane` for each way, which is where messages are while they travel, and a `FaultyStream` at each end, which is
a `MessageStream` like any other.
"""

from __future__ import annotations

import math
import random
import struct
from collections import deque
from collections.abc import Callable, Sequence

import attrs
import trio

from peek_trio.errors import LinkLost
from peek_trio.testing.bell import Bell

__all__ = ["Countdown", "FaultyStream", "Way", "connection", "frame_ends"]

MESSAGES_IN_FLIGHT = 16
"""Messages that a lane takes before its sender must wait, like the buffers of a socket."""

_LENGTHS = struct.Struct("!II")  # of the header and of the body of a frame: docs/protocol.md


@attrs.frozen
class _End:
    """How an end closed. It travels behind what was sent before it."""

    code: int
    reason: str

    def lost(self) -> LinkLost:
        return LinkLost(self.reason or "The other side ended the link.", code=self.code)


_CUT = _End(1006, "The connection was cut.")


@attrs.define
class Countdown:
    """The frames that may still pass before the link is cut, on the ways that share it. `over` is told when it is.

    It is cut behind the last of them, or, if the next one is to be lost, when that sets out.
    """

    frames: int
    losing_next: bool
    over: Callable[[], None]

    def is_over(self, frames: int) -> bool:
        """Whether so many more frames cut the link."""
        return frames > self.frames if self.losing_next else frames >= self.frames


@attrs.define(eq=False)
class Way:
    """One direction of a link, over all its connections: what is to go wrong, and what has passed.

    `held`: nothing arrives for now, and nobody is told. `delay` and `spread` in seconds: a message takes `delay` and up to `spread` more.
    `every`: each message of that number arrives twice, 0 for none. `cut`: the frames that may pass before the link is cut.
    `on_delivery` is told each message when its receiver takes it.
    """

    random: random.Random
    on_delivery: Callable[[bytes], None] = lambda message: None
    held: bool = False
    delay: float = 0.0
    spread: float = 0.0
    every: int = 0
    cut: Countdown | None = None
    sent: int = 0
    lanes: dict[Lane, None] = attrs.field(factory=dict, repr=False)

    def hold(self, held: bool) -> None:
        """Holds back what travels this way, or lets it go on."""
        self.held = held
        for lane in list(self.lanes):
            lane.stir()

    def heal(self) -> None:
        """Nothing goes wrong any more; what was held back arrives."""
        self.delay, self.spread, self.every, self.cut = 0.0, 0.0, 0, None
        self.hold(False)


class Lane:
    """One direction of one connection."""

    def __init__(self, way: Way) -> None:
        self._way = way
        self._under_way: deque[tuple[float, bytes | _End]] = deque()
        self._last_due = -math.inf
        self._reader_left: _End | None = None
        self._broken = False
        self._changed = Bell()
        way.lanes[self] = None

    def put(self, message: bytes) -> bool:
        """Sends a message on its way; False when too many are there already. Raises LinkLost when nobody will read it.

        While the way is held nobody can know that.
        """
        if self._broken:
            raise _CUT.lost()
        if self._reader_left is not None and not self._way.held:
            raise self._reader_left.lost()
        if len(self._under_way) >= MESSAGES_IN_FLIGHT:
            return False
        self._way.sent += 1
        self._append(message)
        if self._way.every and self._way.sent % self._way.every == 0:
            self._append(message)
        return True

    def take(self) -> bytes | None:
        """The message that has arrived; None when none has. Raises LinkLost behind the last one."""
        if not self._under_way:
            if self._broken:
                raise _CUT.lost()
            return None
        due, item = self._under_way[0]
        if not self._broken and (self._way.held or due > trio.current_time()):
            return None
        if isinstance(item, _End):
            raise item.lost()
        self._under_way.popleft()
        self.stir()
        self._way.on_delivery(item)
        return item

    def end(self, how: _End) -> None:
        """The sender has closed. Its last words arrive first."""
        self._append(how)

    def leave(self, how: _End) -> None:
        """The reader has closed. What is under way to it is lost."""
        self._reader_left = how
        self._under_way.clear()
        self._way.lanes.pop(self, None)
        self.stir()

    def sever(self, *, losing: bool) -> None:
        """The connection breaks, and both ends know. What is under way is lost, or else still arrives, at once."""
        self._broken = True
        if losing:
            self._under_way.clear()
        self.stir()

    def stir(self) -> None:
        """Wakes both ends to look again."""
        self._changed.ring()

    async def changed(self) -> None:
        """Waits until something has happened here, or what comes next has arrived."""
        due = self._under_way[0][0] if self._under_way and not self._way.held else math.inf
        with trio.move_on_at(due if due > trio.current_time() else math.inf):
            await self._changed.wait()

    def _append(self, item: bytes | _End) -> None:
        way = self._way
        pause = way.delay + (way.random.uniform(0, way.spread) if way.spread else 0.0)
        self._last_due = max(self._last_due, trio.current_time() + pause)
        self._under_way.append((self._last_due, item))
        self.stir()


class FaultyStream:
    """One end of a connection."""

    def __init__(self, outgoing: Lane, incoming: Lane, sending: Way) -> None:
        self._outgoing, self._incoming, self._sending = outgoing, incoming, sending
        self._closed: _End | None = None
        self._rest: bytes | None = None

    def begin(self, parts: Sequence[bytes]) -> bool:
        message = b"".join(parts)
        if self._put(message):
            return True
        self._rest = message
        return False

    async def flush(self) -> None:
        while self._rest is not None:
            if self._put(self._rest):
                self._rest = None
            else:
                await self._outgoing.changed()

    async def send(self, data: bytes) -> None:
        await trio.lowlevel.checkpoint()
        if not self.begin([data]):
            await self.flush()

    async def receive(self) -> bytes:
        await trio.lowlevel.checkpoint()
        while True:
            if self._closed is not None:
                raise self._closed.lost()
            if (message := self._incoming.take()) is not None:
                return message
            await self._incoming.changed()

    def allow(self, message: int) -> None:
        """Nothing to do: what comes from this process is in memory already, and the link looks at its size."""

    async def aclose(self, code: int = 1000, reason: str = "") -> None:
        if self._closed is None:
            self._closed = _End(code, reason)
            self._outgoing.end(self._closed)
            self._incoming.leave(self._closed)
        await trio.lowlevel.cancel_shielded_checkpoint()

    def cut(self, *, losing: bool = True) -> None:
        """Breaks the connection for both ends, without a word. What is under way is lost, or with `losing=False` still arrives."""
        for lane in (self._outgoing, self._incoming):
            lane.sever(losing=losing)

    def _put(self, message: bytes) -> bool:
        if self._closed is not None:
            raise self._closed.lost()
        countdown = self._sending.cut
        if countdown is None:
            return self._outgoing.put(message)
        ends = frame_ends(message)
        if not countdown.is_over(len(ends)):
            if sent := self._outgoing.put(message):
                countdown.frames -= len(ends)
            return sent
        if countdown.frames and not self._outgoing.put(message[: ends[countdown.frames - 1]]):
            return False
        countdown.over()
        self.cut(losing=False)
        return True


def connection(up: Way, down: Way) -> tuple[FaultyStream, FaultyStream]:
    """A new connection: its accepting end, and the dialling one, whose messages travel `up`."""
    upwards, downwards = Lane(up), Lane(down)
    return FaultyStream(downwards, upwards, down), FaultyStream(upwards, downwards, up)


def frame_ends(message: bytes) -> list[int]:
    """Where each frame of a message ends. What is not a frame counts as one."""
    ends: list[int] = []
    end = 0
    while end < len(message):
        if len(message) - end < _LENGTHS.size:
            end = len(message)
        else:
            header, body = _LENGTHS.unpack_from(message, end)
            end = min(end + _LENGTHS.size + header + body, len(message))
        ends.append(end)
    return ends
