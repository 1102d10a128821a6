"""How often somebody may guess."""

import pytest

from peek_trio.security.authority import SignInRefused
from peek_trio.security.sign_in_limits import SignInLimits


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def wait_for(limits: SignInLimits, name: str = "ann") -> float | None:
    """How long the next attempt has to wait; None when it was let through and counted."""
    try:
        limits.attempt(name)
    except SignInRefused as refused:
        return refused.after
    return None


def test_five_failures_are_forgiven(clock: Clock) -> None:
    limits = SignInLimits(clock)
    assert [wait_for(limits) for _ in range(6)] == [None] * 5 + [1]


def test_the_wait_doubles_up_to_a_minute(clock: Clock) -> None:
    limits = SignInLimits(clock)
    waits = []
    for _ in range(5):
        limits.attempt("ann")
    for _ in range(9):
        wait = wait_for(limits)
        assert wait is not None
        waits.append(wait)
        clock.now += wait
        assert wait_for(limits) is None
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_the_refusal_says_how_long(clock: Clock) -> None:
    limits = SignInLimits(clock, free=1)
    limits.attempt("ann")
    with pytest.raises(SignInRefused, match=r"Too many failed attempts. Try again in 1 s"):
        limits.attempt("ann")


def test_success_wipes_the_slate(clock: Clock) -> None:
    limits = SignInLimits(clock)
    for _ in range(5):
        limits.attempt("ann")
    limits.succeeded("ann")
    assert wait_for(limits) is None


def test_time_wipes_the_slate(clock: Clock) -> None:
    limits = SignInLimits(clock)
    for _ in range(5):
        limits.attempt("ann")
    clock.now += 901
    assert [wait_for(limits) for _ in range(5)] == [None] * 5


def test_another_name_is_not_made_to_wait(clock: Clock) -> None:
    limits = SignInLimits(clock)
    for _ in range(5):
        limits.attempt("ann")
    assert wait_for(limits, "ben") is None


def test_the_table_of_names_is_bounded(clock: Clock) -> None:
    limits = SignInLimits(clock, names=100)
    for number in range(1000):
        limits.attempt(f"name {number}")
    assert len(limits._failures) == 100


def test_of_a_name_that_is_longer_than_any_only_the_beginning_is_kept(clock: Clock) -> None:
    limits = SignInLimits(clock, free=1)
    limits.attempt("x" * 60_000)
    assert wait_for(limits, "x" * 100) == 1
    limits.succeeded("x" * 60_000)
    assert wait_for(limits, "x" * 100) is None
