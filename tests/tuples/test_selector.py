"""Selectors are equal when they ask for the same."""

import math

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from peek_trio.errors import TupleError
from peek_trio.tuples import TupleSelector

scalars = st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(max_size=8)
values = scalars | st.lists(scalars, max_size=3) | st.dictionaries(st.text(max_size=5), scalars, max_size=3)
objects = st.dictionaries(st.text(max_size=5), values, max_size=5)

calmly = settings(
    deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow]
)  # other work shares the machine


@calmly
@given(objects)
def test_the_order_of_keys_does_not_matter(selector):
    backwards = dict(reversed(list(selector.items())))
    one, other = TupleSelector("x.T", selector), TupleSelector("x.T", backwards)
    assert one == other
    assert hash(one) == hash(other)
    assert one.key == other.key


def test_the_type_and_the_values_matter():
    assert TupleSelector("x.T", {"a": 1}) != TupleSelector("x.U", {"a": 1})
    assert TupleSelector("x.T", {"a": 1}) != TupleSelector("x.T", {"a": "1"})
    assert TupleSelector("x.T", {"a": 1}) != TupleSelector("x.T", {"a": True})


def test_a_whole_float_is_the_integer_that_a_browser_would_send():
    assert TupleSelector("x.T", {"a": 2.0}) == TupleSelector("x.T", {"a": 2})


def test_the_key_is_canonical_json():
    assert (
        TupleSelector("x.T", {"b": [1, {"d": None, "c": "é"}], "a": 1.5}).key == '{"a":1.5,"b":[1,{"c":"é","d":null}]}'
    )


def test_later_changes_to_what_was_given_do_not_matter():
    given_selector = {"ids": [1]}
    selector = TupleSelector("x.T", given_selector)
    given_selector["ids"].append(2)
    assert selector.selector == {"ids": [1]}


@pytest.mark.parametrize(
    ("value", "path"),
    [(math.nan, "$.selector.a"), (2**53, "$.selector.a"), ({1: 2}, "$.selector.a"), ([0, object()], "$.selector.a[1]")],
)
def test_what_is_not_plain_json_is_refused_with_its_path(value, path):
    with pytest.raises(TupleError) as caught:
        TupleSelector("x.T", {"a": value})
    assert caught.value.path == path


def test_a_selector_may_be_empty():
    assert TupleSelector("x.T") == TupleSelector("x.T", {})
    assert TupleSelector("x.T").key == "{}"
