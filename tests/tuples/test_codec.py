"""What goes in comes out, and what does not fit is told with its path, both ways."""

import math
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any, Literal

import attrs
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from peek_trio.errors import PeekError, TupleError
from peek_trio.tuples import BigInt, TupleRegistry, tuple_type
from tests.tuples.everything import Everything, Kind, Node, Reading, everything, nodes, readings

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@tuple_type("x.Defaults")
@dataclass
class Defaults:
    id: int
    title: str = "untitled"
    tags: set[str] = field(default_factory=set)
    cached: int = field(init=False, default=5)


@tuple_type("x.Strict")
@attrs.define
class Strict:
    percent: int = attrs.field(validator=attrs.validators.le(100))


@pytest.fixture(scope="module")
def codec():
    registry = TupleRegistry()
    for cls in (Reading, Node, Everything, Defaults, Strict):
        registry.add(cls, owner="x")
    return registry.codec


calmly = settings(
    deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow]
)  # other work shares the machine


@calmly
@given(rows=st.lists(everything, max_size=3))
def test_every_type_survives_the_way(codec, rows):
    assert codec.decode(codec.encode(rows, Everything)) == rows


@calmly
@given(rows=st.lists(readings | nodes, max_size=5))
def test_payloads_of_mixed_types_survive_the_way(codec, rows):
    assert codec.decode(codec.encode(rows)) == rows


@calmly
@given(value=everything)
def test_single_tuples_survive_the_way(codec, value):
    assert codec.decode_one("x.Everything", codec.encode_one(value)) == value


@calmly
@given(value=everything)
def test_plain_python_survives_the_way(codec, value):
    data = codec.to_builtins(value)
    assert codec.from_builtins(msgspec.json.decode(msgspec.json.encode(data)), Everything) == value


@calmly
@given(data=st.binary(max_size=60) | st.binary(max_size=60).map(lambda tail: b'{"t":"x.Reading","rows":[{' + tail))
def test_arbitrary_bytes_are_a_tuple_error(codec, data):
    with pytest.raises(TupleError):
        codec.decode(data)


def test_a_payload_names_its_type_once(codec):
    rows = [Reading(1, "a", 1.5, NOON), Reading(2, "b", 2.5, NOON)]
    assert codec.encode(rows) == (
        b'{"t":"x.Reading","rows":[{"id":1,"name":"a","value":1.5,"at":"2026-11-22T12:00:00Z"},'
        b'{"id":2,"name":"b","value":2.5,"at":"2026-11-22T12:00:00Z"}]}'
    )


def test_a_mixed_payload_names_the_type_of_every_row(codec):
    data = msgspec.json.decode(codec.encode([Strict(5), Node("n")]))
    assert data == {
        "rows": [{"_t": "x.Strict", "percent": 5}, {"_t": "x.Node", "name": "n", "children": [], "twin": None}]
    }


def test_no_rows_are_a_payload_too(codec):
    assert codec.encode([], Reading) == b'{"t":"x.Reading","rows":[]}'
    assert codec.encode([]) == b'{"rows":[]}'
    assert codec.decode(b'{"rows":[]}') == []


def test_types_json_lacks_are_text(codec):
    one = Defaults(1, tags={"b", "a"})
    assert codec.encode_one(one) == b'{"id":1,"title":"untitled","tags":["a","b"]}'
    assert codec.encode_value(2**60, BigInt) == b'"1152921504606846976"'
    assert codec.encode_value(Decimal("12.50"), Decimal) == b'"12.50"'
    assert codec.encode_value(b"hi", bytes) == b'"aGk="'


def test_an_offset_is_kept(codec):
    moment = datetime(2026, 7, 1, 8, tzinfo=timezone(timedelta(hours=2)))
    assert codec.encode_value(moment, datetime) == b'"2026-07-01T08:00:00+02:00"'


def test_a_field_with_a_default_may_be_missing(codec):
    assert codec.decode(b'{"t":"x.Defaults","rows":[{"id":7}]}') == [Defaults(7)]
    assert codec.decode(b'{"t":"x.Defaults","rows":[{"id":7,"tags":["x"]}]}') == [Defaults(7, tags={"x"})]


def test_what_a_newer_peer_says_more_is_ignored(codec):
    assert codec.decode(b'{"t":"x.Strict","rows":[{"percent":5,"since":[1,{"a":null}]}]}') == [Strict(5)]
    assert codec.decode_one("x.Node", b'{"name":"n","weight":5}') == Node("n")
    assert codec.from_builtins({"percent": 5, "since": None}, Strict) == Strict(5)


def test_of_two_equal_keys_the_last_counts(codec):
    assert codec.decode(b'{"t":"x.Strict","rows":[{"percent":1,"percent":2}]}') == [Strict(2)]


ROW = {"id": 1, "name": "n", "value": 1.0, "at": "2026-11-22T12:00:00Z"}


@pytest.mark.parametrize(
    ("change", "path", "words"),
    [
        ({"id": "5"}, "$.rows[1].id", "Expected int, got str"),
        ({"id": 5.0}, "$.rows[1].id", "Expected int, got float"),
        ({"id": True}, "$.rows[1].id", "Expected int, got bool"),
        ({"id": None}, "$.rows[1].id", "Expected int, got null"),
        ({"id": 2**53}, "$.rows[1].id", "2^53"),
        ({"name": 5}, "$.rows[1].name", "Expected str, got int"),
        ({"value": "1.0"}, "$.rows[1].value", "Expected float, got str"),
        ({"at": "2026-11-22T12:00:00"}, "$.rows[1].at", "offset from UTC"),
        ({"at": 1763812800}, "$.rows[1].at", "Expected datetime, got int"),
        ({"at": "yesterday"}, "$.rows[1].at", "datetime"),
        ({"_t": "x.Nobody"}, "$.rows[1]._t", 'no tuple type "x.Nobody"'),
    ],
)
def test_incoming_data_that_does_not_fit_is_told_with_its_path(codec, change, path, words):
    data = msgspec.json.encode({"t": "x.Reading", "rows": [ROW, {**ROW, **change}]})
    with pytest.raises(TupleError) as caught:
        codec.decode(data)
    assert caught.value.path == path
    assert words in str(caught.value)


def test_a_missing_field_is_told_with_its_path(codec):
    with pytest.raises(TupleError, match="missing") as caught:
        codec.decode(b'{"t":"x.Node","rows":[{"name":"a","children":[{}]}]}')
    assert caught.value.path == "$.rows[0].children[0].name"


@pytest.mark.parametrize(
    ("row", "path"),
    [
        (Reading(1, "n", math.nan, NOON), "$.rows[1].value"),
        (Reading(1, "n", -math.inf, NOON), "$.rows[1].value"),
        (Reading(1, "n", 1.0, NOON.replace(tzinfo=None)), "$.rows[1].at"),
        (Reading(2**53, "n", 1.0, NOON), "$.rows[1].id"),
        (Reading("5", "n", 1.0, NOON), "$.rows[1].id"),
        (Reading(1, None, 1.0, NOON), "$.rows[1].name"),
        (Reading(1, "n", 1.0, "2026-11-22T12:00:00Z"), "$.rows[1].at"),
    ],
)
def test_outgoing_data_that_does_not_fit_is_told_here_with_its_path(codec, row, path):
    with pytest.raises(TupleError) as caught:
        codec.encode([Reading(1, "n", 1.0, NOON), row])
    assert caught.value.path == path


@pytest.mark.parametrize(
    ("value", "annotation", "path"),
    [
        ([Decimal("NaN")], list[Decimal], "$[0]"),
        ({"a": [1, "2"]}, dict[str, list[int]], "$[...][1]"),
        ({"a": math.nan}, Any, "$.a"),
        ([1, {"b": 2**53}], Any, "$[1].b"),
        ({1: 2}, Any, "$"),
        ([1], set[int], "$"),
        (10**1000, BigInt, "$"),
        ("5", BigInt, "$"),
        ((1, 2, 3), tuple[int, Decimal], "$"),
        ("\ud800", str, "$"),
        (object(), Any, "$"),
        (float, Any, "$"),
    ],
)
def test_values_that_do_not_fit_their_annotation_are_told(codec, value, annotation, path):
    with pytest.raises(TupleError) as caught:
        codec.encode_value(value, annotation)
    assert caught.value.path == path


@pytest.mark.parametrize(
    ("data", "annotation", "path"),
    [
        (b'["1.5","1,5"]', list[Decimal], "$[1]"),
        (b'"NaN"', Decimal, "$"),
        (b"1.5", Decimal, "$"),
        (b'"' + b"9" * 5000 + b'"', BigInt, "$"),
        (b"5", BigInt, "$"),
        (b'{"a":[9007199254740992]}', Any, "$.a[0]"),
        (b"1e400", float, "$"),
        (b'"pipe"', Kind, "$"),
        (b'"maybe"', Literal["on", "off"], "$"),
        (b"[1]", tuple[int, Decimal], "$"),
        (b'[1,"x"]', tuple[int, Decimal], "$[1]"),
        (b'{"rows":1} x', Any, "$"),
    ],
)
def test_incoming_values_that_do_not_fit_are_told(codec, data, annotation, path):
    with pytest.raises(TupleError) as caught:
        codec.decode_value(data, annotation)
    assert caught.value.path == path


def test_a_value_with_no_annotation_travels_as_its_class_says(codec):
    assert (
        codec.encode_value({"rows": [Strict(5)], "at": NOON}) == b'{"rows":[{"percent":5}],"at":"2026-11-22T12:00:00Z"}'
    )


@pytest.mark.parametrize(
    "data", [b'{"t":"x.Nobody","rows":[]}', b'{"rows":[{"_t":"x.Nobody"}]}', b'{"rows":[{"id":1}]}', b"{}", b"[]"]
)
def test_unknown_types_and_other_shapes_are_errors(codec, data):
    with pytest.raises(TupleError):
        codec.decode(data)


def test_a_class_without_a_name_does_not_travel(codec):
    plain_class = attrs.make_class("Plain", {"x": attrs.field(type=int)})
    with pytest.raises(PeekError, match="not a tuple type"):
        codec.encode([plain_class(1)])


def test_rows_of_another_type_than_announced_are_an_error(codec):
    with pytest.raises(TupleError, match="Expected Reading, got Node") as caught:
        codec.encode([Node("n")], Reading)
    assert caught.value.path == "$.rows[0]"


def test_a_validator_of_the_class_is_asked(codec):
    with pytest.raises(TupleError, match="Strict does not accept") as caught:
        codec.decode(b'{"t":"x.Strict","rows":[{"percent":5},{"percent":101}]}')
    assert caught.value.path == "$.rows[1]"


def test_data_that_nests_too_deep_is_refused_both_ways(codec):
    node = Node("leaf")
    for _ in range(40):
        node = Node("branch", [node])
    with pytest.raises(TupleError, match="64 levels"):
        codec.encode([node])
    with pytest.raises(TupleError, match="64 levels"):
        codec.decode_value(b"[" * 65 + b"]" * 65, Any)
    assert codec.decode_value(b"[" * 64 + b"]" * 64, Any)


@pytest.mark.parametrize("data", [b"[" * 200_000, b'{"t":"x.Node","rows":' + b"[" * 200_000, b'{"a":' * 100_000])
def test_a_bomb_of_brackets_is_a_tuple_error(codec, data):
    for decode in (
        codec.decode,
        lambda bomb: codec.decode_value(bomb, Any),
        lambda bomb: codec.decode_one("x.Node", bomb),
    ):
        with pytest.raises(TupleError):
            decode(data)


def test_an_object_that_contains_itself_is_a_tuple_error(codec):
    node = Node("ouroboros")
    node.children.append(node)
    with pytest.raises(TupleError, match="contains itself"):
        codec.encode([node])
    loop: list[Any] = []
    loop.append(loop)
    with pytest.raises(TupleError, match="contains itself"):
        codec.encode_value(loop)
