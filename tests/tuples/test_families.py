"""An instance of a registered subclass travels as itself where its base class is declared, and nothing is ever cut down."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import attrs
import msgspec
import pytest

from peek_trio.errors import TupleError
from peek_trio.tuples import TupleRegistry, tuple_type

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


@tuple_type("x.Event")
@attrs.define
class Event:
    at: datetime


@tuple_type("x.Alarm")
@attrs.define
class Alarm(Event):
    level: int = 1


@tuple_type("x.FireAlarm")
@attrs.frozen
class FireAlarm(Alarm):
    place: str = ""


@attrs.define
class Nameless(Event):
    pass


@tuple_type("x.Day")
@dataclass
class Day:
    worst: Event
    others: list[Event]
    last: Event | None = None
    named: dict[str, Alarm] | None = None


@tuple_type("x.Shape")
@attrs.define
class Shape:
    name: str


@tuple_type("x.Group")
@attrs.define
class Group(Shape):
    """With it there are trees as deep as one likes, though no class names itself."""

    first: Shape


ALL = (Event, Alarm, FireAlarm, Day, Shape, Group)


@pytest.fixture
def registry():
    registry = TupleRegistry()
    for cls in ALL:
        registry.add(cls, owner="x")
    return registry


@pytest.fixture
def codec(registry):
    return registry.codec


DAY = Day(
    Alarm(NOON, 3), [Event(NOON), FireAlarm(NOON, 5, "hall")], FireAlarm(NOON), {"a": Alarm(NOON), "b": FireAlarm(NOON)}
)


def test_fields_hold_subclasses_as_themselves(codec):
    assert codec.decode(codec.encode([DAY])) == [DAY]
    assert codec.from_builtins(codec.to_builtins(DAY), Day) == DAY
    first, second = msgspec.json.decode(codec.encode_one(DAY))["others"]
    assert first == {"at": "2026-11-22T12:00:00Z"}
    assert second == {"_t": "x.FireAlarm", "at": "2026-11-22T12:00:00Z", "level": 5, "place": "hall"}


def test_rows_may_be_of_subclasses(codec):
    rows = [Event(NOON), Alarm(NOON, 2), FireAlarm(NOON, 3, "hall")]
    payload = codec.encode(rows, Event)
    assert msgspec.json.decode(payload) == {
        "t": "x.Event",
        "rows": [
            {"at": "2026-11-22T12:00:00Z"},
            {"_t": "x.Alarm", "at": "2026-11-22T12:00:00Z", "level": 2},
            {"_t": "x.FireAlarm", "at": "2026-11-22T12:00:00Z", "level": 3, "place": "hall"},
        ],
    }
    assert codec.decode(payload) == rows
    assert codec.decode(codec.encode(rows)) == rows  # a payload of mixed types


def test_inherited_fields_travel(codec):
    assert codec.encode_one(FireAlarm(NOON, 2, "hall")) == b'{"at":"2026-11-22T12:00:00Z","level":2,"place":"hall"}'


def test_an_object_may_say_the_type_that_its_place_says(codec):
    assert codec.decode_one("x.Shape", b'{"_t":"x.Shape","name":"n"}') == Shape("n")
    assert codec.decode_one("x.Day", b'{"_t":"x.Day","worst":{"at":"2026-11-22T12:00:00Z"},"others":[]}') == Day(
        Event(NOON), []
    )


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ('"x.Nobody"', 'no tuple type "x.Nobody"'),
        ('"x.Shape"', "x.Shape is no kind of Event"),
        ("5", "Expected str, got int"),
        ("null", "Expected str, got null"),
    ],
)
def test_a_type_that_may_not_stand_here_is_an_error_with_its_path(codec, name, words):
    data = f'{{"t":"x.Day","rows":[{{"worst":{{"at":"2026-11-22T12:00:00Z"}},"others":[{{"_t":{name}}}]}}]}}'
    with pytest.raises(TupleError, match=words) as caught:
        codec.decode(data.encode())
    assert caught.value.path == "$.rows[0].others[0]._t"


def test_a_base_class_may_not_stand_for_its_subclass(codec):
    with pytest.raises(TupleError, match="Event is no kind of Alarm") as caught:
        codec.from_builtins(
            {"worst": {"at": "2026-11-22T12:00:00Z"}, "others": [], "named": {"a": {"_t": "x.Event"}}}, Day
        )
    assert caught.value.path == "$.named.a._t"
    with pytest.raises(TupleError, match="Expected Alarm, got Event"):
        codec.encode([Day(Event(NOON), [], named={"a": Event(NOON)})])


@pytest.mark.parametrize("fields", [{}, {"_t": "x.Alarm", "level": "3"}, {"_t": "x.FireAlarm", "place": 5}])
def test_what_does_not_fit_a_subclass_is_told_with_its_path(codec, fields):
    with pytest.raises(TupleError) as caught:
        codec.from_builtins({"worst": fields, "others": []}, Day)
    assert caught.value.path in ("$.worst.at", "$.worst.level", "$.worst.place")


@pytest.mark.parametrize("wrong", [Nameless(NOON), Shape("s"), None])
def test_an_instance_of_an_unregistered_subclass_is_not_written(codec, wrong):
    with pytest.raises(TupleError, match="Expected Event, got") as caught:
        codec.encode([Day(Event(NOON), [Event(NOON), wrong])])
    assert caught.value.path == "$.rows[0].others[1]"


def test_what_is_not_registered_here_is_neither_written_nor_read():
    registry = TupleRegistry()
    registry.add(Day, owner="x")
    codec = registry.codec
    assert codec.is_fast(Day)
    with pytest.raises(TupleError, match="Expected Event, got Alarm, a subclass that is not registered here") as caught:
        codec.encode_one(Day(Alarm(NOON), []))
    assert caught.value.path == "$.worst"
    with pytest.raises(TupleError, match=r'no tuple type "x\.Alarm"') as caught:
        codec.decode_one("x.Day", b'{"worst":{"_t":"x.Alarm","at":"2026-11-22T12:00:00Z"},"others":[]}')
    assert caught.value.path == "$.worst._t"


def test_only_classes_with_registered_subclasses_leave_the_fast_path(registry):
    codec = registry.codec
    assert [codec.is_fast(cls) for cls in ALL] == [False, False, True, True, False, True]
    registry.remove_owner("x")
    assert codec.is_fast(Event)


def test_a_subclass_that_comes_later_is_known_at_once():
    registry = TupleRegistry()
    registry.add(Event, owner="x")
    assert registry.codec.decode(registry.codec.encode([Event(NOON)])) == [Event(NOON)]
    registry.add(Alarm, owner="y")
    assert registry.codec.decode(registry.codec.encode([Alarm(NOON)], Event)) == [Alarm(NOON)]
    registry.remove_owner("y")
    with pytest.raises(TupleError, match="not registered here"):
        registry.codec.encode([Alarm(NOON)], Event)


def test_a_tree_of_subclasses_may_not_nest_too_deep(codec):
    shape: Shape = Shape("leaf")
    for _ in range(40):
        shape = Group("g", shape)
    assert codec.decode(codec.encode([shape], Shape)) == [shape]
    for _ in range(40):
        shape = Group("g", shape)
    with pytest.raises(TupleError, match="64 levels"):
        codec.encode([shape], Shape)
    data: dict[str, Any] = {"name": "leaf"}
    for _ in range(80):
        data = {"_t": "x.Group", "name": "g", "first": data}
    with pytest.raises(TupleError, match="64 levels"):
        codec.decode(msgspec.json.encode({"t": "x.Shape", "rows": [data]}))


def test_a_field_cannot_have_the_name_under_which_types_stand():
    with pytest.raises(TupleError, match="where the name of a type stands") as caught:
        TupleRegistry().add(tuple_type("x.Bad")(attrs.make_class("Bad", {"_t": attrs.field(type=int)})), owner="x")
    assert caught.value.path == "$._t"
