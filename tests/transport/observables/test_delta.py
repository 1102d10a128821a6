"""What changed between two payloads, and back: whatever the rows, the delta of two payloads makes the second of the first."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peek_trio.errors import TupleError
from peek_trio.transport.observables.delta import MOST_COMPARED, apply, difference

rows = st.lists(st.sampled_from([{"name": "row", "n": n} for n in range(6)]) | st.integers(), max_size=30)
"""Few different rows, so that equal ones are common."""


def payload(rows: list[Any], kind: str | None = "test.Reading") -> bytes:
    data: dict[str, Any] = {"rows": rows} if kind is None else {"t": kind, "rows": rows}
    return json.dumps(data, separators=(",", ":"), ensure_ascii=False).encode()


def wide(number: object) -> dict[str, object]:
    """A row that is much larger than what a delta says of its place."""
    return {"name": f"meter {number} of the pumping station at the lake", "value": number}


def delta(old: list[Any], new: list[Any]) -> dict[str, Any]:
    made = difference(payload(old), payload(new))
    assert made is not None
    assert apply(made, payload(old)) == payload(new)
    found: dict[str, Any] = json.loads(made)
    return found


@given(rows, rows, st.sampled_from(["test.Reading", None, "p.\u00dcbung"]))
def test_a_delta_makes_the_new_payload_of_the_old_byte_for_byte(old: list[Any], new: list[Any], kind: str) -> None:
    made = difference(payload(old, kind), payload(new, kind))
    if made is not None:
        assert len(made) < len(payload(new, kind))
        assert apply(made, payload(old, kind)) == payload(new, kind)


@given(st.lists(st.integers(0, 40), max_size=40, unique=True), st.data())
def test_a_few_edits_of_rows_that_differ_always_have_a_delta(numbers: list[int], data: st.DataObject) -> None:
    old = [wide(number) for number in [*range(100, 140), *numbers]]
    new = list(old)
    for _ in range(data.draw(st.integers(0, 4))):
        place = data.draw(st.integers(0, len(new) - 1))
        match data.draw(st.sampled_from(["change", "remove", "insert", "move"])):
            case "change":
                new[place] = wide("changed")
            case "remove":
                del new[place]
            case "insert":
                new.insert(place, wide("new"))
            case "move":
                new.insert(data.draw(st.integers(0, len(new) - 1)), new.pop(place))
    made = delta(old, new)
    assert len(made["rows"]) <= 4
    assert len(made["gone"]) <= 4


def test_a_changed_row_is_gone_and_comes_again() -> None:
    old = [wide(number) for number in range(5)]
    assert delta(old, [*old[:2], wide("new"), *old[3:]]) == {
        "t": "test.Reading",
        "gone": [2],
        "rows": [[2, wide("new")]],
    }


def test_rows_are_removed_by_their_old_places_and_inserted_at_their_new_ones() -> None:
    old = [wide(number) for number in range(6)]
    new = [wide("a"), *old[:2], *old[4:], wide("b")]
    assert delta(old, new) == {"t": "test.Reading", "gone": [2, 3], "rows": [[0, wide("a")], [5, wide("b")]]}


@pytest.mark.parametrize(("start", "end"), [(0, 9), (9, 0), (2, 7), (7, 2), (3, 4)])
def test_a_row_that_moved_costs_one_removal_and_one_insertion(start: int, end: int) -> None:
    old = [wide(number) for number in range(10)]
    new = list(old)
    new.insert(end, new.pop(start))
    made = delta(old, new)
    assert (len(made["gone"]), len(made["rows"])) == (1, 1)


def test_a_list_that_drops_its_oldest_row_for_a_new_one_costs_one_of_each() -> None:
    made = delta([wide(number) for number in range(100)], [wide(number) for number in range(1, 101)])
    assert made == {"t": "test.Reading", "gone": [0], "rows": [[99, wide(100)]]}


def test_of_equal_rows_only_those_that_differ_in_number_travel() -> None:
    made = delta([wide(1)] * 50, [wide(1)] * 48 + [wide(2)])
    assert (len(made["gone"]), made["rows"]) == (2, [[48, wide(2)]])


def test_mixed_rows_carry_their_types_and_have_deltas_too() -> None:
    old = [{"_t": "p.A", **wide(number)} for number in range(5)]
    new = [*old, {"_t": "p.B", "x": 1}]
    made = difference(payload(old, None), payload(new, None))
    assert json.loads(made or b"") == {"gone": [], "rows": [[5, {"_t": "p.B", "x": 1}]]}


def test_payloads_of_different_types_have_none() -> None:
    same = [wide(number) for number in range(5)]
    assert difference(payload(same, "p.A"), payload(same, "p.B")) is None
    assert difference(payload(same, "p.A"), payload(same, None)) is None


def test_a_delta_that_saves_little_is_not_made() -> None:
    old, new = [wide(number) for number in range(100)], [wide(-number) for number in range(1, 101)]
    assert difference(payload(old), payload(new)) is None
    assert difference(payload([]), payload(new)) is None
    assert difference(payload([1, 2]), payload([])) is None


def test_the_longest_order_is_kept_when_everything_is_shuffled() -> None:
    numbers = list(range(200))
    random.Random(7).shuffle(numbers)
    old, new = [wide(number) for number in range(200)], [wide(number) for number in range(150)]
    new[50:60] = [wide(number) for number in numbers[:10]]
    made = delta(old, new)
    assert len(made["rows"]) <= 10


def test_too_many_rows_are_not_compared_with_each_other() -> None:
    old = list(range(2 * MOST_COMPARED + 2))
    assert difference(payload(old), payload([*old[1:], 0])) is None
    assert difference(payload(old), payload([-1, *old])) is not None


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (b"{", "damaged"),
        (b'{"gone":[0]}', "damaged"),
        (b'{"gone":[0.5],"rows":[]}', "damaged"),
        (b'{"t":"p.Other","gone":[],"rows":[]}', r"rows of None"),
        (b'{"gone":[3],"rows":[]}', "removes row 3"),
        (b'{"gone":[-1],"rows":[]}', "removes row -1"),
        (b'{"gone":[1,1],"rows":[]}', "removes row 1"),
        (b'{"gone":[2,1],"rows":[]}', "removes row 1"),
        (b'{"gone":[],"rows":[[5,1]]}', "a row at 5"),
        (b'{"gone":[],"rows":[[4,1]]}', "a row at 4"),
        (b'{"gone":[],"rows":[[-1,1]]}', "a row at -1"),
        (b'{"gone":[],"rows":[[1,1],[1,2]]}', "a row at 1"),
        (b'{"gone":[],"rows":[[2,1],[1,2]]}', "a row at 1"),
        (b'{"gone":[0,1,2],"rows":[[0,1],[2,1],[1,1]]}', "a row at 2"),
    ],
)
def test_a_delta_that_does_not_fit_is_an_error_that_says_where(wrong: bytes, sentence: str) -> None:
    with pytest.raises(TupleError, match=sentence):
        apply(wrong, b'{"rows":[1,2,3]}')
