"""What is to happen later: a table of times and actions, one per key.

The patterns put their retries, give-ups and lingering here instead of each holding a sleeping task. The table itself knows no clock:
the driver (`keep_time`) asks for the next time and runs what is due.
"""

from __future__ import annotations

import heapq
import itertools
import math
from collections.abc import Callable, Hashable
from typing import NoReturn

import trio

__all__ = ["Timetable", "keep_time"]


class Timetable:
    """Actions by key and due time (Trio's clock, in seconds). Setting a key again replaces what it had."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Hashable]] = []
        self._entries: dict[Hashable, tuple[int, Callable[[], None]]] = {}
        self._order = itertools.count()
        self._changed = trio.Event()

    def __len__(self) -> int:
        return len(self._entries)

    def set(self, key: Hashable, due: float, action: Callable[[], None]) -> None:
        """Runs `action` once at `due`, in place of what `key` had before."""
        order = next(self._order)
        self._entries[key] = (order, action)
        heapq.heappush(self._heap, (due, order, key))
        if self._heap[0][1] == order:
            self._changed.set()
        elif len(self._heap) > 2 * len(self._entries) + 1000:
            self._forget_dropped()

    def drop(self, key: Hashable) -> None:
        """Forgets `key`, if it is there."""
        self._entries.pop(key, None)

    def next_due(self) -> float:
        """When something is due next; infinity when nothing is."""
        while self._heap:
            due, order, key = self._heap[0]
            if (entry := self._entries.get(key)) is not None and entry[0] == order:
                return due
            heapq.heappop(self._heap)
        return math.inf

    def _forget_dropped(self) -> None:
        """Most deadlines are never met, and what was dropped stays in the heap until its time; here it goes before that."""
        self._heap = [item for item in self._heap if self._entries.get(item[2], (None,))[0] == item[1]]
        heapq.heapify(self._heap)

    def run_due(self, now: float) -> None:
        """Runs every action due at `now`, the earliest first."""
        while self.next_due() <= now:
            _, _, key = heapq.heappop(self._heap)
            _, action = self._entries.pop(key)
            action()

    async def changed(self) -> None:
        """Waits until something is due earlier than what was next before."""
        self._changed = trio.Event()
        await self._changed.wait()


async def keep_time(timetable: Timetable) -> NoReturn:
    """Runs the actions of `timetable` when they are due, until cancelled."""
    while True:
        with trio.move_on_at(timetable.next_due()):
            await timetable.changed()
        timetable.run_due(trio.current_time())
