"""The sending half of a link: what waits, and when and how it leaves.

A frame for an idle link leaves within the call that brings it. On a busy one frames are gathered, and a writer sends all that is ready in
one message, which costs far less than a message for each. While a large frame leaves in parts, whoever else is on this service has a turn
after each of them.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import trio

from peek_trio.errors import LinkLost
from peek_trio.transport.wire.limits import LinkTiming
from peek_trio.transport.wire.outbox import Outbox
from peek_trio.transport.wire.streams import MessageStream

__all__ = ["ENOUGH", "GATHER", "Sender"]

GATHER = 0.0001
"""Seconds after a message in which further frames wait for each other rather than leave at once."""

ENOUGH = 32
"""Gathered frames that leave without waiting for more: the peer can begin with them while the next are made."""


class Sender:
    """Sends what is put in its `outbox` over `stream` while `run` does.

    Whoever puts something there says so by `stir`. `on_lost` is told when the stream turns out to have ended meanwhile. While it is
    `idle`, nothing waits and nothing is under way: a frame may `pass_by`.
    """

    __slots__ = (
        "_crowded",
        "_finishing",
        "_life",
        "_news",
        "_on_lost",
        "_room",
        "_running",
        "_sent_at",
        "_stream",
        "_timing",
        "bytes_sent",
        "drained",
        "flush_by",
        "frames_sent",
        "idle",
        "messages_sent",
        "outbox",
    )

    def __init__(self, stream: MessageStream, timing: LinkTiming, on_lost: Callable[[LinkLost], None]) -> None:
        self.outbox = Outbox()
        self.drained = trio.Event()
        self.bytes_sent = self.frames_sent = self.messages_sent = 0
        self.idle = False
        self.flush_by = math.inf
        """When the message under way, if it did not leave at once, must have left."""
        self._stream, self._timing, self._on_lost = stream, timing, on_lost
        self._crowded: Callable[[], bool] = lambda: False
        self._running = self._finishing = False
        self._news = trio.Event()
        self._room: trio.Event | None = None
        self._life = trio.CancelScope(shield=True)
        self._sent_at = -math.inf

    def start(self, crowded: Callable[[], bool]) -> None:
        """`run` is about to run. `crowded` says whether more frames are about to follow the one that is sent just now."""
        self._crowded = crowded
        self._running = True

    async def run(self) -> None:
        """Sends until it is stopped, or finished and drained. Raises LinkLost."""
        with self._life:
            while True:
                if self.flush_by < math.inf:
                    await self._stream.flush()
                    self.flush_by = math.inf
                if not self._running:
                    return
                if self.outbox:
                    self._begin()
                    if self.outbox.under_way:
                        await trio.lowlevel.checkpoint()
                elif self._finishing:
                    self.drained.set()
                    return
                else:
                    self._news = trio.Event()
                    self.idle = True
                    await self._news.wait()

    def stir(self) -> None:
        """Something new waits. On an idle link it leaves at once, else with whatever else there is in the writer's turn."""
        if self.flush_by < math.inf or not self._running:
            return
        if self._news.is_set():
            at_once = len(self.outbox) >= ENOUGH
        else:
            at_once = trio.current_time() - self._sent_at >= GATHER and not self._crowded()
        if at_once:
            try:
                if self._begin() and not self.outbox:
                    return
            except LinkLost as lost:
                self._on_lost(lost)
        self._wake()

    def pass_by(self, head: bytes, body: bytes) -> bool:
        """Sends a frame past the outbox, at a third of the cost. False when it had better wait there for those that follow it."""
        now = trio.current_time()
        if now - self._sent_at < GATHER:
            return False
        self._sent_at = now
        self.messages_sent += 1
        self.frames_sent += 1
        self.bytes_sent += len(head) + len(body)
        try:
            if not self._stream.begin((head, body)):
                self.flush_by = now + self._timing.send
                self._wake()
        except LinkLost as lost:
            self._on_lost(lost)
        return True

    async def room(self) -> None:
        """Waits until something has left, or nothing more will."""
        if self._room is None:
            self._room = trio.Event()
        await self._room.wait()

    def finish(self) -> None:
        """Nothing more comes: `run` sends what waits, sets `drained` and returns."""
        self._finishing = True
        self._wake()
        self._make_room()

    def stop(self, within: float) -> None:
        """Ends `run`. A message cut short cannot be followed by a close frame, so the one on its way may finish `within` seconds."""
        self._running = False
        self._wake()
        self._life.deadline = trio.current_time() + within

    def abandon(self) -> None:
        """Ends `run` at once, in the middle of a message that does not leave."""
        self._life.cancel()

    def _begin(self) -> bool:
        """Begins the next message; False when not all of it could leave at once, and the stream must be flushed."""
        message = self.outbox.take()
        self._make_room()
        self._sent_at = trio.current_time()
        self.messages_sent += 1
        self.frames_sent += len(message) // 2
        self.bytes_sent += sum(map(len, message))
        begun = self._stream.begin(message)
        if not begun:
            self.flush_by = self._sent_at + self._timing.send
        return begun

    def _wake(self) -> None:
        self.idle = False
        self._news.set()

    def _make_room(self) -> None:
        if self._room is not None:
            self._room.set()
            self._room = None
