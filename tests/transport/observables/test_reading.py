"""What frames make of the state that a subscriber has."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from peek_trio.errors import FrameError, TupleError
from peek_trio.transport.observables.body import Body
from peek_trio.transport.observables.history import MOST_DELTAS
from peek_trio.transport.observables.reading import read_state, skipped_in
from peek_trio.transport.observables.state import State
from peek_trio.transport.wire import Frame
from tests.transport.observables.chain import chain

NOW = datetime(2026, 1, 1, tzinfo=UTC)
HEADER = {"i": 1, "t": "test.Reading", "epoch": "e", "rev": 1, "dig": "d", "at": NOW.isoformat()}


def test_a_state_survives_its_frame() -> None:
    (state,) = chain(1)
    again = read_state(state.frame(1), None)
    assert (again.epoch, again.revision, again.digest, again.at) == ("e1", 0, state.digest, NOW)
    assert again.body == state.body


def test_same_renews_everything_but_the_rows_and_how_they_came_about() -> None:
    _, state = chain(2)
    renewed = read_state(Frame({**HEADER, "k": "same", "dig": state.digest, "epoch": "f", "rev": 9}), state)
    assert (renewed.epoch, renewed.revision, renewed.body, renewed.history) == ("f", 9, state.body, state.history)


def test_deltas_lead_to_the_state_that_they_say() -> None:
    first, second, third = chain(3)
    for known in first, second:
        reached = read_state(third.frame(1, known.digest), known)
        assert reached.body.raw() == third.body.raw()
        assert reached.digest == third.digest


def test_a_state_with_deltas_is_not_opened_and_remembers_them() -> None:
    first, second, third = chain(3)
    relayed = read_state(first.frame(1, both=True), None)
    relayed = read_state(second.frame(1, first.digest, both=True), relayed)
    relayed = read_state(third.frame(1, second.digest, both=True), relayed)
    assert relayed.body == third.body
    assert relayed.history == third.history


def test_several_deltas_with_a_state_are_one_step() -> None:
    first, _, third = chain(3)
    relayed = read_state(third.frame(1, first.digest, both=True), first)
    assert relayed.history.since(first.digest) == third.history.since(first.digest)
    assert relayed.body == third.body


def test_deltas_that_do_not_begin_at_what_is_known_are_not_remembered() -> None:
    first, second, third = chain(3)
    for known in None, first:
        relayed = read_state(third.frame(1, second.digest, both=True), known)
        assert relayed.body == third.body
        assert relayed.history.steps == ()


def test_what_does_not_belong_to_the_known_state_must_be_asked_anew() -> None:
    first, second, third = chain(3)
    lying = third.frame(1, second.digest)
    lying.header["dig"] = "something else"
    cut = third.frame(1, second.digest)
    cut.body = b"x" * len(cut.body)
    for frame, known in [
        (third.frame(1, second.digest), first),
        (third.frame(1, second.digest), None),
        (third.frame(1, third.digest), second),
        (third.frame(1, third.digest), None),
        (lying, second),
        (cut, second),
    ]:
        with pytest.raises(TupleError):
            read_state(frame, known)


@pytest.mark.parametrize(
    "wrong",
    [{"t": 1}, {"epoch": None}, {"rev": "1"}, {"rev": True}, {"dig": 5}, {"at": 3}, {"at": "2026-01-01T00:00:00"}],
)
def test_a_state_without_its_header_is_not_the_protocol(wrong: dict[str, Any]) -> None:
    with pytest.raises(FrameError):
        read_state(Frame({**HEADER, "k": "state", **wrong}), None)


@pytest.mark.parametrize(
    "wrong",
    [
        {"parts": [[4, 0]]},
        {"base": "b"},
        {"base": "b", "parts": []},
        {"base": "b", "parts": [4]},
        {"base": "b", "parts": [[4]]},
        {"base": "b", "parts": [["4", 0]]},
        {"base": "b", "parts": [[0, 0]]},
        {"base": "b", "parts": [[3, 0], [2, 0]]},
        {"base": "b", "parts": [[1, 0]]},
        {"base": "b", "parts": [[1, 0]] * (MOST_DELTAS + 1)},
    ],
)
def test_deltas_that_are_not_parts_of_the_body_are_not_the_protocol(wrong: dict[str, Any]) -> None:
    known = State("test.Reading", "e", 1, "b", NOW, Body(b"", False))
    with pytest.raises(FrameError):
        read_state(Frame({**HEADER, "k": "delta", **wrong}, b"four"), known)


def test_another_kind_is_not_the_protocol() -> None:
    with pytest.raises(FrameError, match="does not answer"):
        read_state(Frame({**HEADER, "k": "res"}), None)


@pytest.mark.parametrize("wrong", [-1, "1", True, None])
def test_skip_is_a_count(wrong: object) -> None:
    assert skipped_in(Frame({"skip": 3})) == 3
    assert skipped_in(Frame({})) == 0
    with pytest.raises(FrameError):
        skipped_in(Frame({"skip": wrong}))
