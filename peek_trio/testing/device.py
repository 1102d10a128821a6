"""A phone or a browser of the platform under test: a switchboard of its own behind a link that can be made to fail."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, ParamSpec, TypeVar

import trio

from peek_trio.errors import DeadlineExceeded, PeekError
from peek_trio.security import Principal
from peek_trio.testing.bell import Bell
from peek_trio.testing.uplink import Uplink
from peek_trio.transport import ActionResult, Contract, Observation, ObservedState, Switchboard
from peek_trio.tuples import TupleSelector

__all__ = ["Device"]

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")

SOON = 10.0
"""Seconds that a device waits for what a test expects it to see."""

ACK_WITHIN = 30.0
"""Seconds after which an outbox sends an action again that was not answered."""

RETRY_AFTER = 1.0
"""Seconds until it does so when it was told to, but not when."""


class Device:
    """One device, signed in as `principal`. `link` is its link, `board` its switchboard. Made by `Platform.device`.

    rows = await phone.sees(Total, lambda rows: rows == [Total(3)])
    """

    def __init__(self, board: Switchboard, link: Uplink) -> None:
        self.board = board
        self.link = link
        self._nursery: trio.Nursery | None = None
        self._life = trio.CancelScope()
        self._outbox = trio.Lock()
        self._watched: dict[tuple[str, str], _Watched] = {}

    def __repr__(self) -> str:
        return f"<Device {self.id} of {self.principal.name}, {'linked' if self.link.is_up else 'not linked'}>"

    @property
    def id(self) -> str:
        """What it calls itself in its hello."""
        return self.board.me.id

    @property
    def principal(self) -> Principal:
        """The person who is signed in."""
        return self.board.principal

    def observe(self, what: TupleSelector | type) -> AbstractAsyncContextManager[Observation]:
        """Watches a selector, or all of a tuple class: `async with phone.observe(Total) as states`. See `Switchboard.observe`."""
        return self.board.observe(_selector(what))

    async def latest(self, what: TupleSelector | type, *, within: float = SOON) -> ObservedState:
        """The newest state that has arrived; it is watched from the first time on, and until the device leaves.

        Waits for the first one. Raises what ended the subscription, and AssertionError when nothing arrives `within` seconds.
        """
        watched = self._watch(_selector(what))
        state = await watched.until(lambda state: True, within)
        if state is None:
            raise AssertionError(f"{self.id} was sent no state of {watched.selector} within {within:g} s.")
        return state

    async def sees(
        self,
        what: TupleSelector | type,
        expected: Callable[[list[Any]], bool],
        *,
        stale: bool | None = None,
        within: float = SOON,
    ) -> list[Any]:
        """Waits until the rows of the newest state are as `expected`, and returns them; with `stale` also until they are so, or not.

        Raises what ended the subscription, and AssertionError with what there is after `within` seconds.
        """
        watched = self._watch(_selector(what))

        def fits(state: ObservedState) -> bool:
            return stale in (None, state.stale is not None) and expected(state.rows)

        state = await watched.until(fits, within)
        if state is None:
            raise AssertionError(f"Within {within:g} s {self.id} saw of {watched.selector} only {watched.state}.")
        return state.rows

    async def sees_effect(self, what: TupleSelector | type, of: ActionResult, *, within: float = SOON) -> ObservedState:
        """Waits until the newest state includes what an action did, and returns it: `await phone.sees_effect(Total, of=result)`.

        A result without a transaction (a rejection, a handler with `once=False`) and rows that were read in no snapshot cannot tell: then
        it is the newest state there is. Raises what ended the subscription, and AssertionError after `within` seconds.
        """
        watched = self._watch(_selector(what))
        watched.asks_for(of.tx)
        state = await watched.until(lambda state: of.tx is None or not state.seen or state.includes(of.tx), within)
        if state is None:
            raise AssertionError(f"Within {within:g} s {self.id} saw of {watched.selector} nothing that includes {of}.")
        return state

    async def act(self, action: object, *, key: str = "", timeout: float = 30.0) -> ActionResult:
        """Asks for an action, once. See `Switchboard.act`; `tap` is for one that must not be lost."""
        return await self.board.act(action, key=key, timeout=timeout)

    async def tap(self, action: object, *, key: str = "") -> ActionResult:
        """Asks for an action as a page does: through an outbox, that sends it again and again until it is answered for good.

        It waits while there is no link, however long that is. Actions leave one at a time, in the order of the taps.
        """
        request = self.board.request(action, key=key)
        async with self._outbox:
            while True:
                await self.link.up(within=math.inf)
                try:
                    result = await self.board.send(request, timeout=ACK_WITHIN)
                except DeadlineExceeded:
                    continue  # perhaps it was applied, and perhaps not: its receipt knows
                if result.status != "retry":
                    return result
                if self.link.is_up:
                    await trio.sleep(result.after or RETRY_AFTER)

    async def call(self, contract: Contract[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Calls `contract` and returns its result: `await phone.call(add, 2, 3)`. See `caller` for a timeout and a target."""
        return await self.board.caller(contract)(*args, **kwargs)

    def stream(
        self, contract: Contract[P, AsyncIterator[T]], *args: P.args, **kwargs: P.kwargs
    ) -> AbstractAsyncContextManager[AsyncIterator[T]]:
        """Calls a contract that streams: `async with phone.stream(count, 3) as items`."""
        return self.board.streamer(contract)(*args, **kwargs)

    def caller(
        self, contract: Contract[P, R], *, to: str | None = None, timeout: float = 30.0
    ) -> Callable[P, Awaitable[R]]:
        """An async function that calls `contract`. See `Switchboard.caller`."""
        return self.board.caller(contract, to=to, timeout=timeout)

    async def send_message(
        self, filt: Mapping[str, Any], rows: Sequence[object] = (), *, to: str | None = None, timeout: float = 30.0
    ) -> int:
        """Sends a message; returns how many took it. See `Switchboard.send_message`."""
        return await self.board.send_message(filt, rows, to=to, timeout=timeout)

    def leave(self) -> None:
        """It goes away for good, as when the browser is closed."""
        self._life.cancel()

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Runs until it leaves. Started when its switchboard runs; its link is dialled then."""
        with self._life:
            async with trio.open_nursery() as nursery:
                await nursery.start(self.board.run)
                self._nursery = nursery
                nursery.start_soon(self.link.run, self.board)
                task_status.started()
        self._nursery = None

    def _watch(self, selector: TupleSelector) -> _Watched:
        key = (selector.type, selector.key)
        if (watched := self._watched.get(key)) is None:
            watched = self._watched[key] = _Watched(selector)
            if self._nursery is None:
                raise PeekError(f"{self.id} has left.")
            self._nursery.start_soon(watched.run, self.board)
        return watched


class _Watched:
    """A selector that a device watches as long as it lives."""

    def __init__(self, selector: TupleSelector) -> None:
        self.selector = selector
        self.state: ObservedState | None = None
        self._asked: list[int] = []
        self._states: Observation | None = None
        self._error: PeekError | None = None
        self._news = Bell()

    async def run(self, board: Switchboard) -> None:
        try:
            async with board.observe(self.selector) as self._states:
                for tx in self._asked:
                    self._states.awaits(tx)
                async for state in self._states:
                    self.state = state
                    self._news.ring()
        except PeekError as error:
            self._error = error
            self._news.ring()

    def asks_for(self, tx: int | None) -> None:
        """Has the transaction told of when a state includes it."""
        if tx is None or (self.state is not None and self.state.includes(tx)):
            return
        if self._states is not None:
            self._states.awaits(tx)
        else:
            self._asked.append(tx)

    async def until(self, matches: Callable[[ObservedState], bool], within: float) -> ObservedState | None:
        """The first state that matches; None when there is none in time."""
        with trio.move_on_after(within):
            while True:
                if self._error is not None:
                    raise self._error
                if self.state is not None and matches(self.state):
                    return self.state
                await self._news.wait()
        return None


def _selector(what: TupleSelector | type) -> TupleSelector:
    return what if isinstance(what, TupleSelector) else TupleSelector.of(what)
