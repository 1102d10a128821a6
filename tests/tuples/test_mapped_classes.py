"""SQLAlchemy classes travel by their columns."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import Column, ForeignKey, Integer, String, func, inspect
from sqlalchemy.orm import DeclarativeBase, Mapped, column_property, mapped_column, relationship

from peek_trio.errors import TupleError
from peek_trio.tuples import BigInt, TupleRegistry, tuple_type


class Base(DeclarativeBase):
    pass


class Site(Base):
    __tablename__ = "site"
    id: Mapped[int] = mapped_column(primary_key=True)
    pumps: Mapped[list["Pump"]] = relationship(back_populates="site")


@tuple_type("x.Pump")
class Pump(Base):
    __tablename__ = "pump"
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped["str"] = mapped_column()
    note: Mapped[str | None]
    serial: Mapped[BigInt] = mapped_column(Integer)
    made: Mapped[datetime]
    colour = Column(String, nullable=True)
    site_id: Mapped[int | None] = mapped_column(ForeignKey("site.id"))
    site: Mapped[Site | None] = relationship(back_populates="pumps")
    shouted: Mapped[str] = column_property(func.upper(title))
    in_memory = "not a column"


NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def codec():
    registry = TupleRegistry()
    registry.add(Pump, owner="x")
    return registry.codec


def test_columns_travel_and_nothing_else(codec):
    pump = Pump(id=1, title="P", serial=2**60, made=NOON, site=Site(id=4))
    assert codec.to_builtins(pump) == {
        "id": 1,
        "title": "P",
        "note": None,
        "serial": "1152921504606846976",
        "made": "2026-11-22T12:00:00Z",
        "colour": None,
        "site_id": None,
    }


def test_what_arrives_is_a_transient_instance(codec):
    (pump,) = codec.decode(
        codec.encode([Pump(id=1, title="P", note="n", serial=7, made=NOON, colour="red", site_id=3)])
    )
    assert type(pump) is Pump
    assert inspect(pump).transient
    assert (pump.id, pump.title, pump.note, pump.serial, pump.made, pump.colour, pump.site_id) == (
        1,
        "P",
        "n",
        7,
        NOON,
        "red",
        3,
    )


def test_a_row_that_was_never_stored_has_no_key_yet(codec):
    data = codec.encode([Pump(title="P", serial=1, made=NOON)])
    assert b'"id"' not in data
    (pump,) = codec.decode(data)
    assert pump.id is None
    assert "id" not in inspect(pump).dict


def test_columns_that_the_database_does_not_fill_must_be_there(codec):
    with pytest.raises(TupleError, match="missing") as caught:
        codec.decode(b'{"t":"x.Pump","rows":[{"id":1}]}')
    assert caught.value.path.startswith("$.rows[0].")


def test_a_column_of_the_wrong_type_is_told_with_its_path(codec):
    with pytest.raises(TupleError) as caught:
        codec.encode([Pump(id=1, title=5, serial=1, made=NOON)])
    assert caught.value.path == "$.rows[0].title"
