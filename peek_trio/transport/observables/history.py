"""How a state came about: the last few deltas that led to it, for receivers that still have a state from before.

A history belongs to one state and is bounded by it: whatever chain of deltas it gives is smaller than the state itself.
"""

from __future__ import annotations

import attrs

from peek_trio.transport.observables.body import Body

__all__ = ["MOST_DELTAS", "NO_HISTORY", "History", "Step"]

MOST_DELTAS = 16
"""Deltas that a state remembers. Who was away for longer is sent the state."""

COST_OF_FRAME = 48
COST_OF_DELTA = 16
"""Bytes of a header that a frame of deltas has more than one of a state, and that each delta adds."""


@attrs.frozen
class Step:
    """The way from the state with the digest `base` to the next: `deltas` that are applied one after the other."""

    base: str
    deltas: tuple[Body, ...]

    @property
    def size(self) -> int:
        """Bytes that the deltas have together."""
        return sum(len(delta.data) for delta in self.deltas)


@attrs.frozen
class History:
    """The last steps to a state, the latest last; each begins where the one before it ended."""

    steps: tuple[Step, ...] = ()

    def then(self, step: Step, size: int) -> History:
        """The history of the state that `step` leads to, whose body has `size` bytes: as many of the last steps as it has room for."""
        steps = (*self.steps, step)
        room, count = size - COST_OF_FRAME, 0
        for start in range(len(steps) - 1, -1, -1):
            count += len(steps[start].deltas)
            room -= steps[start].size + len(steps[start].deltas) * COST_OF_DELTA
            if room <= 0 or count > MOST_DELTAS:
                return History(steps[start + 1 :])
        return History(steps)

    def since(self, base: str) -> tuple[Body, ...]:
        """The deltas that lead here from the state with the digest `base`; none when they are not known."""
        for start in range(len(self.steps) - 1, -1, -1):
            if self.steps[start].base == base:
                return tuple(delta for step in self.steps[start:] for delta in step.deltas)
        return ()

    @property
    def size(self) -> int:
        """Bytes that the deltas have together."""
        return sum(step.size for step in self.steps)


NO_HISTORY = History()
