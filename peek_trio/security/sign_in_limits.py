"""How often somebody may guess: after a few failures for a name, the next attempt has to wait, twice as long each time.

An attempt counts as failed from its beginning until it has succeeded, so guesses made side by side are counted as well. The table of
names is bounded, and so is what it keeps of each; when it is full, whoever has waited longest to be forgotten is.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable

import attrs

from peek_trio.security.authority import SignInRefused

__all__ = ["SignInLimits"]

_LONGEST = 100
"""Characters of a name that are remembered. Nobody's name is as long, so two that begin alike are both nobody's."""


@attrs.define
class _Failures:
    count: int
    last: float


class SignInLimits:
    """Counts failures by name. `clock` gives seconds that never go back.

    `free` failures are forgiven; then the wait is 1, 2, 4 … up to `most` seconds, and `forget_after` seconds without a failure wipe
    the slate.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        *,
        free: int = 5,
        most: float = 60.0,
        forget_after: float = 900.0,
        names: int = 10_000,
    ) -> None:
        self._clock = clock
        self._free = free
        self._most = most
        self._forget_after = forget_after
        self._names = names
        self._failures: OrderedDict[str, _Failures] = OrderedDict()

    def attempt(self, name: str) -> None:
        """Counts an attempt to sign in as `name`. Raises SignInRefused, saying how long to wait, when it comes too early."""
        now, name = self._clock(), name[:_LONGEST]
        failures = self._failures.get(name)
        if failures is None or now - failures.last > self._forget_after:
            failures = _Failures(0, now)
        wait = failures.last + self._pause(failures.count) - now
        if wait > 0:
            seconds = math.ceil(wait)
            raise SignInRefused(f"Too many failed attempts. Try again in {seconds} s.", after=seconds)
        self._failures[name] = _Failures(failures.count + 1, now)
        self._failures.move_to_end(name)
        while len(self._failures) > self._names:
            self._failures.popitem(last=False)

    def succeeded(self, name: str) -> None:
        """Forgets the failures of `name`: it was they."""
        self._failures.pop(name[:_LONGEST], None)

    def _pause(self, failures: int) -> float:
        over = failures - self._free
        return 0.0 if over < 0 else min(self._most, 2.0 ** min(over, 32))
