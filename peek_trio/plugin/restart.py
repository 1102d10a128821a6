"""How often, and how soon, a crashed plugin is started again. A plain object: the host tells it the time."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable

import attrs

__all__ = ["RestartBudget"]


@attrs.define
class RestartBudget:
    """At most `most` restarts in `window` seconds; the ceiling of the wait doubles from `first` to `longest` seconds.

    The wait itself is drawn between nothing and the ceiling (full jitter), so that plugins which crashed together do not return
    together. A quiet window starts the doubling anew.
    """

    first: float = 0.5
    longest: float = 60.0
    most: int = 5
    window: float = 300.0
    draw: Callable[[], float] = random.random
    _crashes: deque[float] = attrs.field(factory=deque, init=False)

    def wait_after_crash(self, now: float) -> float | None:
        """How many seconds to wait before the next start after a crash at `now`, or None: no more."""
        while self._crashes and now - self._crashes[0] > self.window:
            self._crashes.popleft()
        self._crashes.append(now)
        if len(self._crashes) > self.most:
            return None
        return self.draw() * min(self.longest, self.first * 2.0 ** (len(self._crashes) - 1))
