"""database_watch: how the database is, for administrators and for the log."""

from datetime import UTC, datetime, timedelta

import pytest
import trio

from peek_trio.nursery.database_watch import EVERY, DatabaseWatch
from peek_trio.storage import Database, Health

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
WELL = Health("ok", "", 0.001, connections=8, running=0, waiting=0)
FULL = Health("full", "Its disk is full.", 0.001, connections=8, running=1, waiting=0)


class FakeDatabase:
    """Says how it is, from a list; then it stays as it was last."""

    def __init__(self, *looks: Health) -> None:
        self._looks = list(looks)
        self.looks: list[float] = []

    async def health(self) -> Health:
        self.looks.append(trio.current_time())
        await trio.lowlevel.checkpoint()
        return self._looks.pop(0) if len(self._looks) > 1 else self._looks[0]


class Watched:
    def __init__(self, *looks: Health) -> None:
        self.time = NOON
        self.changes = 0
        self.database = FakeDatabase(*looks)
        self.watch = DatabaseWatch(self.database, self._changed, now=lambda: self.time)  # type: ignore[arg-type]

    def _changed(self) -> None:
        self.changes += 1


def test_before_the_first_look_there_is_nothing_to_say() -> None:
    assert Watched(WELL).watch.rows() == []


def test_a_change_is_shown_with_its_time_and_told_to_the_log(caplog: pytest.LogCaptureFixture) -> None:
    watched = Watched(WELL)
    watched.watch.saw(WELL)
    watched.time += timedelta(minutes=1)
    watched.watch.saw(FULL)
    watched.time += timedelta(minutes=1)
    watched.watch.saw(FULL)
    (row,) = watched.watch.rows()
    assert (row.state, row.why, row.since) == ("full", "Its disk is full.", NOON + timedelta(minutes=1))
    assert watched.changes == 2
    assert caplog.messages == ["The database is full: Its disk is full."]
    watched.watch.saw(WELL)
    assert caplog.messages[1:] == ["The database is well again."]


def test_a_database_that_was_always_well_is_no_news(caplog: pytest.LogCaptureFixture) -> None:
    watched = Watched(WELL)
    watched.watch.saw(WELL)
    assert not caplog.messages


async def test_it_looks_again_and_again(autojump_clock: trio.testing.MockClock) -> None:
    watched = Watched(WELL)
    with trio.move_on_after(3 * EVERY + 1):
        await watched.watch.run()
    assert len(watched.database.looks) == 4
    assert watched.changes == 1


async def test_a_real_database_that_is_well_is_said_to_be(database: Database, nursery: trio.Nursery) -> None:
    seen = trio.Event()
    watch = DatabaseWatch(database, seen.set)
    await nursery.start(watch.run)
    with trio.fail_after(10):
        await seen.wait()
    (row,) = watch.rows()
    assert (row.state, row.why, row.connections) == ("ok", "", 8)
