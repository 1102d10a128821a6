"""For log lines that a stranger could cause any number of times: told once in a while, with how often it happened meanwhile."""

from __future__ import annotations

import math

__all__ = ["SELDOM", "Seldom"]

SELDOM = 10.0
"""Seconds between two lines about the same thing."""


class Seldom:
    """Counts what happens, and says when it is time to tell."""

    def __init__(self, interval: float = SELDOM) -> None:
        self._interval = interval
        self._told_at = -math.inf
        self._untold = 0

    def happened(self, now: float, times: int = 1) -> int:
        """How often it has happened since it was told last, when it is to be told now; else 0. `now` in seconds of any one clock."""
        self._untold += times
        if now - self._told_at < self._interval:
            return 0
        self._told_at = now
        untold, self._untold = self._untold, 0
        return untold
