"""Backoff with full jitter: the wait before a retry is anything between nothing and a bound that doubles with every failure.

The idea is from Marc Brooker's "Exponential Backoff And Jitter" (AWS Architecture Blog, 2015): who fails together must not return together.
"""

from __future__ import annotations

import random

__all__ = ["full_jitter"]


def full_jitter(failures: int, *, first: float, longest: float) -> float:
    """Seconds to wait after `failures` failures in a row (from 1). Never less than a tenth of the bound, so that it is a wait."""
    bound = min(longest, first * 2.0 ** min(failures - 1, 32))
    return random.uniform(bound / 10, bound)
