"""Things that are to happen later."""

from __future__ import annotations

import math

import trio
import trio.testing
from trio.testing import MockClock

from peek_trio.transport.timetable import Timetable, keep_time


def test_what_is_due_runs_in_order() -> None:
    table, done = Timetable(), []
    for due in (3, 1, 2, 5):
        table.set(due, due, lambda due=due: done.append(due))  # type: ignore[misc]
    table.run_due(3)
    assert done == [1, 2, 3]
    assert table.next_due() == 5
    table.run_due(5)
    assert table.next_due() == math.inf


def test_setting_a_key_again_replaces_it() -> None:
    table, done = Timetable(), []
    table.set("key", 1, lambda: done.append("old"))
    table.set("key", 2, lambda: done.append("new"))
    table.run_due(1)
    assert done == []
    table.run_due(2)
    assert done == ["new"]


def test_what_was_dropped_does_not_run() -> None:
    table, done = Timetable(), []
    table.set("key", 1, lambda: done.append("key"))
    table.drop("key")
    table.drop("never there")
    assert table.next_due() == math.inf
    table.run_due(9)
    assert done == []


def test_what_was_dropped_does_not_pile_up() -> None:
    table = Timetable()
    for number in range(10_000):
        table.set(number, 30, print)
        table.drop(number)
    assert len(table._heap) <= 1001


def test_an_action_may_set_its_key_again() -> None:
    table, done = Timetable(), []

    def again() -> None:
        done.append(len(done))
        if len(done) < 3:
            table.set("key", len(done) + 1, again)

    table.set("key", 1, again)
    table.run_due(10)
    assert done == [0, 1, 2]


async def test_time_is_kept_also_when_something_earlier_comes(autojump_clock: MockClock) -> None:
    table, done = Timetable(), []
    async with trio.open_nursery() as nursery:
        nursery.start_soon(keep_time, table)
        await trio.testing.wait_all_tasks_blocked()
        start = trio.current_time()
        table.set("late", start + 10, lambda: done.append(trio.current_time() - start))
        table.set("early", start + 1, lambda: done.append(trio.current_time() - start))
        await trio.sleep(20)
        nursery.cancel_scope.cancel()
    assert done == [1, 10]
