"""Gathers what arrives while the database is busy, so that it shares one transaction.

Nobody waits for others to come: what finds a free place goes at once and alone. While it is under way, others queue; the first of them
then takes the whole queue along. Under load that makes one commit of many actions; without load it costs nothing.

Whoever is to lead a batch has left the queue already, so that two batches that end at the same moment wake two leaders.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

import trio

from peek_trio.storage.exactly_once import Outcome, Piece
from peek_trio.storage.receipts import Receipt

__all__ = ["AT_A_TIME", "MOST_TOGETHER", "Gathering"]

H = TypeVar("H")

MOST_TOGETHER = 32
"""Actions in one transaction."""

AT_A_TIME = 2
"""Batches under way at a time: one waits for the disk while the other one works."""


class _Place(Generic[H]):
    """Somebody's place. `called` is set when there is an outcome, or when it is its turn to lead a batch; it is in no queue then."""

    def __init__(self, piece: Piece[H]) -> None:
        self.piece = piece
        self.called = trio.Event()
        self.leads = False
        self.outcome: Outcome = None


class Gathering(Generic[H]):
    """Applies pieces in batches. `apply_all` does one batch and tells what became of each piece; it raises only when cancelled."""

    def __init__(self, apply_all: Callable[[Sequence[Piece[H]]], Awaitable[list[Outcome]]]) -> None:
        self._apply_all = apply_all
        self._queue: deque[_Place[H]] = deque()
        self._batches = 0

    @property
    def waiting(self) -> int:
        """How many wait for the next batch."""
        return len(self._queue)

    async def apply(self, piece: Piece[H]) -> Receipt:
        """Applies one piece, perhaps together with others; returns its receipt or raises what its work raised.

        Cancelled while it waits, nothing was done. Cancelled while somebody else's batch has it, it may have been applied all the same:
        its receipt tells, when it is sent again.
        """
        place = _Place(piece)
        if self._batches < AT_A_TIME:
            self._batches += 1
            place.leads = True
        else:
            self._queue.append(place)
        while place.outcome is None:
            if not place.leads:
                await self._called(place)
            if place.leads:
                await self._lead(place)
        if isinstance(place.outcome, Exception):
            raise place.outcome
        return place.outcome

    async def _called(self, place: _Place[H]) -> None:
        try:
            await place.called.wait()
        except trio.Cancelled:
            if place in self._queue:
                self._queue.remove(place)
            if place.leads:
                self._pass_on()
            raise
        place.called = trio.Event()

    async def _lead(self, leader: _Place[H]) -> None:
        """Takes the leader and the front of the queue through one batch."""
        batch = [leader, *(self._queue.popleft() for _ in range(min(MOST_TOGETHER - 1, len(self._queue))))]
        try:
            outcomes = await self._apply_all([place.piece for place in batch])
        except BaseException:
            self._queue.extendleft(reversed(batch[1:]))  # the leader was cancelled; the others are not concerned
            raise
        else:
            for place, outcome in zip(batch, outcomes, strict=True):
                place.outcome = outcome
                if outcome is not None:
                    place.called.set()
            self._queue.extendleft(place for place in reversed(batch) if place.outcome is None)
        finally:
            leader.leads = False
            self._pass_on()

    def _pass_on(self) -> None:
        if self._queue:
            next_leader = self._queue.popleft()
            next_leader.leads = True
            next_leader.called.set()
        else:
            self._batches -= 1
