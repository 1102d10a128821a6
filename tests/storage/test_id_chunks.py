"""Ids fetched in chunks, before the rows exist."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
import trio
from sqlalchemy import event
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from peek_trio.errors import StorageError
from peek_trio.storage import Database, IdChunks


class Base(DeclarativeBase):
    metadata = sa.MetaData(schema="pl_ids")


class Meter(Base):
    __tablename__ = 'meter "quoted"'
    id: Mapped[int] = mapped_column(primary_key=True)


class Always(Base):
    __tablename__ = "always"
    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(start=100), primary_key=True)


class Named(Base):
    __tablename__ = "named"
    id: Mapped[int] = mapped_column(sa.Sequence("numbers", schema="pl_ids"), primary_key=True)


class Worded(Base):
    __tablename__ = "worded"
    id: Mapped[str] = mapped_column(primary_key=True)


class Pair(Base):
    __tablename__ = "pair"
    one: Mapped[int] = mapped_column(primary_key=True)
    other: Mapped[int] = mapped_column(primary_key=True)


class Given(Base):
    __tablename__ = "given"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)


@pytest.fixture
async def tables(database: Database) -> Database:
    def create(session: Session) -> None:
        session.execute(sa.text("create schema pl_ids"))
        Base.metadata.create_all(session.connection())

    await database.run(create)
    return database


@pytest.mark.parametrize("cls", [Meter, Meter.__table__, Always, Named], ids=["serial", "table", "identity", "named"])
async def test_ids_come_from_the_tables_own_sequence(tables: Database, cls: type) -> None:
    chunks = IdChunks(cls, size=10)
    ids = await tables.run(lambda session: chunks.take(session, 3))
    first = 100 if cls is Always else 1
    assert ids == [first, first + 1, first + 2]


async def test_the_database_is_asked_once_in_a_chunk(tables: Database) -> None:
    chunks, asked = IdChunks(Meter, size=100), []
    event.listen(tables._engine, "before_cursor_execute", lambda *args: asked.append(args[2]))

    def take_many(session: Session) -> list[int]:
        return [id for _ in range(20) for id in chunks.take(session, 5)]

    assert await tables.run(take_many) == list(range(1, 101))
    assert len([statement for statement in asked if "nextval" in statement]) == 1


async def test_more_than_a_chunk_is_fetched_at_once(tables: Database) -> None:
    chunks = IdChunks(Meter, size=10)
    assert await tables.run(lambda session: chunks.take(session, 25)) == list(range(1, 26))
    assert await tables.run(lambda session: chunks.take(session)) == [26]


async def test_an_id_that_was_rolled_back_is_a_gap_and_never_given_twice(tables: Database) -> None:
    chunks, given = IdChunks(Meter, size=5), []

    def fail(session: Session) -> None:
        given.extend(chunks.take(session, 3))
        raise ValueError

    with pytest.raises(ValueError):
        await tables.run(fail)
    given += await tables.run(lambda session: chunks.take(session, 7))
    assert len(set(given)) == 10


async def test_many_units_and_processes_at_once_get_different_ids(tables: Database, database_url: str) -> None:
    other = Database(database_url)
    shared = IdChunks(Meter, size=7)
    given: list[int] = []

    async def take(database: Database, chunks: IdChunks) -> None:
        given.extend(await database.run(lambda session: chunks.take(session, 3)))

    async with trio.open_nursery() as nursery:
        for _ in range(20):
            nursery.start_soon(take, tables, shared)
            nursery.start_soon(take, other, IdChunks(Meter, size=4))
    await other.close()
    assert len(given) == len(set(given)) == 120


async def test_rows_with_such_ids_are_inserted_beside_those_that_the_database_numbers(tables: Database) -> None:
    chunks = IdChunks(Meter)

    def add(session: Session) -> None:
        session.add_all(Meter(id=id) for id in chunks.take(session, 3))
        session.add(Meter())

    await tables.run(add)
    ids = await tables.run(lambda session: session.scalars(sa.select(Meter.id).order_by(Meter.id)).all())
    assert ids == [1, 2, 3, 1001]


@pytest.mark.parametrize(("cls", "why"), [(Worded, "no single primary key"), (Pair, "no single primary key")])
def test_a_table_without_numbers_for_a_key_is_refused(cls: type, why: str) -> None:
    with pytest.raises(StorageError, match=why):
        IdChunks(cls)


def test_a_chunk_of_nothing_is_refused() -> None:
    with pytest.raises(StorageError, match="at least one, not 0"):
        IdChunks(Meter, size=0)


async def test_a_key_that_no_sequence_fills_is_told_when_ids_are_wanted(tables: Database) -> None:
    with pytest.raises(StorageError, match=r"pl_ids\.given is not filled by a sequence"):
        await tables.run(lambda session: IdChunks(Given).take(session))
