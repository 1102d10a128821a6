"""Threads for calls, shared fairly: whoever calls much waits for their own calls, not others for theirs.

`Turns` decides who may begin and knows neither tasks nor threads. `FairLimiter` is what `trio.to_thread.run_sync` asks for leave: one for a
service, and a share of it for each principal.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Hashable
from typing import Any, Generic, TypeVar, cast

import trio

from peek_trio.security import Principal

__all__ = ["FairLimiter", "Turns"]

W = TypeVar("W")


class Turns(Generic[W]):
    """`places` that may be taken at a time. Those who wait have their turn by party, round and round, and in order within a party."""

    def __init__(self, places: int) -> None:
        self._free = places
        self._taken: Counter[Hashable] = Counter()
        self._most: dict[Hashable, int] = {}
        self._waiting: dict[Hashable, deque[W]] = {}  # the party whose turn is next first

    @property
    def taken(self) -> int:
        """How many places are taken."""
        return self._taken.total()

    def take(self, party: Hashable, most: int) -> bool:
        """Takes a place for `party`, which may have `most` at a time. False when it has to wait."""
        if not self._free or self._taken[party] >= most:
            return False
        self._free -= 1
        self._taken[party] += 1
        return True

    def wait(self, party: Hashable, most: int, waiter: W) -> None:
        """`waiter` waits for a place, after those of its party who came before."""
        self._most[party] = most
        self._waiting.setdefault(party, deque()).append(waiter)

    def leave(self, party: Hashable, waiter: W) -> None:
        """`waiter` waits no longer."""
        self._waiting[party].remove(waiter)
        self._tidy(party)

    def give_back(self, party: Hashable) -> W | None:
        """Gives back a place of `party`. Returns the waiter who has it now, if one may."""
        self._free += 1
        self._taken[party] -= 1
        if not self._taken[party]:
            del self._taken[party]
        for next_party, waiters in self._waiting.items():
            if self.take(next_party, self._most[next_party]):
                waiter = waiters.popleft()
                self._waiting[next_party] = self._waiting.pop(next_party)  # to the end: its turn has been
                self._tidy(next_party)
                return waiter
        return None

    def _tidy(self, party: Hashable) -> None:
        if not self._waiting[party]:
            del self._waiting[party], self._most[party]


class FairLimiter:
    """At most `total` threads at a time, of which one person, or all who are not signed in together, may have half.

    A service may have all of them while nobody else waits: what it asks for, it asks for many.
    """

    def __init__(self, total: int) -> None:
        self._total = total
        self._turns: Turns[trio.lowlevel.Task] = Turns(total)

    @property
    def borrowed_tokens(self) -> int:
        """How many threads work just now."""
        return self._turns.taken

    def share(self, principal: Principal) -> trio.CapacityLimiter:
        """The limiter for a thread in the name of `principal`."""
        most = self._total if principal.kind == "service" else self._total // 2
        # What run_sync needs of a limiter are two methods; its annotation names the class.
        return cast(trio.CapacityLimiter, _Share(self._turns, (principal.kind, principal.name), most))


class _Share:
    __slots__ = ("_most", "_party", "_turns")

    def __init__(self, turns: Turns[trio.lowlevel.Task], party: Hashable, most: int) -> None:
        self._turns, self._party, self._most = turns, party, most

    async def acquire_on_behalf_of(self, _borrower: Any) -> None:
        await trio.lowlevel.checkpoint_if_cancelled()
        if self._turns.take(self._party, self._most):
            await trio.lowlevel.cancel_shielded_checkpoint()
            return
        task = trio.lowlevel.current_task()
        self._turns.wait(self._party, self._most, task)

        def give_up(_: object) -> trio.lowlevel.Abort:
            self._turns.leave(self._party, task)
            return trio.lowlevel.Abort.SUCCEEDED

        await trio.lowlevel.wait_task_rescheduled(give_up)

    def release_on_behalf_of(self, _borrower: Any) -> None:
        task = self._turns.give_back(self._party)
        if task is not None:
            trio.lowlevel.reschedule(task)
