"""Units of work: committed or not, cancelled, refused, announced."""

import contextlib
import logging
import threading
from collections.abc import AsyncIterator, Callable, Iterator

import pytest
import sqlalchemy as sa
import trio
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from peek_trio.errors import DatabaseUnavailable, StorageError
from peek_trio.storage import EVERYTHING, Database, touch
from peek_trio.storage.changes import CHANNEL, Announcement


class Base(DeclarativeBase):
    metadata = sa.MetaData(schema="pl_test")


class Meter(Base):
    __tablename__ = "meter"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


class Note(Base):
    __tablename__ = "note"
    __table_args__ = {"info": {"announce": False}}  # noqa: RUF012
    id: Mapped[int] = mapped_column(primary_key=True)


def count(session: Session) -> int:
    return session.scalar(sa.select(sa.func.count()).select_from(Meter)) or 0


def sleep(session: Session) -> None:
    session.execute(sa.text("select pg_sleep(30)"))


def backends_asleep(session: Session) -> int:
    return session.scalar(sa.text("select count(*) from pg_stat_activity where wait_event = 'PgSleep'")) or 0


@pytest.fixture
async def meters(database: Database) -> Database:
    def create(session: Session) -> None:
        session.execute(sa.text("create schema pl_test"))
        Base.metadata.create_all(session.connection())

    await database.run(create)
    return database


@pytest.fixture
async def elsewhere(meters: Database, database_url: str) -> AsyncIterator[Database]:
    """The same database, opened by another process."""
    other = Database(database_url)
    yield other
    await other.close()


@pytest.fixture
def commits(meters: Database) -> Iterator[list[frozenset[str]]]:
    told: list[frozenset[str]] = []
    remove = meters.changes.on_change({"pl_test.meter"}, told.append)
    yield told
    remove()


async def test_what_the_work_does_is_committed(meters: Database) -> None:
    await meters.run(lambda session: session.add(Meter(id=1, name="a")))
    assert await meters.run(count) == 1


async def test_objects_stay_usable_after_the_commit(meters: Database) -> None:
    def add(session: Session) -> Meter:
        meter = Meter(id=1, name="a")
        session.add(meter)
        return meter

    assert (await meters.run(add)).name == "a"


async def test_an_exception_undoes_everything(meters: Database) -> None:
    def fail(session: Session) -> None:
        session.add(Meter(id=1, name="a"))
        session.flush()
        raise ValueError("changed my mind")

    with pytest.raises(ValueError, match="changed my mind"):
        await meters.run(fail)
    assert await meters.run(count) == 0


async def test_a_broken_constraint_is_sqlalchemys_own_error(meters: Database) -> None:
    with pytest.raises(IntegrityError):
        await meters.run(lambda session: session.add_all([Meter(id=1, name="a"), Meter(id=1, name="b")]))


async def test_a_read_only_unit_cannot_write(meters: Database) -> None:
    with pytest.raises(DBAPIError, match="read-only transaction"):
        await meters.run(lambda session: session.execute(sa.insert(Meter).values(id=1, name="a")), read_only=True)
    assert await meters.run(count, read_only=True) == 0
    await meters.run(lambda session: session.add(Meter(id=1, name="a")))


async def test_units_of_work_run_side_by_side_up_to_the_size_of_the_pool(database_url: str) -> None:
    small = Database(database_url, pool_size=2)
    backends: set[int] = set()

    async def one() -> None:
        backends.add(
            await small.run(lambda session: session.scalar(sa.text("select pg_backend_pid() from pg_sleep(0.01)")))
        )

    async with trio.open_nursery() as nursery:
        for _ in range(10):
            nursery.start_soon(one)
    await small.close()
    assert len(backends) == 2


async def test_a_unit_of_work_hops_to_a_thread_once_however_many_statements_it_has(
    meters: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[str | None] = []
    start = trio.lowlevel.start_thread_soon

    def count_threads(fn: Callable[[], object], deliver: Callable[..., object], name: str | None = None) -> None:
        started.append(name)
        start(fn, deliver, name)

    def work(session: Session) -> set[int]:
        threads = set()
        for number in range(10):
            session.add(Meter(id=number, name="a"))
            session.flush()
            threads.add(threading.get_ident())
        return threads

    monkeypatch.setattr("trio.lowlevel.start_thread_soon", count_threads)
    threads = await meters.run(work)
    assert len(threads) == 1
    assert threading.get_ident() not in threads
    assert started == ["database"]


async def test_a_hundred_cancelled_units_leave_a_clean_pool(database_url: str) -> None:
    database = Database(database_url, pool_size=4)
    for number in range(25):
        with trio.move_on_after(0.004 * number):
            async with trio.open_nursery() as nursery:
                for _ in range(4):
                    nursery.start_soon(database.run, sleep)
    assert database.units_running == 0
    assert (await database.health()).running == 0
    transactions = sa.text(
        "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and state <> 'idle'"
    )
    assert await database.run(lambda session: session.scalar(transactions), read_only=True) == 0
    async with trio.open_nursery() as nursery:
        for _ in range(8):
            nursery.start_soon(database.run, lambda session: session.execute(sa.text("select 1")))
    await database.close()


async def test_work_that_went_on_after_a_failed_statement_is_an_error_and_not_a_silent_loss(meters: Database) -> None:
    def careless(session: Session) -> None:
        session.execute(sa.insert(Meter).values(id=1, name="a"))
        with contextlib.suppress(DBAPIError):
            session.execute(sa.text("select 1 / 0"))

    with pytest.raises(StorageError, match="nothing was stored, because a statement had failed"):
        await meters.run(careless)
    assert await meters.run(count) == 0


async def test_what_may_fail_within_a_savepoint_does_not_spoil_the_rest(meters: Database) -> None:
    def careful(session: Session) -> None:
        session.execute(sa.insert(Meter).values(id=1, name="a"))
        with contextlib.suppress(DBAPIError), session.begin_nested():
            session.execute(sa.text("select 1 / 0"))

    await meters.run(careful)
    assert await meters.run(count) == 1


async def test_a_constraint_that_is_checked_at_the_commit_is_an_integrity_error(meters: Database) -> None:
    def twice(session: Session) -> None:
        session.execute(sa.text("alter table pl_test.meter add unique (name) deferrable initially deferred"))
        session.add_all([Meter(id=1, name="a"), Meter(id=2, name="a")])

    with pytest.raises(IntegrityError):
        await meters.run(twice)
    assert await meters.run(count) == 0


async def test_cancelling_stops_the_statement_in_the_server(meters: Database) -> None:
    with trio.fail_after(10):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(meters.run, sleep)
            while not await meters.run(backends_asleep, read_only=True):
                await trio.lowlevel.checkpoint()
            nursery.cancel_scope.cancel()
        assert await meters.run(backends_asleep, read_only=True) == 0


async def test_cancelling_between_statements_commits_nothing(meters: Database) -> None:
    written, go_on = trio.Event(), trio.Event()
    token = trio.lowlevel.current_trio_token()

    def work(session: Session) -> None:
        session.execute(sa.insert(Meter).values(id=1, name="a"))
        trio.from_thread.run_sync(written.set, trio_token=token)
        trio.from_thread.run(go_on.wait, trio_token=token)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(meters.run, work)
        await written.wait()
        nursery.cancel_scope.cancel()
        with trio.CancelScope(shield=True):
            await trio.testing.wait_all_tasks_blocked()
            go_on.set()
    assert await meters.run(count) == 0


async def test_the_connection_of_a_cancelled_unit_is_clean_for_the_next(database_url: str) -> None:
    single = Database(database_url, pool_size=1)
    for _ in range(5):
        with trio.move_on_after(0.02):
            await single.run(sleep)
        assert await single.run(lambda session: session.scalar(sa.text("select 1"))) == 1
    await single.close()


async def test_that_a_database_is_unreachable_is_for_everybody_and_where_it_is_for_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    nowhere = Database("postgresql://ann:s3cret@127.0.0.1:1/peek")
    with pytest.raises(DatabaseUnavailable) as caught:
        await nowhere.run(count)
    assert str(caught.value) == "The database is not reachable: Connection refused."
    with trio.fail_after(10):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(nowhere.ready)
            while "Trying again in" not in caplog.text:  # noqa: ASYNC110 (a log line announces nothing)
                await trio.sleep(0.01)
            nursery.cancel_scope.cancel()
    assert "ann:***@127.0.0.1:1/peek" in caplog.text
    assert "s3cret" not in caplog.text
    await nowhere.close()


async def test_what_a_statement_was_given_stays_out_of_its_error(database: Database) -> None:
    with pytest.raises(sa.exc.DBAPIError) as caught:
        await database.run(lambda session: session.execute(sa.text("select :secret || 1 / 0"), {"secret": "s3cret"}))
    assert "s3cret" not in str(caught.value)


async def test_a_connection_lost_within_a_unit_is_unavailable_and_the_next_unit_works(meters: Database) -> None:
    def suicide(session: Session) -> None:
        session.execute(sa.text("select pg_terminate_backend(pg_backend_pid())"))

    with pytest.raises(DatabaseUnavailable):
        await meters.run(suicide)
    assert await meters.run(count) == 0


async def test_connections_lost_between_units_go_unnoticed(meters: Database, elsewhere: Database) -> None:
    await meters.run(count)
    # The 5 s: without them it returns before the others have ended, and they may still answer something.
    end_others = sa.text(
        "select pg_terminate_backend(pid, 5000) from pg_stat_activity"
        " where pid <> pg_backend_pid() and datname = current_database()"
    )
    await elsewhere.run(lambda session: session.execute(end_others))
    assert await meters.run(count) == 0


async def test_ready_waits_until_the_database_answers(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    database = Database(empty_database_url)
    attempts = []
    run = database.run

    async def unreachable_at_first(*args: object, **options: object) -> object:
        attempts.append(None)
        if len(attempts) < 3:
            raise DatabaseUnavailable("The database is not reachable: it is being repaired.")
        return await run(*args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(database, "run", unreachable_at_first)
    monkeypatch.setattr("peek_trio.storage.database.backoff", lambda attempt: 0.001)
    with caplog.at_level(logging.INFO):
        await database.ready()
    await database.close()
    assert caplog.text.count("it is being repaired. Trying again in") == 2
    assert "reachable now" in caplog.text


async def test_an_orm_flush_announces_its_tables(meters: Database, commits: list[frozenset[str]]) -> None:
    await meters.run(lambda session: session.add(Meter(id=1, name="a")))
    assert commits == [frozenset({"pl_test.meter"})]


@pytest.mark.parametrize(
    "statement",
    [
        sa.insert(Meter).values(id=2, name="b"),
        sa.update(Meter).values(name="b"),
        sa.delete(Meter),
        sa.insert(Meter.__table__).values(id=2, name="b"),
    ],
    ids=["insert", "update", "delete", "core insert"],
)
async def test_a_bulk_statement_announces_its_table(
    meters: Database, commits: list[frozenset[str]], statement: sa.Executable
) -> None:
    await meters.run(lambda session: session.execute(statement))
    assert commits == [frozenset({"pl_test.meter"})]


async def test_textual_sql_announces_what_it_says_it_touches(meters: Database, commits: list[frozenset[str]]) -> None:
    def write(session: Session) -> None:
        session.execute(sa.text("insert into pl_test.meter values (1, 'a')"))
        touch(session, Meter)

    await meters.run(write)
    assert commits == [frozenset({"pl_test.meter"})]


async def test_reading_and_rolling_back_announce_nothing(meters: Database, commits: list[frozenset[str]]) -> None:
    def fail(session: Session) -> None:
        session.add(Meter(id=1, name="a"))
        session.flush()
        raise ValueError

    await meters.run(count)
    with pytest.raises(ValueError):
        await meters.run(fail)
    assert commits == []


async def test_a_table_may_opt_out_of_announcements(meters: Database) -> None:
    told: list[frozenset[str]] = []
    meters.changes.on_change({"pl_test.note"}, told.append)
    await meters.run(lambda session: session.add(Note(id=1)))
    assert told == []


async def test_a_commit_of_another_process_is_heard(
    nursery: trio.Nursery, meters: Database, elsewhere: Database
) -> None:
    heard = trio.Event()
    meters.changes.on_change({"pl_test.meter"}, lambda tables: heard.set())
    await nursery.start(meters.listen)
    await elsewhere.run(lambda session: session.add(Meter(id=1, name="a")))
    with trio.fail_after(5):
        await heard.wait()


async def test_ones_own_commit_is_told_once(
    nursery: trio.Nursery, meters: Database, elsewhere: Database, commits: list[frozenset[str]]
) -> None:
    heard = trio.Event()
    meters.changes.on_change({"pl_test.note"}, lambda tables: heard.set())
    await nursery.start(meters.listen)
    await meters.run(lambda session: session.add(Meter(id=1, name="a")))
    # Announcements arrive in the order of their commits, so this one tells that the first has been seen.
    payload = Announcement("somebody", frozenset({"pl_test.note"})).to_payload()
    await elsewhere.run(lambda session: session.execute(sa.select(sa.func.pg_notify(CHANNEL, payload))))
    with trio.fail_after(5):
        await heard.wait()
    assert commits == [frozenset({"pl_test.meter"})]


async def test_a_listener_that_lost_its_connection_reconnects_and_tells_everybody(
    nursery: trio.Nursery, meters: Database, elsewhere: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("peek_trio.storage.listener.backoff", lambda attempt: 0.001)
    told, heard = [], trio.Event()

    def note(tables: frozenset[str]) -> None:
        told.append(tables)
        heard.set()

    meters.changes.on_change({"pl_test.meter"}, note)
    await nursery.start(meters.listen)
    await elsewhere.run(
        lambda session: session.execute(
            sa.text(
                "select pg_terminate_backend(pid) from pg_stat_activity where query like 'LISTEN%' and datname = current_database()"
            )
        )
    )
    with trio.fail_after(5):
        await heard.wait()
        assert told == [frozenset({"pl_test.meter"})]
        heard = trio.Event()
        await elsewhere.run(lambda session: session.add(Meter(id=1, name="a")))
        await heard.wait()


async def test_a_subscriber_to_everything_missed_is_told_of_its_own_tables(meters: Database) -> None:
    told: list[frozenset[str]] = []
    meters.changes.on_change({"pl_test.meter"}, told.append)
    meters.changes.announce(EVERYTHING)
    assert told == [frozenset({"pl_test.meter"})]


async def test_the_worker_url_connects(database: Database) -> None:
    again = Database(database.worker_url)
    assert await again.run(lambda session: session.scalar(sa.text("select 1"))) == 1
    await again.close()
