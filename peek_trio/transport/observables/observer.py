"""The two kinds of subscriber: the far end of a link, and code on this service.

Both take the newest state only. What a slow one did not take in time is replaced, and the next state says how many were.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import trio

from peek_trio.errors import FrameError
from peek_trio.security import Principal
from peek_trio.transport.exchange import Port
from peek_trio.transport.observables.entry import nothing_to_await, nothing_to_leave
from peek_trio.transport.observables.state import ObservedState, StaleInfo, State
from peek_trio.transport.observables.statistics import Counts
from peek_trio.tuples import Codec

__all__ = ["LinkSubscriber", "Observation"]


class LinkSubscriber:
    """A `sub` of a peer. Its states go through one newest-wins slot of the link.

    `have` is the digest of a state that the peer still has; `both` says that it is a relay, and takes states together with the deltas.
    What is sent leads on from what the peer surely has: a frame counts only once it has left the slot. The link keeps the order.
    """

    __slots__ = (
        "_both",
        "_has",
        "_kind",
        "_link",
        "_number",
        "_port",
        "_skipped",
        "_told",
        "_unseen",
        "_waits",
        "awaits",
        "counts",
        "leave",
        "principal",
    )

    def __init__(
        self, port: Port, number: int, principal: Principal, *, have: str | None = None, both: bool = False
    ) -> None:
        self.principal = principal
        self.leave: Callable[[], None] = nothing_to_leave
        self.awaits: Callable[[int], None] = nothing_to_await
        self.counts = Counts()
        self._link = port.link
        self._port = port
        self._number = number
        self._both = both
        self._waits = False  # whether what was posted last had to wait; it may have left meanwhile
        self._has = have  # the digest of what the peer has
        self._told: State | None = None  # what was posted last
        self._kind = ""  # of the frame that was posted last
        self._unseen = False  # whether the frame in the slot has news
        self._skipped = 0

    def changed(self, state: State, stale: StaleInfo | None, skipped: int = 0) -> None:
        told, self._told = self._told, state
        news = state.digest != self._has if told is None else state.succeeds(told)
        if self._waits and self._link.waiting(self._number):
            self.counts.sent[self._kind] -= 1
            if news and self._unseen:
                self._skipped += 1
                self.counts.conflated += 1
            self._unseen |= news
        else:
            self._unseen, self._skipped = news, 0
            if told is not None:
                self._has = told.digest
        self._skipped += skipped
        frame = state.frame(self._number, self._has, self._both, stale, self._skipped)
        self._kind = kind = frame.header["k"]
        self.counts.sent[kind] += 1
        try:
            self._waits = self._link.post(self._number, frame)
        except FrameError as too_large:
            self._too_large(too_large, state, stale)

    def failed(self, error: Exception) -> None:
        self._port.subscriptions.pop(self._number, None)
        self._link.withdraw(self._number)
        self._port.tell_error(self._number, error)

    def see(self, tx: int) -> None:
        """The peer wants to be told when the state includes the transaction `tx`."""
        self.awaits(tx)

    def end(self) -> None:
        """The peer is no longer interested, or gone: what has not left yet is taken back."""
        self.leave()
        self._link.withdraw(self._number)

    def _too_large(self, error: FrameError, state: State, stale: StaleInfo | None) -> None:
        if self._both:  # a state that fits by itself is not lost for the sake of its deltas
            try:
                alone = state.frame(self._number, None, False, stale, self._skipped)
                self._waits = self._link.post(self._number, alone)
                return
            except FrameError as still_too_large:
                error = still_too_large
        self.counts.sent[self._kind] -= 1
        self.leave()
        self.failed(error)


class Observation:
    """An observer on this service: an async iterator of `ObservedState`, newest first and only."""

    def __init__(self, principal: Principal, codec: Callable[[], Codec]) -> None:
        self.principal = principal
        self.leave: Callable[[], None] = nothing_to_leave
        self.awaits: Callable[[int], None] = nothing_to_await
        self.counts = Counts()
        self._codec = codec
        self._pending: tuple[State, StaleInfo | None] | None = None
        self._skipped = 0
        self._error: Exception | None = None
        self._news = trio.Event()
        self._last: ObservedState | None = None

    def changed(self, state: State, stale: StaleInfo | None, skipped: int = 0) -> None:
        if self._pending is not None and state.succeeds(self._pending[0]):
            self._skipped += 1
        self._skipped += skipped
        self._pending = (state, stale)
        self._news.set()

    def failed(self, error: Exception) -> None:
        self._error = error
        self._news.set()

    async def receive(self) -> ObservedState:
        """The newest state that was not received yet; waits for it.

        Raises the CallError that ended the subscription, and TupleError when the rows are of a type this service does not know.
        """
        await self._arrived()
        assert self._pending is not None
        (state, stale), self._pending = self._pending, None
        skipped, self._skipped = self._skipped, 0
        rows = self._codec().decode(state.body.raw())
        self._last = ObservedState(
            rows, state.revision, state.epoch, state.digest, state.at, stale, skipped, state.seen
        )
        return self._last

    async def including(self, tx: int | None) -> ObservedState:
        """The newest state, once it includes the effect of an action: give it the `tx` of the `ActionResult`.

        Raises like `receive`, and waits as long as it takes, so mind the deadline. A state that was read in no snapshot, and a `tx`
        of None (a rejection, a handler with `once=False`), cannot tell; then it is the newest state there is.
        """
        asked = False
        while True:
            state = self._last if self._pending is None and self._last is not None else await self.receive()
            if tx is None or not state.seen or state.includes(tx):
                return state
            if self._pending is None:
                if not asked:
                    asked = True
                    self.awaits(tx)
                await self._arrived()

    async def _arrived(self) -> None:
        """Waits until there is a state that was not received yet, or raises what ended the subscription."""
        while self._pending is None:
            if self._error is not None:
                raise self._error
            self._news = trio.Event()
            await self._news.wait()

    def __aiter__(self) -> AsyncIterator[ObservedState]:
        return self

    async def __anext__(self) -> ObservedState:
        return await self.receive()
