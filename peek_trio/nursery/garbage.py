"""How often Python looks for garbage: seldom, because a service with ten thousand devices holds millions of objects that are none.

A full collection looks at all of them while everything else stands still, for a second and more with so many devices, and by default
Python has one for every quarter more that there is. Nearly everything here is freed without it, by counting references.
"""

from __future__ import annotations

import gc

__all__ = ["SELDOM", "collect_seldom"]

SELDOM = (10_000, 20, 20)
"""Of the youngest objects so many more than before, then so many collections of each kind before one of the next older kind.

By default 700, 10 and 10. What is found later meanwhile takes some kilobytes for each device that has left.
"""


def collect_seldom() -> None:
    """Sets that for this process."""
    gc.set_threshold(*SELDOM)
