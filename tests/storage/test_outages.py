"""PostgreSQL dies, hangs, or the network swallows everything: callers get a retryable error, and the same pool works again afterwards."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import sqlalchemy as sa
import trio
from sqlalchemy.orm import Session

from peek_trio.config import DatabaseConfig
from peek_trio.errors import DatabaseUnavailable
from peek_trio.nursery.server_database import server_database
from peek_trio.storage import Database, engine_url
from peek_trio.storage.embedded.leftover import postmaster_of
from tests.storage.black_hole import Wire, may_swallow


def one(session: Session) -> object:
    return session.scalar(sa.text("select 1"))


def sleep(session: Session) -> None:
    session.execute(sa.text("select pg_sleep(60)"))


async def fill_the_pool(database: Database) -> None:
    """Has every connection of the pool made."""
    async with trio.open_nursery() as nursery:
        for _ in range(8):
            nursery.start_soon(
                lambda: database.run(lambda session: session.execute(sa.text("select pg_sleep(0.05)")), read_only=True)
            )


async def until_it_works(database: Database) -> float:
    """Asks again and again, as devices do; returns how many seconds it took."""
    began = trio.current_time()
    while True:
        with suppress(DatabaseUnavailable):
            await database.run(one, read_only=True)
            return trio.current_time() - began
        await trio.sleep(0.05)


@pytest.mark.timeout(120)
async def test_a_database_killed_and_back_is_used_again_within_five_seconds_of_its_return(open_home: Path) -> None:
    async with server_database(DatabaseConfig(), open_home) as database:
        await fill_the_pool(database)
        outcomes: list[type[BaseException] | None] = []

        async def caller() -> None:
            try:
                await database.run(sleep)
            except DatabaseUnavailable as error:
                outcomes.append(type(error))

        async with trio.open_nursery() as nursery:
            for _ in range(4):
                nursery.start_soon(caller)
            while database.units_running < 4:
                await trio.lowlevel.checkpoint()
            killed = postmaster_of(open_home / "postgres")
            assert killed is not None
            os.kill(killed, signal.SIGKILL)
        assert outcomes == [DatabaseUnavailable] * 4
        with trio.fail_after(60):
            while (now := postmaster_of(open_home / "postgres")) in (None, killed):  # noqa: ASYNC110 (a process announces nothing)
                await trio.sleep(0.02)
        assert now != killed
        assert await until_it_works(database) < 5
        await fill_the_pool(database)


async def test_a_crash_of_one_backend_which_takes_all_along_is_survived(database: Database) -> None:
    """PostgreSQL ends every connection when one process of it crashes; here they are ended as it ends them."""
    await fill_the_pool(database)
    end = sa.text(
        "select pg_terminate_backend(pid, 5000) from pg_stat_activity"
        " where pid <> pg_backend_pid() and datname = current_database()"
    )
    await database.run(lambda session: session.execute(end), read_only=True)
    await fill_the_pool(database)


@pytest.fixture
def wire(database_url: str) -> Iterator[Wire]:
    if not may_swallow():
        pytest.skip(
            "this account may not attach a socket filter here, by which the network is made to swallow everything"
        )
    wire = Wire(f"{engine_url(database_url).query['host']}/.s.PGSQL.5432")
    yield wire
    wire.close()


@pytest.fixture
async def remote(database_url: str, wire: Wire) -> AsyncIterator[Database]:
    """The database as another machine has it: over TCP."""
    url = engine_url(database_url).set(host="127.0.0.1", port=wire.port, query={})
    database = Database(url.render_as_string(hide_password=False), pool_size=4)
    yield database
    await database.close()


@pytest.mark.timeout(120)
async def test_a_network_that_swallows_everything_is_noticed_and_the_pool_heals_when_it_returns(
    remote: Database, wire: Wire
) -> None:
    await remote.run(one)
    wire.swallow()
    with trio.fail_after(30), pytest.raises(DatabaseUnavailable):
        await remote.run(one)
    wire.mend()
    with trio.fail_after(30):
        assert await until_it_works(remote) < 5


@pytest.mark.timeout(120)
async def test_a_statement_under_way_when_the_network_goes_ends_too(remote: Database, wire: Wire) -> None:
    async with trio.open_nursery() as nursery:

        async def caller() -> None:
            with pytest.raises(DatabaseUnavailable):
                await remote.run(sleep)

        nursery.start_soon(caller)
        while not await remote.run(asleep, read_only=True):
            await trio.lowlevel.checkpoint()
        wire.swallow()
        nursery.cancel_scope.deadline = trio.current_time() + 40
    assert not nursery.cancel_scope.cancelled_caught


def asleep(session: Session) -> bool:
    return bool(session.scalar(sa.text("select count(*) from pg_stat_activity where wait_event = 'PgSleep'")))


@pytest.mark.timeout(120)
async def test_a_cancellation_does_not_wait_for_a_network_that_is_gone(remote: Database, wire: Wire) -> None:
    with trio.fail_after(40):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(remote.run, sleep)
            while not await remote.run(asleep, read_only=True):
                await trio.lowlevel.checkpoint()
            wire.swallow()
            began = trio.current_time()
            nursery.cancel_scope.cancel()
        assert trio.current_time() - began < 15
        assert remote.units_running == 0
