"""Answers of providers, encoded."""

from __future__ import annotations

from datetime import UTC, datetime

from peek_trio.transport.observables.body import COMPRESS_FROM
from peek_trio.transport.observables.payload import Payload
from peek_trio.transport.observables.state import State
from peek_trio.tuples import TupleRegistry
from tests.transport.network import Reading

NOW = datetime(2026, 1, 1, tzinfo=UTC)
codec = TupleRegistry().codec


def readings(count: int, **changed: int) -> list[Reading]:
    return [Reading(f"meter {number}", changed.get(f"row{number}", number)) for number in range(count)]


def state(payload: Payload) -> State:
    return State("test.Reading", "e", 1, payload.digest, NOW, payload.body, payload.history)


def test_a_small_payload_is_left_alone_and_a_large_one_compressed() -> None:
    small = Payload.of([Reading("a", 1)], Reading, codec)
    large = Payload.of([Reading("a", 1)] * 200, Reading, codec)
    assert not small.body.compressed
    assert large.body.compressed
    assert len(large.body.data) < COMPRESS_FROM


def test_the_digest_is_of_the_rows_whatever_the_compression() -> None:
    one, same, other = [Payload.of([Reading("a", value)] * 200, Reading, codec) for value in (1, 1, 2)]
    assert one.digest == same.digest != other.digest


def test_no_rows_keep_their_type() -> None:
    assert Payload.of([], Reading, codec).body.data == b'{"t":"test.Reading","rows":[]}'


def test_what_has_not_changed_keeps_its_body_and_its_history() -> None:
    first = Payload.of(readings(100), Reading, codec)
    second = Payload.of(readings(100, row3=0), Reading, codec, state(first))
    again = Payload.of(readings(100, row3=0), Reading, codec, state(second))
    assert again.body is second.body
    assert again.history is second.history
    assert len(second.history.steps) == 1


def test_a_change_is_remembered_as_a_delta() -> None:
    first = Payload.of(readings(100), Reading, codec)
    second = Payload.of(readings(100, row3=0), Reading, codec, state(first))
    third = Payload.of(readings(100, row3=0, row7=0), Reading, codec, state(second))
    assert [step.base for step in third.history.steps] == [first.digest, second.digest]
    (delta,) = third.history.since(second.digest)
    assert delta.data == b'{"t":"test.Reading","gone":[7],"rows":[[7,{"meter":"meter 7","value":0}]]}'


def test_a_change_of_nearly_everything_ends_the_history() -> None:
    first = Payload.of(readings(100), Reading, codec)
    second = Payload.of(readings(100, row3=0), Reading, codec, state(first))
    third = Payload.of([Reading(f"other {number}", 0) for number in range(100)], Reading, codec, state(second))
    assert third.history.steps == ()


def test_of_a_tiny_state_there_are_no_deltas() -> None:
    first = Payload.of(readings(2), Reading, codec)
    assert Payload.of(readings(2, row0=5), Reading, codec, state(first)).history.steps == ()
