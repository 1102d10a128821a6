"""Virtual time that waits for threads.

A `MockClock` that jumps when all tasks wait takes a task that waits for a thread for an idle one, and jumps to the next deadline: a
plain function behind a call would seem to take for ever. Here the clock stands still while one of the platform's threads works.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import trio
from trio.testing import MockClock

__all__ = ["steady_clock"]


@contextmanager
def steady_clock(busy: Callable[[], bool]) -> Iterator[None]:
    """Within the block the clock of this run does not jump while `busy`. Does nothing when it is a real one."""
    clock = trio.lowlevel.current_clock()
    if not isinstance(clock, MockClock):
        yield
        return
    steady = _Steady(clock, busy)
    trio.lowlevel.add_instrument(steady)
    try:
        yield
    finally:
        trio.lowlevel.remove_instrument(steady)
        steady.release()


class _Steady(trio.abc.Instrument):
    """Looks after each step of a task, because whatever starts or ends a thread is one."""

    def __init__(self, clock: MockClock, busy: Callable[[], bool]) -> None:
        self._clock = clock
        self._busy = busy
        self._threshold: float | None = None

    def after_task_step(self, task: trio.lowlevel.Task) -> None:
        if self._busy() is (self._threshold is not None):
            return
        if self._threshold is None:
            self._threshold = self._clock.autojump_threshold
            self._clock.autojump_threshold = math.inf
        else:
            self.release()

    def release(self) -> None:
        """Lets it jump again."""
        if self._threshold is not None:
            self._clock.autojump_threshold, self._threshold = self._threshold, None
