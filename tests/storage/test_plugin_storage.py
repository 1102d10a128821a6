"""`ctx.storage`: everything a plugin's unit of work may want, in one place."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
import trio
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from peek_trio.storage import BinaryPieces, Database, PluginStorage, WithSession, open_engine
from peek_trio.tasks import TaskContext


class Base(DeclarativeBase):
    metadata = sa.MetaData(schema="pl_test")


class Meter(Base):
    __tablename__ = "meter"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


class Manual(BinaryPieces, Base):
    __tablename__ = "manual"


@pytest.fixture
async def storage(database: Database) -> PluginStorage:
    storage = PluginStorage(database, "pl_test")

    def create(session: Session) -> None:
        session.execute(sa.text("create schema pl_test"))
        Base.metadata.create_all(session.connection())

    await storage.run(create)
    return storage


async def test_rows_whose_ids_are_known_beforehand_are_stored_in_bulk_and_found_by_many_keys(
    storage: PluginStorage,
) -> None:
    def load(session: Session) -> int:
        ids = storage.ids(session, Meter, 50)
        return storage.bulk_insert(session, Meter, [(id, f"meter {id}") for id in ids])

    def find(session: Session) -> list[int]:
        among = storage.among(Meter.id, range(0, 1000, 10))
        wanted = storage.values_table("wanted", {"name": Meter.name}, [("meter 20",), ("meter 30",), ("meter 31",)])
        query = sa.select(Meter.id).join(wanted, Meter.name == wanted.c.name).where(among).order_by(Meter.id)
        return list(session.scalars(query))

    assert await storage.run(load) == 50
    assert await storage.run(find, read_only=True) == [20, 30]


async def test_a_large_value_is_written_and_read(storage: PluginStorage) -> None:
    content = b"how to" * 100_000
    await storage.run(lambda session: storage.write_binary(session, Manual, 7, [content]))

    def read(session: Session) -> tuple[bytes, int, bytes | None]:
        whole = b"".join(storage.read_binary(session, Manual, 7))
        return whole, storage.binary_size(session, Manual, 7), storage.read_piece(session, Manual, 7, 99)

    assert await storage.run(read, read_only=True) == (content, len(content), None)


async def test_textual_sql_announces_what_it_touches(storage: PluginStorage, database: Database) -> None:
    told: list[frozenset[str]] = []
    database.changes.on_change({"pl_test.meter"}, told.append)

    def write(session: Session) -> None:
        session.execute(sa.text("insert into pl_test.meter values (1, 'a')"))
        storage.touch(session, Meter)

    await storage.run(write)
    assert told == [frozenset({"pl_test.meter"})]


async def test_units_at_once_share_one_store_of_ids(storage: PluginStorage) -> None:
    given: list[int] = []

    async def take() -> None:
        given.extend(await storage.run(lambda session: storage.ids(session, Meter, 3)))

    async with trio.open_nursery() as nursery:
        for _ in range(20):
            nursery.start_soon(take)
    assert sorted(given) == list(range(1, 61))


async def test_a_task_has_it_beside_its_session(storage: PluginStorage, database_url: str) -> None:
    engine = open_engine(database_url)

    def load() -> None:
        context = TaskContext("load", report=lambda fraction, note: None, engine=lambda: engine)
        with context.session() as session:
            ids = context.storage.ids(session, Meter, 3)
            context.storage.bulk_insert(session, Meter, [(id, "by a task") for id in ids])

    await trio.to_thread.run_sync(load)
    engine.dispose()
    names = await storage.run(lambda session: session.scalars(sa.select(Meter.name)).all())
    assert list(names) == ["by a task"] * 3


def test_a_task_has_the_same_without_the_units_of_work() -> None:
    def public(cls: type) -> set[str]:
        return {name for name in dir(cls) if not name.startswith("_")}

    assert public(PluginStorage) - public(WithSession) == {"run"}
