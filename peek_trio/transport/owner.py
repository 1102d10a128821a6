"""Who registered an endpoint, and what of it is running.

A plugin's endpoints vanish with its scope; what they are doing at that moment is cancelled and answered for. This is the little that
the patterns need to know of a scope to do that.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import trio

__all__ = ["Owner", "removal"]

K = TypeVar("K")
V = TypeVar("V")


class Owner:
    """The scope behind an endpoint, seen from the patterns."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.closed = False
        self.running: set[trio.CancelScope] = set()

    def close(self) -> None:
        """Cancels whatever runs on behalf of this owner."""
        self.closed = True
        for scope in list(self.running):
            scope.cancel()


def removal(table: dict[K, V], key: K, value: V) -> Callable[[], None]:
    """What takes `value` out of `table` again, unless somebody else has taken its place."""

    def remove() -> None:
        if table.get(key) is value:
            del table[key]

    return remove
