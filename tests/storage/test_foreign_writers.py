"""What other programs write is heard like a commit of ours, where a table asks for it."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Callable
from functools import partial
from subprocess import DEVNULL

import psycopg
import pytest
import sqlalchemy as sa
import trio
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from peek_trio.storage import Database, engine_url
from peek_trio.storage.foreign_writers import foreign_tables


class Base(DeclarativeBase):
    metadata = sa.MetaData(schema="pl_test")


class Meter(Base):
    __tablename__ = "Odd meter's"
    __table_args__ = {"info": {"foreign_writers": True}}  # noqa: RUF012
    id: Mapped[int] = mapped_column(primary_key=True)
    value: Mapped[int]


class Plain(Base):
    __tablename__ = "plain"
    id: Mapped[int] = mapped_column(primary_key=True)


METER, PLAIN = "pl_test.Odd meter's", "pl_test.plain"
TABLES = Base.metadata.tables.values()


class Ear:
    """What the change feed of a database tells, one announcement at a time."""

    def __init__(self, database: Database) -> None:
        self._send, self._receive = trio.open_memory_channel[frozenset[str]](100)
        database.changes.on_change({METER, PLAIN}, self._send.send_nowait)

    async def hears(self) -> frozenset[str]:
        with trio.fail_after(10):
            return await self._receive.receive()

    def heard(self) -> int:
        return self._receive.statistics().current_buffer_used


@pytest.fixture
async def listening(database: Database) -> AsyncIterator[Database]:
    def create(session: Session) -> None:
        session.execute(sa.text("create schema pl_test"))
        Base.metadata.create_all(session.connection())

    await database.run(create)
    await database.hear_foreign_writers("pl_test", TABLES)
    async with trio.open_nursery() as nursery:
        await nursery.start(database.listen)
        yield database
        nursery.cancel_scope.cancel()


@pytest.fixture
def ear(listening: Database) -> Ear:
    return Ear(listening)


@pytest.fixture
def program(listening: Database, database_url: str) -> Callable[[str], None]:
    """Another program, which knows nothing of ours."""
    options = engine_url(database_url).translate_connect_args(username="user", database="dbname")

    def execute(statements: str) -> None:
        with psycopg.connect(**options, **engine_url(database_url).query) as connection:  # type: ignore[arg-type]
            connection.execute(statements.encode())

    return execute


@pytest.mark.parametrize(
    "statement",
    [
        """insert into pl_test."Odd meter's" values (1, 1)""",
        """update pl_test."Odd meter's" set value = 2""",
        """delete from pl_test."Odd meter's" """,
        """truncate pl_test."Odd meter's" """,
    ],
)
async def test_every_kind_of_change_is_heard(ear: Ear, program: Callable[[str], None], statement: str) -> None:
    await trio.to_thread.run_sync(program, statement)
    assert await ear.hears() == {METER}


@pytest.mark.skipif(shutil.which("psql") is None, reason="psql is not installed here")
async def test_somebody_at_psql_is_heard(ear: Ear, database_url: str) -> None:
    url = engine_url(database_url)
    options = {**url.translate_connect_args(username="user", database="dbname"), **url.query}
    connection = " ".join(f"{name}='{value}'" for name, value in options.items())
    statement = """insert into pl_test."Odd meter's" values (1, 1)"""
    await trio.run_process(["psql", "-X", connection, "-c", statement], stdout=DEVNULL)
    assert await ear.hears() == {METER}


async def test_a_transaction_of_many_statements_is_heard_once(ear: Ear, program: Callable[[str], None]) -> None:
    many = ";".join(f"""insert into pl_test."Odd meter's" values ({number}, 1)""" for number in range(50))
    await trio.to_thread.run_sync(program, many)
    await ear.hears()
    await trio.to_thread.run_sync(program, """delete from pl_test."Odd meter's" """)
    await ear.hears()
    assert ear.heard() == 0


async def test_what_is_rolled_back_is_not_heard(ear: Ear, program: Callable[[str], None]) -> None:
    await trio.to_thread.run_sync(program, """insert into pl_test."Odd meter's" values (1, 1); rollback""")
    await trio.to_thread.run_sync(program, """insert into pl_test."Odd meter's" values (1, 1)""")
    await ear.hears()
    assert ear.heard() == 0


async def test_commits_of_ours_are_heard_once_and_not_by_the_trigger_too(
    ear: Ear, listening: Database, database_url: str
) -> None:
    other = Database(database_url)
    try:
        for database in (listening, other):
            await database.run(lambda session: session.add(Meter(value=1)))
            assert await ear.hears() == {METER}
        # What the trigger had said would have come before this.
        await other.run(lambda session: session.add(Plain()))
        assert await ear.hears() == {PLAIN}
    finally:
        await other.close()


async def test_a_table_that_does_not_ask_is_left_alone(ear: Ear, program: Callable[[str], None]) -> None:
    await trio.to_thread.run_sync(program, "insert into pl_test.plain values (1)")
    await trio.to_thread.run_sync(program, """insert into pl_test."Odd meter's" values (1, 1)""")
    assert await ear.hears() == {METER}


async def triggers(database: Database) -> list[str]:
    names = sa.text("select tgrelid::regclass::text from pg_trigger where tgname = 'peek_tell_of_change'")
    return await database.run(lambda session: list(session.scalars(names)), read_only=True)


async def test_the_trigger_goes_when_the_table_no_longer_asks_for_it(listening: Database) -> None:
    assert await triggers(listening) == ['pl_test."Odd meter\'s"']
    await listening.hear_foreign_writers("pl_test", [])
    assert await triggers(listening) == []
    await listening.hear_foreign_writers("pl_test", [])


async def test_two_servers_that_start_together_make_one_trigger(listening: Database, database_url: str) -> None:
    await listening.hear_foreign_writers("pl_test", [])
    databases = [Database(database_url) for _ in range(4)]
    async with trio.open_nursery() as nursery:
        for database in databases:
            nursery.start_soon(partial(database.hear_foreign_writers, "pl_test", TABLES))
    assert len(await triggers(listening)) == 1
    for database in databases:
        await database.close()


def test_only_the_tables_of_the_schema_itself_count() -> None:
    assert foreign_tables(TABLES, "pl_test") == {"Odd meter's"}
    assert foreign_tables(TABLES, "pl_other") == set()
