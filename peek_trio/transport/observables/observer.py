"""The two kinds of subscriber: the far end of a link, and code on this service.

Both take the newest state only. What a slow one did not take in time is replaced, and the next state says how many were.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import trio

from peek_trio.errors import FrameError
from peek_trio.security import Principal
from peek_trio.transport.exchange import Port
from peek_trio.transport.observables.entry import nothing_to_leave
from peek_trio.transport.observables.state import ObservedState, StaleInfo, State
from peek_trio.transport.wire import Frame
from peek_trio.tuples import Codec

__all__ = ["LinkSubscriber", "Observation"]


class LinkSubscriber:
    """A `sub` of a peer. Its states go through one newest-wins slot of the link."""

    def __init__(self, port: Port, number: int, principal: Principal) -> None:
        self.principal = principal
        self.leave: Callable[[], None] = nothing_to_leave
        self.over = False
        self._link = port.link
        self._port = port
        self._number = number
        self._slot = ("state", number)
        self._skipped = 0
        self._state_posted = False  # whether the frame posted last was a state

    def changed(self, state: State, stale: StaleInfo | None) -> None:
        try:
            if not self._link.post(self._slot, self._frame(state, stale)):
                self._skipped = 0
            elif self._state_posted:
                self._skipped += 1
                self._link.post(self._slot, self._frame(state, stale, self._skipped))
            self._state_posted = True
        except FrameError as too_large:
            self.leave()
            self.failed(too_large)

    def same(self, state: State, stale: StaleInfo | None) -> None:
        header = {"k": "same", "i": self._number, **state.header}
        if stale is not None:
            header["stale"] = stale.to_wire()
        if self._link.post(self._slot, Frame(header)) and self._state_posted:
            # A state that had not left yet was displaced: it must travel after all, with the new freshness.
            self._link.post(self._slot, self._frame(state, stale, self._skipped))
        else:
            self._state_posted = False

    def failed(self, error: Exception) -> None:
        self.over = True
        self._port.subscriptions.pop(self._number, None)
        self._link.withdraw(self._slot)
        self._port.tell_error(self._number, error)

    def end(self) -> None:
        """The peer is no longer interested, or gone: what has not left yet is taken back."""
        self.over = True
        self.leave()
        self._link.withdraw(self._slot)

    def _frame(self, state: State, stale: StaleInfo | None, skipped: int = 0) -> Frame:
        if not skipped and stale is None:
            return state.frames.numbered(self._number)
        header = {**state.frame_header(), "i": self._number}
        if skipped:
            header["skip"] = skipped
        if stale is not None:
            header["stale"] = stale.to_wire()
        return Frame(header, state.body)


class Observation:
    """An observer on this service: an async iterator of `ObservedState`, newest first and only."""

    def __init__(self, principal: Principal, codec: Callable[[], Codec]) -> None:
        self.principal = principal
        self.leave: Callable[[], None] = nothing_to_leave
        self._codec = codec
        self._pending: tuple[State, StaleInfo | None] | None = None
        self._skipped = 0
        self._error: Exception | None = None
        self._news = trio.Event()

    def changed(self, state: State, stale: StaleInfo | None) -> None:
        if self._pending is not None and self._pending[0].digest != state.digest:
            self._skipped += 1
        self._pending = (state, stale)
        self._news.set()

    def same(self, state: State, stale: StaleInfo | None) -> None:
        self._pending = (state, stale)
        self._news.set()

    def failed(self, error: Exception) -> None:
        self._error = error
        self._news.set()

    async def receive(self) -> ObservedState:
        """The newest state that was not received yet; waits for it.

        Raises the CallError that ended the subscription, and TupleError when the rows are of a type this service does not know.
        """
        while self._pending is None:
            if self._error is not None:
                raise self._error
            self._news = trio.Event()
            await self._news.wait()
        (state, stale), self._pending = self._pending, None
        skipped, self._skipped = self._skipped, 0
        rows = self._codec().decode(state.payload())
        return ObservedState(rows, state.revision, state.epoch, state.digest, state.at, stale, skipped)

    def __aiter__(self) -> AsyncIterator[ObservedState]:
        return self

    async def __anext__(self) -> ObservedState:
        return await self.receive()
