"""The ear of the change feed: what is committed while it has no connection is not missed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
import trio
from sqlalchemy.orm import Session

from peek_trio.errors import DatabaseUnavailable
from peek_trio.storage import Database, listener, open_engine
from peek_trio.storage.changes import CHANNEL, Announcement

TABLE = "pl_test.meter"
_LISTENERS = (
    "select pg_terminate_backend(pid) from pg_stat_activity where query like 'LISTEN%' and datname = current_database()"
)


@pytest.fixture
async def elsewhere(database_url: str) -> AsyncIterator[Database]:
    """The database as another process sees it."""
    database = Database(database_url)
    yield database
    await database.close()


def commit(session: Session) -> None:
    """Something that announces itself, as a commit of another process does."""
    payload = Announcement("another process", frozenset({TABLE})).to_payload()
    session.execute(sa.select(sa.func.pg_notify(CHANNEL, payload)))


async def test_what_is_committed_while_the_connection_is_lost_is_not_missed(
    nursery: trio.Nursery, database: Database, elsewhere: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect, lost, away = listener._connect, trio.Event(), True
    token = trio.lowlevel.current_trio_token()

    def perhaps(engine: sa.Engine) -> Any:
        if away:
            token.run_sync_soon(lost.set)
            raise DatabaseUnavailable("It is away.")
        return connect(engine)

    monkeypatch.setattr(listener, "backoff", lambda attempt: 0.001)
    heard = trio.Event()
    database.changes.on_change({TABLE}, lambda tables: heard.set())
    await nursery.start(database.listen)
    monkeypatch.setattr(listener, "_connect", perhaps)
    await elsewhere.run(lambda session: session.execute(sa.text(_LISTENERS)))
    with trio.fail_after(10):
        await lost.wait()
        await elsewhere.run(commit)
        assert not heard.is_set()
        away = False
        await heard.wait()


async def test_a_burst_of_commits_is_heard_without_losing_the_last(
    nursery: trio.Nursery, database: Database, elsewhere: Database
) -> None:
    told: list[frozenset[str]] = []
    done = trio.Event()
    database.changes.on_change({TABLE}, told.append)
    database.changes.on_change({"pl_test.last"}, lambda tables: done.set())
    await nursery.start(database.listen)
    for _ in range(50):
        await elsewhere.run(commit)
    payload = Announcement("another process", frozenset({"pl_test.last"})).to_payload()
    await elsewhere.run(lambda session: session.execute(sa.select(sa.func.pg_notify(CHANNEL, payload))))
    with trio.fail_after(10):
        await done.wait()
    assert told == [frozenset({TABLE})] * 50


def test_a_network_that_dies_without_a_word_is_noticed(database_url: str) -> None:
    engine = open_engine(database_url)
    with listener._connect(engine) as connection:
        parameters = connection.info.get_parameters()
    engine.dispose()
    assert (parameters["keepalives_idle"], parameters["tcp_user_timeout"]) == ("2", "5000")


def test_a_connection_that_cannot_listen_is_not_left_open(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Any] = []
    connect = psycopg.connect

    def remember(*arguments: Any, **options: Any) -> Any:
        made.append(connect(*arguments, **options))
        return made[-1]

    monkeypatch.setattr(psycopg, "connect", remember)
    monkeypatch.setattr(listener, "CHANNEL", "no channel at all")
    engine = open_engine(database_url)
    with pytest.raises(psycopg.Error):
        listener._connect(engine)
    engine.dispose()
    assert [connection.closed for connection in made] == [True]


@pytest.mark.parametrize("attempt", [1, 2, 10, 1000])
def test_it_never_waits_long(attempt: int) -> None:
    wait: Callable[[int], float] = listener.backoff
    assert all(0 <= wait(attempt) <= 4.0 for _ in range(50))
