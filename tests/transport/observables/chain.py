"""States that follow each other, as a provider makes them."""

from __future__ import annotations

from datetime import UTC, datetime

from peek_trio.transport.observables.payload import Payload
from peek_trio.transport.observables.state import State
from peek_trio.tuples import TupleRegistry
from tests.transport.network import Reading

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def chain(count: int, rows: int = 300) -> list[State]:
    """`count` states of so many rows, each with one row other than the state before it."""
    codec = TupleRegistry().codec
    made: list[State] = []
    readings = [Reading(f"meter {number}", number) for number in range(rows)]
    for number in range(count):
        readings[number] = Reading("changed", -1)
        payload = Payload.of(readings, Reading, codec, made[-1] if made else None)
        made.append(State("test.Reading", "e1", number, payload.digest, NOW, payload.body, payload.history))
    return made
