"""What Python does for a value where msgspec cannot go on, and for what holds such values.

A step makes one value of another. It may raise whatever it likes for one that does not fit: nobody tells people or peers about that
(`peek_trio.tuples.fast`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

__all__ = ["Step", "each", "each_member", "each_place", "skipping", "then", "unchanged"]

Step = Callable[[Any], Any]


def unchanged(value: Any) -> Any:
    """The step that need not be taken."""
    return value


def then(first: Step, second: Step) -> Step:
    """Two steps, one after the other."""
    return second if first is unchanged else lambda value: second(first(value))


def each(step: Step) -> Step:
    """The step for an array of such values."""
    return step if step is unchanged else lambda values: [step(value) for value in values]


def each_member(step: Step) -> Step:
    """The step for an object with such members."""
    return step if step is unchanged else lambda values: {key: step(value) for key, value in values.items()}


def each_place(steps: Sequence[Step]) -> Step:
    """The step for an array with a value of its own for each place."""
    return lambda values: tuple(step(value) for step, value in zip(steps, values, strict=True))


def skipping(absent: Any, step: Step) -> Step:
    """The step for a value that may be absent."""
    return step if step is unchanged else lambda value: value if value is absent else step(value)
