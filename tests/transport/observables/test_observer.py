"""Subscribers at the end of a link, and within the service."""

from __future__ import annotations

from datetime import UTC, datetime

import attrs
import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from peek_trio.errors import NotAllowed, TupleError
from peek_trio.transport.exchange import Port
from peek_trio.transport.observables.observer import LinkSubscriber, Observation
from peek_trio.transport.observables.state import Payload, StaleInfo, State
from peek_trio.transport.timetable import Timetable
from peek_trio.tuples import TupleRegistry
from tests.transport.network import JOE, Reading
from tests.transport.recorder import RecordingLink

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def registry() -> TupleRegistry:
    registry = TupleRegistry()
    registry.add(Reading, owner="test")
    return registry


def state(value: int, *, rows: int = 1) -> State:
    payload = Payload.of([Reading("meter", value)] * rows, Reading, registry().codec)
    return State("test.Reading", "e1", value, payload.digest, NOW, payload.body, payload.compressed)


def subscriber() -> tuple[RecordingLink, LinkSubscriber]:
    link = RecordingLink()
    return link, LinkSubscriber(Port(link, Timetable()), 7, JOE)


# Over a link


def test_a_state_is_posted_with_its_header_and_body() -> None:
    link, watcher = subscriber()
    watcher.changed(state(1), None)
    (frame,) = link.take_posted()
    assert frame.header == {
        "k": "state",
        "i": 7,
        "t": "test.Reading",
        "epoch": "e1",
        "rev": 1,
        "dig": state(1).digest,
        "at": "2026-01-01T00:00:00+00:00",
    }
    assert frame.body == state(1).body


def test_a_compressed_state_says_so() -> None:
    link, watcher = subscriber()
    watcher.changed(state(1, rows=100), None)
    (frame,) = link.take_posted()
    assert frame.header["z"] == 1
    assert len(frame.body) < 1000


def test_a_slow_receiver_gets_the_newest_state_and_the_count_of_what_it_missed() -> None:
    link, watcher = subscriber()
    for value in (1, 2, 3):
        watcher.changed(state(value), None)
    (frame,) = link.take_posted()
    assert (frame.header["rev"], frame.header["skip"]) == (3, 2)
    watcher.changed(state(4), None)
    (frame,) = link.take_posted()
    assert frame.header["rev"] == 4
    assert "skip" not in frame.header


def test_freshness_alone_travels_without_a_body() -> None:
    link, watcher = subscriber()
    watcher.same(state(1), StaleInfo(NOW, "gone"))
    (frame,) = link.take_posted()
    assert frame.header["k"] == "same"
    assert frame.header["stale"] == {"since": "2026-01-01T00:00:00+00:00", "reason": "gone"}
    assert frame.body == b""


def test_freshness_does_not_displace_a_state_that_has_not_left() -> None:
    link, watcher = subscriber()
    watcher.changed(state(1), None)
    watcher.same(state(1), StaleInfo(NOW, "gone"))
    (frame,) = link.take_posted()
    assert (frame.header["k"], frame.header["stale"]["reason"]) == ("state", "gone")
    assert frame.body == state(1).body
    assert "skip" not in frame.header


def test_freshness_that_a_state_displaces_is_not_counted_as_missed() -> None:
    link, watcher = subscriber()
    watcher.changed(state(1), None)
    link.take_posted()
    watcher.same(state(1), StaleInfo(NOW, "gone"))
    watcher.changed(state(2), None)
    (frame,) = link.take_posted()
    assert frame.header["k"] == "state"
    assert "skip" not in frame.header


def test_a_failure_takes_back_the_state_and_ends_the_subscription() -> None:
    link, watcher = subscriber()
    watcher.changed(state(1), None)
    watcher.failed(NotAllowed("No."))
    assert link.take_posted() == []
    assert link.headers() == [{"k": "err", "i": 7, "e": {"type": "NotAllowed", "message": "No."}}]


def test_ending_leaves_and_takes_back_the_state() -> None:
    link, watcher = subscriber()
    left = []
    watcher.leave = lambda: left.append(True)
    watcher.changed(state(1), None)
    watcher.end()
    assert left == [True]
    assert link.take_posted() == []


# Within the service


def observation() -> Observation:
    codec = registry().codec
    return Observation(JOE, lambda: codec)


async def test_an_observer_receives_decoded_rows() -> None:
    watcher = observation()
    watcher.changed(state(1, rows=100), None)
    received = await watcher.receive()
    assert received.rows == [Reading("meter", 1)] * 100
    assert (received.revision, received.epoch, received.at, received.skipped) == (1, "e1", NOW, 0)


async def test_an_observer_receives_the_newest_only_and_how_many_it_missed(
    autojump_clock: trio.testing.MockClock,
) -> None:
    watcher = observation()
    for value in (1, 2, 3):
        watcher.changed(state(value), None)
    received = await watcher.receive()
    assert (received.revision, received.skipped) == (3, 2)
    with trio.move_on_after(1) as waiting:
        await watcher.receive()
    assert waiting.cancelled_caught


async def test_an_observer_is_woken_by_news() -> None:
    watcher = observation()
    received: list[int] = []

    async def observe() -> None:
        async for observed in watcher:
            received.append(observed.revision)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(observe)
        for value in (1, 2):
            watcher.changed(state(value), None)
            await wait_all_tasks_blocked()
        watcher.same(state(2), StaleInfo(NOW, "gone"))
        await wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
    assert received == [1, 2, 2]


async def test_an_observer_raises_what_ended_its_subscription() -> None:
    watcher = observation()
    watcher.failed(NotAllowed("No."))
    with pytest.raises(NotAllowed, match="No"):
        await watcher.receive()


async def test_rows_of_an_unknown_type_are_an_error_to_the_observer() -> None:
    watcher = Observation(JOE, lambda: TupleRegistry().codec)
    watcher.changed(state(1), None)
    with pytest.raises(TupleError, match=r"test\.Reading"):
        await watcher.receive()


async def test_a_damaged_payload_is_an_error_to_the_observer() -> None:
    watcher = observation()
    whole = state(1, rows=100)
    for body, sentence in (whole.body[:-5], "cut short"), (b"junk", "damaged"):
        watcher.changed(attrs.evolve(whole, body=body), None)
        with pytest.raises(TupleError, match=sentence):
            await watcher.receive()
