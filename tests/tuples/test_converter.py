"""The plain way tells what does not fit with its path, and the fast path takes what it would take and nothing else."""

import json
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
from peek_trio.tuples import BigInt, TravelsAs, TupleRegistry
from peek_trio.tuples.converter import TupleConverter
from peek_trio.tuples.families import Families
from peek_trio.tuples.fast import DOUBTS, FastPaths
from peek_trio.tuples.misfits import MISFITS, misfit
from peek_trio.tuples.native import checker

CODEC = TupleRegistry().codec
PLAIN = TupleConverter(Families({}))
FAST = FastPaths(PLAIN, Families({}))


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


@attrs.frozen
class Point:
    x: int
    weight: Decimal = Decimal(1)


@attrs.define
class Nested:
    flat: FlatData
    points: list[Point]
    price: Decimal
    maybe: Point | None = None
    named: dict[str, Point] = attrs.Factory(dict)
    row: tuple[Point, ...] = ()
    pair: tuple[Decimal, FlatData] | None = None
    big: BigInt = 0
    bigs: set[BigInt] = attrs.Factory(set)
    spots: frozenset[Point] = frozenset()
    when: datetime | None = None
    whens: list[datetime] = attrs.Factory(list)
    calendar: dict[str, tuple[datetime, int]] = attrs.Factory(dict)
    prices: dict[str, list[Decimal]] | None = None
    anything: Any = None


CLASSES = [Flat, FlatData, Stored, Point, Nested]

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
decimals = st.decimals(allow_nan=False, allow_infinity=False, places=2)
moments = st.datetimes(timezones=offsets, min_value=datetime(1971, 1, 1))
points = st.builds(Point, st.integers(0, 9), decimals)
nested = st.builds(
    Nested,
    flat=datas,
    points=st.lists(points, max_size=2),
    price=decimals,
    maybe=st.none() | points,
    named=st.dictionaries(texts, points, max_size=2),
    row=st.lists(points, max_size=2).map(tuple),
    pair=st.none() | st.tuples(decimals, datas),
    big=st.integers(),
    bigs=st.sets(st.integers(), max_size=2),
    spots=st.frozensets(points, max_size=2),
    when=st.none() | moments,
    whens=st.lists(moments, max_size=2),
    calendar=st.dictionaries(texts, st.tuples(moments, st.integers(0, 9)), max_size=2),
    prices=st.none() | st.dictionaries(texts, st.lists(decimals, max_size=2), max_size=2),
    anything=st.none() | texts | st.lists(st.integers(0, 9), max_size=2),
)
rows = flats | datas | stored | points | nested

calmly = settings(
    deadline=None, max_examples=100, suppress_health_check=[HealthCheck.too_slow]
)  # other work shares the machine


def fast_reading(annotation: Any, text: bytes) -> Any:
    """What the fast path alone reads."""
    place = FAST.place(annotation)
    return place.finish(msgspec.json.decode(text, type=place.read))


def fast_writing(annotation: Any, value: Any) -> bytes:
    """What the fast path alone writes."""
    place = FAST.place(annotation)
    place.vet([value])
    return msgspec.json.encode(place.settle(checker(place.written)(value)))


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
def test_the_fast_path_reads_what_the_plain_one_reads_and_nothing_else(given_data):
    cls, fields = given_data
    plainly = outcome(PLAIN.reading(cls), fields)
    try:
        text = json.dumps(fields, allow_nan=False).encode()
    except ValueError:
        return  # no JSON has it
    for annotation, data, expected in ((cls, text, plainly), (list[cls], b"[%b]" % text, within(plainly, "[0]"))):
        assert outcome(CODEC.decode_value, data, annotation) == expected
        try:
            assert fast_reading(annotation, data) == expected
        except DOUBTS:
            assert refused(expected), "what is right goes the fast way"


@calmly
@given(row=rows, data=st.data())
def test_the_fast_path_writes_what_the_plain_one_writes_and_nothing_else(row, data):
    if data.draw(st.booleans(), "damage"):
        name = data.draw(st.sampled_from(FIELDS[type(row)]))
        value = data.draw(anything | st.just(datetime(2026, 11, 22)) | st.just(object()) | points | st.just((1, 2)))
        setattr(row, name, value) if type(row) is Stored else object.__setattr__(row, name, value)
    plainly = outcome(lambda: msgspec.json.encode(PLAIN.writing(type(row))(row)))
    for annotation, value in ((type(row), row), (list[type(row)], [row])):
        expected = plainly if value is row else within(plainly, "[0]")
        assert outcome(CODEC.encode_value, value, annotation) == expected
        try:
            assert fast_writing(annotation, value) == expected
        except DOUBTS:
            assert refused(expected), "what is right goes the fast way"


def refused(result: Any) -> bool:
    """Whether it is the outcome for what does not fit."""
    return isinstance(result, tuple)


def within(result: Any, step: str) -> Any:
    """The outcome for the list that has only this one in it."""
    if refused(result):
        return ("refused", "$" + step + result[1][1:])
    return b"[" + result + b"]" if isinstance(result, bytes) else [result]


FIELDS = {
    Flat: [attribute.name for attribute in attrs.fields(Flat)],
    FlatData: ["number", "text", "names"],
    Stored: ["id", "title", "note"],
    Point: ["x", "weight"],
    Nested: [attribute.name for attribute in attrs.fields(Nested)],
}


@pytest.mark.parametrize("cls", CLASSES)
def test_all_classes_that_do_not_contain_themselves_go_the_fast_way(cls):
    assert CODEC.is_fast(cls)


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


def test_containers_may_hold_anything():
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
    ],
)
def test_the_path_of_what_does_not_fit_is_told(change, path, words):
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


@pytest.mark.parametrize("stranger", [{"number": 1, "text": "", "names": []}, MappingProxyType({}), Stored(), None])
def test_only_instances_are_written_as_a_class(stranger):
    with pytest.raises(TupleError, match="Expected FlatData"):
        CODEC.encode_value(stranger, FlatData)
    with pytest.raises(TupleError, match="Expected FlatData") as caught:
        CODEC.encode_value([FlatData(1), stranger], list[FlatData])
    assert caught.value.path == "$[1]"


def test_a_look_alike_deep_within_is_not_written():
    alike = attrs.make_class("Point", {"x": attrs.field(type=int), "weight": attrs.field(type=Decimal)})
    with pytest.raises(TupleError, match="Expected Point, got Point") as caught:
        CODEC.encode_value(Nested(FlatData(1), [Point(1), alike(1, Decimal(1))], Decimal(1)), Nested)
    assert caught.value.path == "$.points[1]"


def test_the_first_fault_ends_the_reading():
    asked = []

    def structure(text: str) -> str:
        asked.append(text)
        raise ValueError("never")

    never = Annotated[str, TravelsAs(str, unstructure=str, structure=structure)]
    with pytest.raises(TupleError) as caught:
        CODEC.from_builtins({"a": ["1", "2"], "b": ["3"]}, dict[str, list[never]])
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


def test_a_field_that_an_instance_lacks_is_missing():
    lacking = FlatData(1)
    del lacking.number
    assert outcome(CODEC.encode_value, lacking, FlatData) == ("refused", "$.number")


def test_the_arguments_of_a_closed_class_are_all_it_takes():
    closed = attrs.make_class("Closed", {"x": attrs.field(type=int)}, class_body={"__peek_closed__": True})
    for read in (CODEC.from_builtins, lambda data, cls: CODEC.decode_value(json.dumps(data).encode(), cls)):
        assert read({"x": 1}, closed) == closed(1)
        for surplus in ("y", "_t"):
            with pytest.raises(TupleError, match="no such field") as caught:
                read({"x": 1, surplus: "Closed"}, closed)
            assert caught.value.path == f"$.{surplus}"
