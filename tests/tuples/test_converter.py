"""The fast path and the plain one of cattrs are the same to whoever reads or writes, and both are strict."""

import json
import re
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Any, Literal, NewType
from uuid import UUID

import attrs
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from peek_trio.errors import TupleError
from peek_trio.tuples import TravelsAs, TupleRegistry
from peek_trio.tuples.converter import TupleConverter
from peek_trio.tuples.misfits import MISFITS, misfit

FAST, PLAIN = TupleConverter(), TupleConverter(fast=False)
CODEC = TupleRegistry().codec


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


def small(_instance: object, _attribute: object, value: int) -> None:
    if value > 100:
        raise ValueError("too large")


@attrs.define
class Flat:
    number: int = attrs.field(validator=small)
    ratio: float
    text: str = attrs.field(converter=str.strip)
    flag: bool
    at: datetime
    day: date
    key: UUID
    raw: bytes
    colour: Colour
    mode: Literal["on", 2, None]
    maybe: int | None
    mixed: int | str | None
    names: list[str]
    pair: tuple[int, str]
    limits: dict[str, float]
    _private: int = 5
    words: tuple[str, ...] = attrs.field(factory=tuple, kw_only=True)


@dataclass
class FlatData:
    number: int
    text: str = "none"
    names: list[str] = field(default_factory=list)
    doubled: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        if self.number < 0:
            raise ValueError("negative")
        self.doubled = 2 * self.number


class Base(DeclarativeBase):
    pass


class Stored(Base):
    __tablename__ = "stored"
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    note: Mapped[str | None]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Stored) and (self.id, self.title, self.note) == (other.id, other.title, other.note)

    __hash__ = None  # type: ignore[assignment]


FLAT = [Flat, FlatData, Stored]

offsets = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
anything = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats() | texts | st.sampled_from(["red", "on"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(texts, inner, max_size=2),
    max_leaves=4,
)
flats = st.builds(
    Flat,
    number=st.integers(-(2**53) + 1, 100),
    ratio=st.floats(allow_nan=False, allow_infinity=False),
    text=texts,
    flag=st.booleans(),
    at=st.datetimes(timezones=offsets, min_value=datetime(1971, 1, 1)),
    day=st.dates(),
    key=st.uuids(),
    raw=st.binary(max_size=8),
    colour=st.sampled_from(Colour),
    mode=st.sampled_from(["on", 2, None]),
    maybe=st.none() | st.integers(0, 9),
    mixed=st.none() | texts | st.integers(0, 9),
    names=st.lists(texts, max_size=2),
    pair=st.tuples(st.integers(0, 9), texts),
    limits=st.dictionaries(texts, st.floats(0, 1), max_size=2),
    private=st.integers(0, 9),
    words=st.lists(texts, max_size=2).map(tuple),
)
datas = st.builds(FlatData, number=st.integers(0, 9), text=texts, names=st.lists(texts, max_size=2))
stored = st.builds(Stored, id=st.none() | st.integers(0, 9), title=texts, note=st.none() | texts)
rows = flats | datas | stored

calmly = settings(
    deadline=None, max_examples=100, suppress_health_check=[HealthCheck.too_slow]
)  # other work shares the machine


def outcome(work: Any, *given: Any) -> Any:
    """What came of it: a value, or the path of what did not fit."""
    try:
        return work(*given)
    except MISFITS as error:
        return ("refused", misfit(error).path)


@st.composite
def damaged(draw: st.DrawFn) -> tuple[type, dict[str, Any]]:
    """A class, and a JSON object for it in which at most one thing is wrong."""
    row = draw(rows)
    fields = msgspec.to_builtins(PLAIN.writing(type(row))(row))
    damage = draw(st.sampled_from(["none", "changed", "missing", "surplus"]))
    name = draw(st.sampled_from(sorted(fields)))
    if damage == "changed":
        fields[name] = draw(anything)
    elif damage == "missing":
        del fields[name]
    elif damage == "surplus":
        fields["surplus"] = draw(anything)
    return type(row), fields


@calmly
@given(given_data=damaged())
def test_both_paths_read_the_same_and_refuse_the_same(given_data):
    cls, fields = given_data
    plainly = outcome(PLAIN.reading(cls), fields)
    assert outcome(FAST.reading(cls), fields) == plainly
    assert outcome(lambda: FAST.reading(list[cls])([fields])[0]) == within(plainly, "[0]")
    try:
        text = json.dumps(fields, allow_nan=False).encode()
    except ValueError:
        return  # no JSON has it
    # Of two faults within one field, msgspec may find the other one first where it reads JSON.
    assert in_field(outcome(CODEC.decode_value, text, cls)) == in_field(plainly)


@calmly
@given(row=rows, data=st.data())
def test_both_paths_write_the_same_and_refuse_the_same(row, data):
    names = [attribute for attribute in dir(row) if attribute in FIELDS[type(row)]]
    if data.draw(st.booleans(), "damage"):
        name = data.draw(st.sampled_from(names))
        value = data.draw(anything | st.just(datetime(2026, 11, 22)) | st.just(object()))
        object.__setattr__(row, name, value) if type(row) is not Stored else setattr(row, name, value)

    def written(converter: TupleConverter) -> bytes:
        return msgspec.json.encode(converter.writing(type(row))(row))

    plainly = outcome(written, PLAIN)
    assert outcome(written, FAST) == plainly
    if isinstance(plainly, bytes):
        assert CODEC.encode_value([row], list[type(row)]) == b"[" + plainly + b"]"
    else:
        assert outcome(CODEC.encode_value, [row], list[type(row)]) == within(plainly, "[0]")


def in_field(result: Any) -> Any:
    """The outcome without the way from the field to the fault."""
    return (result[0], *re.findall(r"\w+", result[1])[:1]) if isinstance(result, tuple) else result


def within(result: Any, step: str) -> Any:
    """The outcome for the whole that has this one in it."""
    return ("refused", "$" + step + result[1][1:]) if isinstance(result, tuple) else result


FIELDS = {
    Flat: {attribute.name for attribute in attrs.fields(Flat)},
    FlatData: {"number", "text", "names"},
    Stored: {"id", "title", "note"},
}


@pytest.mark.parametrize("cls", FLAT)
def test_flat_classes_go_the_fast_way(cls):
    assert CODEC.is_fast(cls)
    assert CODEC.is_fast(list[cls])
    assert CODEC.is_fast(tuple[cls, ...])


Price = NewType("Price", Decimal)


@attrs.define
class Deep:
    prices: dict[str, list[Decimal]]
    rows: list[FlatData] = attrs.Factory(list)
    pair: tuple[Decimal, FlatData] | None = None
    tags: set[Colour] = attrs.Factory(set)
    price: Price | None = None
    noted: Annotated[list[Decimal], "as read"] = attrs.Factory(list)
    anything: Any = None


def test_other_classes_go_by_cattrs():
    assert not CODEC.is_fast(Deep)
    deep = Deep({"a": [Decimal("1.5")]}, [FlatData(1)], (Decimal(2), FlatData(3)), {Colour.RED}, Price(Decimal(4)))
    assert CODEC.decode_value(CODEC.encode_value(deep, Deep), Deep) == deep


@pytest.mark.parametrize(
    ("change", "path", "words"),
    [
        ({"prices": {"a": ["1", "x"]}}, "$.prices.a[1]", "decimal number"),
        ({"prices": {"a": "12"}}, "$.prices.a", "Expected array, got str"),
        ({"prices": [1]}, "$.prices", "Expected object, got array"),
        ({"rows": [{"number": 1}, {"number": -1}]}, "$.rows[1]", "FlatData does not accept these values: negative"),
        ({"rows": [{"number": 1}, {}]}, "$.rows[1].number", "missing"),
        ({"pair": ["1"]}, "$.pair", "length 2, got 1"),
        ({"pair": ["1", {"number": "1"}]}, "$.pair[1].number", "Expected int, got str"),
        ({"tags": ["red", "green"]}, "$.tags[1]", "green"),
        ({"price": 5}, "$.price", "Expected str, got int"),
        ({"noted": ["1", None]}, "$.noted[1]", "Expected str, got null"),
        ({"anything": {"a": [2**53]}}, "$.anything.a[0]", "2^53"),
        ({"surplus": 1}, "$.surplus", "no such field"),
    ],
)
def test_cattrs_tells_the_path_of_what_does_not_fit(change, path, words):
    for read in (CODEC.from_builtins, lambda data, cls: CODEC.decode_value(json.dumps(data).encode(), cls)):
        with pytest.raises(TupleError) as caught:
            read({"prices": {}, **change}, Deep)
        assert caught.value.path == path
        assert words in caught.value.message


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"prices": {"a": [Decimal(1), 2]}}, "$.prices.a[1]"),
        ({"prices": {1: []}}, "$.prices"),
        ({"rows": [{"number": 1}]}, "$.rows[0]"),
        ({"pair": (Decimal(1), FlatData(1, text=2))}, "$.pair[1].text"),
        ({"tags": [Colour.RED]}, "$.tags"),
        ({"anything": [{"x": object()}]}, "$.anything[0].x"),
    ],
)
def test_the_same_while_writing(change, path):
    deep = Deep({})
    for name, value in change.items():
        object.__setattr__(deep, name, value)
    with pytest.raises(TupleError) as caught:
        CODEC.encode_value(deep, Deep)
    assert caught.value.path == path


@pytest.mark.parametrize("fast", [True, False])
def test_only_instances_are_written_as_a_class(fast):
    converter = TupleConverter(fast=fast)
    for stranger in ({"number": 1, "text": "", "names": []}, MappingProxyType({}), Stored(), None):
        with pytest.raises(TupleError, match="Expected FlatData"):
            converter.writing(FlatData)(stranger)
        with pytest.raises(TupleError, match="Expected FlatData") as caught:
            converter.writing(list[FlatData])([FlatData(1), stranger])
        assert caught.value.path == "$[1]"


def test_the_first_fault_ends_the_reading():
    asked = []

    def structure(text: str) -> str:
        asked.append(text)
        raise ValueError("never")

    never = Annotated[str, TravelsAs(str, unstructure=str, structure=structure)]
    with pytest.raises(TupleError) as caught:
        CODEC.decode_value(b'{"a":["1","2"],"b":["3"]}', dict[str, list[never]])
    assert caught.value.path == "$.a[0]"
    assert asked == ["1"]


def test_a_set_of_what_cannot_be_in_one_is_a_tuple_error():
    with pytest.raises(TupleError, match="set") as caught:
        CODEC.decode_value(b'{"a":[[1]]}', dict[str, set[Any]])
    assert caught.value.path == "$.a"


def test_fields_may_have_any_name():
    names = ["attrs", "cl", "converter", "typevar_map", "o", "res", "errors"]
    cls = attrs.make_class("Named", {name: attrs.field(type=Decimal) for name in names})
    row = cls(*map(Decimal, range(len(names))))
    assert CODEC.decode_value(CODEC.encode_value(row, cls), cls) == row


@pytest.mark.parametrize("kind", [int, Decimal])
def test_a_fault_of_the_class_itself_is_not_blamed_on_the_data(kind):
    def broken(_value: object) -> None:
        raise RuntimeError("a fault in the plugin")

    cls = attrs.make_class("Broken", {"value": attrs.field(type=kind, converter=broken)})
    with pytest.raises(RuntimeError, match="a fault in the plugin"):
        CODEC.from_builtins({"value": 5 if kind is int else "5"}, cls)


def test_plain_python_that_contains_itself_is_a_tuple_error():
    data: dict[str, Any] = {"prices": {}}
    data["anything"] = data
    with pytest.raises(TupleError, match="contains itself") as caught:
        CODEC.from_builtins(data, Deep)
    assert caught.value.path == "$"


@pytest.mark.parametrize("converter", [FAST, PLAIN], ids=["fast", "plain"])
def test_a_field_that_an_instance_lacks_is_missing(converter):
    lacking = FlatData(1)
    del lacking.number
    assert outcome(converter.writing(FlatData), lacking) == ("refused", "$.number")
