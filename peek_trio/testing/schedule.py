"""Runs that can be repeated: with a seed, Trio runs the tasks that are ready in an order that the seed decides.

Trio shuffles them, so that nobody relies on an order, and has a switch for Hypothesis that makes it shuffle the same way each time. The
switch and the random numbers behind it are private to Trio; they are touched here and nowhere else, and `is_available` says whether
they still are where they were. On `MockClock`, and without threads, the same seed makes the same run.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager

import trio._core._run as trio_run

__all__ = ["is_available", "seeded"]

_SWITCH = "_ALLOW_DETERMINISTIC_SCHEDULING"
_NUMBERS = "_r"


def is_available() -> bool:
    """Whether this version of Trio can be told how to schedule."""
    return isinstance(getattr(trio_run, _SWITCH, None), bool) and isinstance(
        getattr(trio_run, _NUMBERS, None), random.Random
    )


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Within the block the order of tasks, and the module `random`, follow `seed`. Afterwards both are as they were.

        with seeded(7):
            trio.run(main, clock=MockClock(autojump_threshold=0))

    It may be entered inside a run as well, and then holds from there on. Where Trio does not offer it, only `random` is seeded.
    """
    drawn = random.getstate()
    random.seed(seed)
    try:
        if is_available():
            with _scheduled(seed):
                yield
        else:
            yield
    finally:
        random.setstate(drawn)


@contextmanager
def _scheduled(seed: int) -> Iterator[None]:
    numbers: random.Random = getattr(trio_run, _NUMBERS)
    switched, state = getattr(trio_run, _SWITCH), numbers.getstate()
    setattr(trio_run, _SWITCH, True)
    numbers.seed(seed)
    try:
        yield
    finally:
        setattr(trio_run, _SWITCH, switched)
        numbers.setstate(state)
