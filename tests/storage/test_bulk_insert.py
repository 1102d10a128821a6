"""Many rows at once by binary COPY: every shape of row, every kind of column, and what does not fit."""

from __future__ import annotations

import enum
import ipaddress
import uuid
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.dialects.postgresql import ARRAY, CIDR, JSONB, TSVECTOR
from sqlalchemy.exc import DataError, IntegrityError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from peek_trio.errors import StorageError
from peek_trio.storage import Database, bulk_insert, open_engine
from peek_trio.storage.unit_of_work import unit_of_work


class Colour(enum.Enum):
    RED = 1
    BLUE = 2


class Cents(sa.types.TypeDecorator[Decimal]):
    """An amount, kept as whole cents."""

    impl = sa.Integer
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: sa.Dialect) -> int | None:
        return None if value is None else int(value * 100)

    def process_result_value(self, value: int | None, dialect: sa.Dialect) -> Decimal | None:
        return None if value is None else Decimal(value) / 100


class Base(DeclarativeBase):
    metadata = sa.MetaData(schema="pl_bulk")


class Meter(Base):
    __tablename__ = "meter"
    id: Mapped[int] = mapped_column(primary_key=True)
    label: Mapped[str] = mapped_column("name")
    place: Mapped[str] = mapped_column(server_default="cellar")


class Reading(Base):
    __tablename__ = "reading"
    meter: Mapped[int] = mapped_column(sa.ForeignKey(Meter.id), primary_key=True, autoincrement=False)
    value: Mapped[float]


class Stamped(Base):
    __tablename__ = "stamped"
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(default="unknown")


class Everything(Base):
    """A column of each type that plugins use."""

    __tablename__ = "everything"
    id: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True, autoincrement=False)
    small: Mapped[int | None] = mapped_column(sa.SmallInteger)
    exact: Mapped[Decimal | None] = mapped_column(sa.Numeric(12, 3))
    single: Mapped[float | None] = mapped_column(sa.REAL)
    double: Mapped[float | None]
    flag: Mapped[bool | None]
    text: Mapped[str | None]
    day: Mapped[date | None]
    moment: Mapped[datetime | None] = mapped_column(sa.DateTime(timezone=True))
    span: Mapped[timedelta | None]
    raw: Mapped[bytes | None]
    token: Mapped[uuid.UUID | None]
    extra: Mapped[Any] = mapped_column(JSONB, nullable=True)
    plain: Mapped[Any] = mapped_column(sa.JSON, nullable=True)
    words: Mapped[list[str] | None] = mapped_column(ARRAY(sa.Text))
    colour: Mapped[Colour | None]
    shade: Mapped[Colour | None] = mapped_column(sa.Enum(Colour, native_enum=False))
    price: Mapped[Decimal | None] = mapped_column(Cents)


class Network(Base):
    __tablename__ = "network"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    range: Mapped[str] = mapped_column(CIDR)
    words: Mapped[str] = mapped_column(TSVECTOR, server_default="")


@pytest.fixture
async def tables(database: Database) -> Database:
    def create(session: Session) -> None:
        session.execute(sa.text("create schema pl_bulk"))
        Base.metadata.create_all(session.connection())

    await database.run(create)
    return database


async def meters(database: Database) -> list[tuple[int, str, str]]:
    query = sa.select(Meter.id, Meter.label, Meter.place).order_by(Meter.id)
    return await database.run(lambda session: [tuple(row) for row in session.execute(query)], read_only=True)


@pytest.mark.parametrize(
    ("rows", "columns"),
    [
        ([(1, "a", "x"), (2, "b", "y")], None),
        ([("a", 1), ("b", 2)], ("name", "id")),
        ([["a", 1], ["b", 2]], ("name", "id")),
        ([{"id": 1, "name": "a"}, {"name": "b", "id": 2}], None),
        ([{"id": 1, "name": "a", "more": 0}, {"id": 2, "name": "b"}], ("id", "name")),
        ([Meter(id=1, label="a"), Meter(id=2, label="b")], None),
        ([Meter(label="a"), Meter(label="b")], None),
        ([Meter(label="a", id=1), Meter(label="b", id=2)], ("id", "name")),
    ],
    ids=["tuples", "chosen", "lists", "dicts", "dicts chosen", "objects", "objects without id", "objects chosen"],
)
async def test_rows_of_every_shape_arrive(tables: Database, rows: list[Any], columns: tuple[str, ...] | None) -> None:
    assert await tables.run(lambda session: bulk_insert(session, Meter, rows, columns=columns)) == 2
    assert [row[:2] for row in await meters(tables)] == [(1, "a"), (2, "b")]


async def test_what_nobody_gives_the_database_fills_in(tables: Database) -> None:
    await tables.run(lambda session: bulk_insert(session, Meter, [{"name": "a"}, {"name": "b"}]))
    assert await meters(tables) == [(1, "a", "cellar"), (2, "b", "cellar")]


async def test_no_rows_are_no_statement(tables: Database) -> None:
    assert await tables.run(lambda session: bulk_insert(session, Meter, iter(()))) == 0


async def test_a_table_serves_as_well_as_its_class(tables: Database) -> None:
    await tables.run(lambda session: bulk_insert(session, Base.metadata.tables["pl_bulk.meter"], [(1, "a", "x")]))
    assert await meters(tables) == [(1, "a", "x")]


async def test_rows_are_taken_one_by_one(tables: Database) -> None:
    def endless() -> Iterator[tuple[int, str]]:
        for number in range(1, 10_000):
            yield number, "a"
        raise ValueError("enough")

    with pytest.raises(sa.exc.DBAPIError, match=r"Row 10000 does not fit pl_bulk\.meter: ValueError: enough"):
        await tables.run(lambda session: bulk_insert(session, Meter, endless(), columns=("id", "name")))
    assert await meters(tables) == []


async def test_they_belong_to_the_unit_of_work(tables: Database) -> None:
    def fail(session: Session) -> None:
        session.add(Meter(id=1, label="pending"))  # what the rows refer to, still unflushed
        bulk_insert(session, Reading, [(1, 0.5)])
        raise ValueError("changed my mind")

    with pytest.raises(ValueError, match="changed my mind"):
        await tables.run(fail)
    assert await meters(tables) == []


async def test_rows_may_refer_to_what_the_session_has_not_flushed_yet(tables: Database) -> None:
    def work(session: Session) -> int:
        session.add(Meter(id=1, label="pending"))
        return bulk_insert(session, Reading, [(1, 0.5)])

    assert await tables.run(work) == 1


async def test_whoever_follows_the_table_is_told(tables: Database) -> None:
    told: list[frozenset[str]] = []
    tables.changes.on_change({"pl_bulk.meter"}, told.append)
    await tables.run(lambda session: bulk_insert(session, Meter, [(1, "a", "x")]))
    assert told == [frozenset({"pl_bulk.meter"})]


async def test_a_row_that_breaks_a_constraint_is_an_integrity_error(tables: Database) -> None:
    with pytest.raises(IntegrityError, match="meter_pkey"):
        await tables.run(lambda session: bulk_insert(session, Meter, [(1, "a", "x"), (1, "b", "y")]))


async def test_a_value_that_its_column_does_not_take_is_a_data_error(tables: Database) -> None:
    with pytest.raises(DataError, match=r"Row 2 does not fit pl_bulk\.meter"):
        await tables.run(lambda session: bulk_insert(session, Meter, [(1, "a", "x"), ("two", "b", "y")]))


async def test_values_stay_out_of_errors(tables: Database) -> None:
    rows = [(1, "s3cret", "x"), (1, "s3cret", "x")]
    with pytest.raises(IntegrityError) as caught:
        await tables.run(lambda session: bulk_insert(session, Meter, rows))
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("rows", "columns", "says"),
    [
        (["a"], None, "tuples, dicts or objects of its class, not str"),
        ([(1, "a")], ("id", "nom"), r"has no column nom; it has id, name, place"),
        ([{"id": 1, "nom": "a"}], None, "has no column nom"),
    ],
)
async def test_rows_that_are_not_of_the_table_are_refused(
    tables: Database, rows: list[Any], columns: tuple[str, ...] | None, says: str
) -> None:
    with pytest.raises(StorageError, match=says):
        await tables.run(lambda session: bulk_insert(session, Meter, rows, columns=columns))


async def test_a_default_that_only_sqlalchemy_knows_must_be_given(tables: Database) -> None:
    with pytest.raises(StorageError, match=r"stamped\.kind has a default that only SQLAlchemy fills in"):
        await tables.run(lambda session: bulk_insert(session, Stamped, [Stamped()]))
    await tables.run(lambda session: bulk_insert(session, Stamped, [Stamped(kind="known")]))


@pytest.mark.parametrize(
    "second",
    [{"id": 2}, {"id": 2, "name": "b", "place": "x"}, {"id": 2, "label": "b"}],
    ids=["fewer", "more", "others"],
)
async def test_dicts_with_other_columns_than_the_first_are_refused(tables: Database, second: dict[str, Any]) -> None:
    with pytest.raises(DataError, match="Row 2 does not fit"):
        await tables.run(lambda session: bulk_insert(session, Meter, [{"id": 1, "name": "a"}, second]))


async def test_an_object_with_a_value_that_the_first_left_to_the_database_is_refused(tables: Database) -> None:
    rows = [Meter(label="a"), Meter(id=7, label="b")]
    with pytest.raises(DataError, match=r"Row 2 .* it has a value for id or place, which the first row left"):
        await tables.run(lambda session: bulk_insert(session, Meter, rows))


async def test_a_class_that_is_ahead_of_its_revisions_is_told_so(tables: Database) -> None:
    await tables.run(lambda session: session.execute(sa.text("alter table pl_bulk.meter drop column place")))
    with pytest.raises(StorageError, match="no column place in the database; its revisions do not make"):
        await tables.run(lambda session: bulk_insert(session, Meter, [(1, "a", "x")]))


@pytest.mark.parametrize("range", ["10.0.0.0/8", ipaddress.ip_network("10.0.0.0/8")], ids=["text", "object"])
async def test_a_column_without_a_binary_form_is_copied_as_text(tables: Database, range: object) -> None:
    rows = [(1, range, "'a':1"), (2, "::1/128", r"'back\\slash'")]
    await tables.run(lambda session: bulk_insert(session, Network, rows))
    query = sa.select(sa.cast(Network.range, sa.Text), sa.cast(Network.words, sa.Text)).order_by(Network.id)
    found = await tables.run(lambda session: [tuple(row) for row in session.execute(query)])
    assert found == [("10.0.0.0/8", "'a':1"), ("::1/128", r"'back\\slash'")]


async def test_a_long_copy_gets_a_line_in_the_log(
    tables: Database, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    impatient = Database(database_url, slow_after=0.0)
    await impatient.run(lambda session: bulk_insert(session, Meter, [(1, "s3cret", "x")]), name="import")
    await impatient.close()
    assert any(
        line.startswith("import: a statement took") and line.endswith("COPY pl_bulk.meter") for line in caplog.messages
    )
    assert "s3cret" not in caplog.text


_texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
_json = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | _texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_texts, inner, max_size=3),
    max_leaves=6,
)
_rows = st.fixed_dictionaries(
    {
        "small": st.none() | st.integers(-(2**15), 2**15 - 1),
        "exact": st.none() | st.decimals(-99_999_999, 99_999_999, places=3),
        "single": st.none() | st.floats(width=32, allow_nan=False),
        "double": st.none() | st.floats(allow_nan=False),
        "flag": st.none() | st.booleans(),
        "text": st.none() | _texts,
        "day": st.none() | st.dates(),
        "moment": st.none() | st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC)),
        "span": st.none() | st.timedeltas(timedelta(days=-9999), timedelta(days=9999)),
        "raw": st.none() | st.binary(max_size=50),
        "token": st.none() | st.uuids(),
        "extra": _json.filter(lambda value: value is not None),
        "plain": _json.filter(lambda value: value is not None),
        "words": st.none() | st.lists(_texts, max_size=3),
        "colour": st.none() | st.sampled_from(Colour),
        "shade": st.none() | st.sampled_from(Colour),
        "price": st.none() | st.decimals(-9999, 9999, places=2),
    }
)


@pytest.fixture
def everything(database_url: str) -> Iterator[sa.Engine]:
    """The tables, for a test that does without Trio."""
    engine = open_engine(database_url)
    with engine.begin() as connection:
        connection.execute(sa.text("create schema pl_bulk"))
        Base.metadata.create_all(connection)
    yield engine
    engine.dispose()


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(_rows, min_size=1, max_size=5))
def test_any_value_of_any_type_comes_back_as_from_the_orm(everything: sa.Engine, rows: list[dict[str, Any]]) -> None:
    by_copy = [{"id": number, **row} for number, row in enumerate(rows)]
    with unit_of_work(everything) as unit:
        unit.session.execute(sa.delete(Everything))
        bulk_insert(unit.session, Everything, by_copy)
        unit.session.add_all(Everything(id=1000 + number, **row) for number, row in enumerate(rows))
    names = [column.name for column in Everything.__table__.columns if column.name != "id"]
    with unit_of_work(everything, read_only=True) as unit:
        found = {row.id: [getattr(row, name) for name in names] for row in unit.session.scalars(sa.select(Everything))}
    for number in range(len(rows)):
        assert found[number] == found[1000 + number]
