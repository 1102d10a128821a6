"""When an alarm is raised and cleared: hysteresis in value and in time, over made-up samples."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import attrs
from hypothesis import given
from hypothesis import strategies as st
from peek_plugin_host_metrics._private.alarms import AlarmWatch, Change
from peek_plugin_host_metrics.tuples import Sample

START = datetime(2026, 1, 1, tzinfo=UTC)


@attrs.frozen
class Limits:
    id: int = 1
    metric: str = "cpu_percent"
    raise_at: float = 80.0
    clear_at: float = 70.0
    hold_seconds: int = 3


def samples(*values: float, after: int = 0) -> list[Sample]:
    """One sample a second with these processor shares."""
    return [
        Sample(START + timedelta(seconds=after + second), value, 10.0, 1.0, 2.0, 10.0, 1.0, 2.0, 0.0, 0.0, 0.0, 0.0)
        for second, value in enumerate(values)
    ]


def changes(*values: float, limits: Limits = Limits(), active: Sequence[int] = ()) -> list[tuple[bool, int]]:
    """What the watch does: (raised, in which second)."""
    found = AlarmWatch().observe("host", samples(*values), [limits], active)
    return [(change.raised, int((change.sample.at - START).total_seconds())) for change in found]


def test_an_alarm_is_raised_once_when_the_value_held_for_the_hold_time() -> None:
    assert changes(85, 85, 85, 85, 85, 85) == [(True, 3)]


def test_one_odd_sample_raises_nothing() -> None:
    assert changes(85, 85, 85, 60, 85, 85, 85, 60) == []


def test_a_value_between_the_limits_neither_raises_nor_clears() -> None:
    assert changes(75, 75, 75, 75, 75, 75) == []
    assert changes(75, 75, 75, 75, 75, 75, active=[1]) == []


def test_an_active_alarm_is_cleared_when_the_value_stayed_low() -> None:
    assert changes(65, 65, 65, 65, active=[1]) == [(False, 3)]


def test_raised_and_cleared_within_one_batch() -> None:
    assert changes(90, 90, 90, 90, 60, 60, 60, 60) == [(True, 3), (False, 7)]


def test_no_hold_time_means_at_once() -> None:
    assert changes(79.9, 80, limits=Limits(hold_seconds=0)) == [(True, 1)]


def test_a_threshold_on_an_unknown_metric_changes_nothing() -> None:
    assert changes(90, 90, 90, 90, limits=Limits(metric="mood")) == []


def test_machines_do_not_share_their_hold_time() -> None:
    watch, limits = AlarmWatch(), [Limits()]
    assert watch.observe("one", samples(90, 90), limits, []) == []
    assert watch.observe("two", samples(90, 90, after=2), limits, []) == []


@given(st.lists(st.floats(0, 100), max_size=60), st.integers(0, 5))
def test_raises_and_clears_alternate_however_the_value_moves(values: list[float], hold: int) -> None:
    found = changes(*values, limits=Limits(hold_seconds=hold))
    assert [raised for raised, _ in found] == [number % 2 == 0 for number in range(len(found))]


@given(st.lists(st.floats(0, 100), min_size=1, max_size=60), st.data())
def test_batches_of_any_size_give_the_same_changes(values: list[float], data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(values)))
    whole = samples(*values)
    watch, limits = AlarmWatch(), [Limits()]
    first = watch.observe("host", whole[:cut], limits, [])
    active = [1] if first and first[-1].raised else []
    halves: list[Change] = [*first, *watch.observe("host", whole[cut:], limits, active)]
    assert halves == AlarmWatch().observe("host", whole, limits, [])
