"""Values as a table to join with."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from peek_trio.storage import Database, among, values_table


class Base(DeclarativeBase):
    metadata = sa.MetaData(schema="pl_values")


class Reading(Base):
    __tablename__ = "reading"
    id: Mapped[int] = mapped_column(primary_key=True)
    meter: Mapped[str]
    day: Mapped[date]


DAYS = [date(2026, 1, number) for number in range(1, 11)]


@pytest.fixture
async def readings(database: Database) -> Database:
    def create(session: Session) -> None:
        session.execute(sa.text("create schema pl_values"))
        Base.metadata.create_all(session.connection())
        session.add_all(Reading(meter=meter, day=day) for meter in "abc" for day in DAYS)

    await database.run(create)
    return database


async def test_rows_join_with_values(readings: Database) -> None:
    pairs = [("a", DAYS[0]), ("b", DAYS[9]), ("z", DAYS[0])]
    wanted = values_table("wanted", {"meter": Reading.meter, "day": sa.Date()}, pairs)
    query = (
        sa.select(Reading)
        .join(wanted, (Reading.meter == wanted.c.meter) & (Reading.day == wanted.c.day))
        .order_by(Reading.id)
    )
    found = await readings.run(lambda session: session.scalars(query).all())
    assert [(row.meter, row.day) for row in found] == pairs[:2]


@pytest.mark.parametrize("count", [0, 1, 3, 100_000])
async def test_a_column_is_among_any_number_of_values(readings: Database, count: int) -> None:
    meters = ["b", "a", *map(str, range(count))][:count]
    query = sa.select(Reading.meter).where(among(Reading.meter, iter(meters))).distinct()
    assert set(await readings.run(lambda session: session.scalars(query).all())) == {"a", "b"} & set(meters)


async def test_the_statement_is_the_same_whatever_the_number_of_rows(readings: Database) -> None:
    few, many = (str(sa.select(Reading).where(among(Reading.id, range(count)))) for count in (1, 1000))
    assert few == many


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (sa.BigInteger(), [2**62, -1, None]),
        (sa.Text(), ["o'clock", '"', "{a,b}", "\\", "", None]),
        (sa.Numeric(), [None]),
        (sa.Uuid(), [uuid.UUID(int=7)]),
        (sa.Boolean(), [True, False]),
        (sa.LargeBinary(), [b"\0\xff"]),
    ],
    ids=["int", "text", "null", "uuid", "bool", "bytes"],
)
async def test_values_of_every_type_come_through_unchanged(database: Database, kind: Any, values: list[Any]) -> None:
    table = values_table("given", {"value": kind}, ((value,) for value in values))
    found = await database.run(lambda session: session.execute(sa.select(table.c.value)).scalars().all())
    assert found == values


def test_a_row_of_the_wrong_length_is_refused() -> None:
    with pytest.raises(ValueError, match="shorter"):
        values_table("given", {"one": sa.Integer(), "two": sa.Integer()}, [(1,)])
