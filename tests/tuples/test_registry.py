"""Names have one owner, and leave with it."""

from typing import Any

import attrs
import pytest

from peek_trio.errors import PeekError, TupleError
from peek_trio.tuples import TupleRegistry, schema_hash, tuple_type


@tuple_type("x.One")
@attrs.define
class One:
    id: int


@tuple_type("x.Two")
@attrs.define
class Two:
    id: int
    name: str


def named(name: str, annotation: Any) -> type:
    return tuple_type(name)(attrs.make_class("Made", {"value": attrs.field(type=annotation)}))


def test_types_are_found_by_name():
    registry = TupleRegistry()
    registry.add(Two, owner="x")
    registry.add(One, owner="x")
    assert registry.names() == ["x.One", "x.Two"]
    assert registry.get("x.Two") is Two
    assert registry.hashes() == {"x.One": schema_hash(One), "x.Two": schema_hash(Two)}


def test_an_unknown_name_is_an_error():
    with pytest.raises(TupleError, match=r'no tuple type "x\.One"'):
        TupleRegistry().get("x.One")


def test_a_second_owner_of_a_name_is_an_error_that_names_both():
    registry = TupleRegistry()
    registry.add(One, owner="peek_plugin_a")
    with pytest.raises(PeekError, match=r"x\.One of peek_plugin_b belongs to peek_plugin_a"):
        registry.add(named("x.One", int), owner="peek_plugin_b")
    assert registry.get("x.One") is One


def test_the_same_owner_may_replace_a_type_and_the_codec_follows():
    registry = TupleRegistry()
    registry.add(One, owner="x")
    registry.codec.encode([One(1)])
    newer = named("x.One", str)
    registry.add(newer, owner="x")
    assert registry.codec.decode(b'{"t":"x.One","rows":[{"value":"new"}]}') == [newer("new")]
    assert registry.hashes()["x.One"] == schema_hash(newer)


def test_types_leave_with_their_owner():
    registry = TupleRegistry()
    registry.add(One, owner="a")
    registry.add(Two, owner="b")
    registry.remove_owner("a")
    registry.remove_owner("never came")
    assert registry.names() == ["x.Two"]
    with pytest.raises(TupleError):
        registry.codec.decode(b'{"t":"x.One","rows":[]}')
    registry.add(One, owner="c")


def test_two_registries_do_not_know_each_other():
    one, other = TupleRegistry(), TupleRegistry()
    one.add(One, owner="x")
    assert other.names() == []


def test_a_class_that_was_not_declared_is_an_error():
    with pytest.raises(PeekError, match="not a tuple type"):
        TupleRegistry().add(attrs.make_class("Plain", ["x"]), owner="x")


@pytest.mark.parametrize("annotation", [complex, dict[int, str], int | One | Two, bytes | str, list["set[complex]"]])
def test_a_type_that_cannot_travel_is_told_when_it_is_added(annotation):
    registry = TupleRegistry()
    with pytest.raises(TupleError, match="cannot travel") as caught:
        registry.add(named("x.Bad", annotation), owner="peek_plugin_x")
    assert caught.value.path == "$.value"
    assert "x.Bad of peek_plugin_x" in str(caught.value)
    assert registry.names() == []
