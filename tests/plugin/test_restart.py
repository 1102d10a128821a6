"""A crashed plugin is started again, later each time, and at most five times in five minutes."""

from __future__ import annotations

from peek_trio.plugin.restart import RestartBudget


def longest_waits(budget: RestartBudget, *crashes: float) -> list[float | None]:
    return [budget.wait_after_crash(now) for now in crashes]


def test_the_wait_doubles() -> None:
    assert longest_waits(RestartBudget(draw=lambda: 1.0), 0, 1, 2, 3, 4) == [0.5, 1.0, 2.0, 4.0, 8.0]


def test_the_wait_has_a_ceiling() -> None:
    assert longest_waits(RestartBudget(draw=lambda: 1.0, longest=3.0), 0, 1, 2, 3) == [0.5, 1.0, 2.0, 3.0]


def test_the_wait_is_drawn_below_the_ceiling() -> None:
    assert RestartBudget(draw=lambda: 0.5).wait_after_crash(0) == 0.25


def test_the_sixth_crash_in_five_minutes_is_the_last() -> None:
    assert longest_waits(RestartBudget(), 0, 1, 2, 3, 4, 299)[-1] is None


def test_old_crashes_are_forgotten() -> None:
    budget = RestartBudget(draw=lambda: 1.0)
    longest_waits(budget, 0, 1, 2, 3, 4)

    assert budget.wait_after_crash(1000) == 0.5
