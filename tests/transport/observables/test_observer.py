"""Subscribers at the end of a link, and within the service."""

from __future__ import annotations

from datetime import UTC, datetime

import attrs
import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from peek_trio.errors import NotAllowed, TupleError
from peek_trio.transport.exchange import Port
from peek_trio.transport.observables.body import Body
from peek_trio.transport.observables.observer import LinkSubscriber, Observation
from peek_trio.transport.observables.payload import Payload
from peek_trio.transport.observables.reading import read_state
from peek_trio.transport.observables.state import StaleInfo, State
from peek_trio.transport.timetable import Timetable
from peek_trio.tuples import TupleRegistry
from tests.transport.network import JOE, Reading
from tests.transport.observables.chain import chain
from tests.transport.recorder import RecordingLink

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def registry() -> TupleRegistry:
    registry = TupleRegistry()
    registry.add(Reading, owner="test")
    return registry


def state(value: int, *, rows: int = 1) -> State:
    payload = Payload.of([Reading("meter", value)] * rows, Reading, registry().codec)
    return State("test.Reading", "e1", value, payload.digest, NOW, payload.body)


def subscriber(have: str | None = None, *, both: bool = False) -> tuple[RecordingLink, LinkSubscriber]:
    link = RecordingLink()
    return link, LinkSubscriber(Port(link, Timetable()), 7, JOE, have=have, both=both)


def posted(link: RecordingLink) -> tuple[str, object, object]:
    """The kind of the frame that leaves now, what it leads on from, and how many it says were skipped."""
    (frame,) = link.take_posted()
    return frame.kind, frame.header.get("base"), frame.header.get("skip", 0)


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
    assert frame.body == state(1).body.data


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


def test_who_took_the_last_state_is_sent_what_changed() -> None:
    first, second, third = chain(3)
    link, watcher = subscriber()
    watcher.changed(first, None)
    assert posted(link) == ("state", None, 0)
    watcher.changed(second, None)
    assert posted(link) == ("delta", first.digest, 0)
    watcher.changed(third, None)
    assert posted(link) == ("delta", second.digest, 0)


def test_what_a_slow_receiver_is_sent_leads_on_from_what_it_took_last() -> None:
    first, *others, last = chain(5)
    link, watcher = subscriber()
    watcher.changed(first, None)
    link.take_posted()
    for state in others:
        watcher.changed(state, None)
    watcher.changed(last, None)
    (frame,) = link.take_posted()
    assert (frame.kind, frame.header["base"], frame.header["skip"]) == ("delta", first.digest, 3)
    assert read_state(frame, first).body.raw() == last.body.raw()


def test_who_took_nothing_is_sent_the_state() -> None:
    link, watcher = subscriber()
    for state in chain(3):
        watcher.changed(state, None)
    assert posted(link) == ("state", None, 2)


def test_who_returns_is_sent_what_changed_since() -> None:
    states = chain(4)
    link, watcher = subscriber(states[1].digest)
    watcher.changed(states[3], None)
    assert posted(link) == ("delta", states[1].digest, 0)


def test_who_returns_and_has_the_state_hears_that_it_is_the_same() -> None:
    (state,) = chain(1)
    link, watcher = subscriber(state.digest)
    watcher.changed(state, None)
    assert posted(link) == ("same", None, 0)


def test_who_returns_with_something_forgotten_is_sent_the_state() -> None:
    link, watcher = subscriber("long ago")
    watcher.changed(chain(3)[2], None)
    assert posted(link) == ("state", None, 0)


def test_who_has_the_state_that_comes_back_hears_what_it_missed_meanwhile() -> None:
    first, second = chain(2)
    link, watcher = subscriber()
    watcher.changed(first, None)
    link.take_posted()
    watcher.changed(second, None)
    watcher.changed(attrs.evolve(first, revision=5), None)
    assert posted(link) == ("same", None, 1)


def test_a_relay_is_sent_the_state_with_what_changed() -> None:
    first, second = chain(2)
    link, watcher = subscriber(both=True)
    watcher.changed(first, None)
    assert posted(link) == ("state", None, 0)
    watcher.changed(second, None)
    (frame,) = link.take_posted()
    assert (frame.kind, frame.header["base"]) == ("state", first.digest)
    assert read_state(frame, first).history == second.history


def test_a_state_that_fits_only_without_its_deltas_is_sent_without_them() -> None:
    first, second = chain(2)
    link, watcher = subscriber(first.digest, both=True)
    link.largest = len(second.body.data)
    watcher.changed(second, None)
    assert posted(link) == ("state", None, 0)


def test_a_state_that_does_not_fit_ends_the_subscription() -> None:
    (state,) = chain(1)
    link, watcher = subscriber(both=True)
    left = []
    watcher.leave = lambda: left.append(True)
    link.largest = len(state.body.data) - 1
    watcher.changed(state, None)
    assert left == [True]
    (header,) = link.headers()
    assert header["k"] == "err"


def test_what_skipped_states_on_its_way_here_is_added_to_what_is_skipped_here() -> None:
    states = chain(4)
    link, watcher = subscriber()
    watcher.changed(states[0], None)
    link.take_posted()
    watcher.changed(states[1], None, 2)
    watcher.changed(states[2], None, 3)
    assert posted(link) == ("delta", states[0].digest, 6)
    watcher.changed(states[3], None)
    assert posted(link) == ("delta", states[2].digest, 0)


def test_what_is_sent_is_counted_by_kind_and_what_never_left_is_not() -> None:
    first, second, third = chain(3)
    link, watcher = subscriber()
    watcher.changed(first, None)
    link.take_posted()
    watcher.changed(second, None)
    watcher.changed(third, None)
    link.take_posted()
    watcher.changed(third, StaleInfo(NOW, "gone"))
    assert (watcher.counts.sent, watcher.counts.conflated) == ({"state": 1, "delta": 1, "same": 1}, 1)


def test_freshness_alone_travels_without_a_body() -> None:
    link, watcher = subscriber()
    watcher.changed(state(1), None)
    link.take_posted()
    watcher.changed(state(1), StaleInfo(NOW, "gone"))
    (frame,) = link.take_posted()
    assert frame.header["k"] == "same"
    assert frame.header["stale"] == {"since": "2026-01-01T00:00:00+00:00", "reason": "gone"}
    assert frame.body == b""


def test_freshness_does_not_displace_a_state_that_has_not_left() -> None:
    link, watcher = subscriber()
    watcher.changed(state(1), None)
    watcher.changed(state(1), StaleInfo(NOW, "gone"))
    (frame,) = link.take_posted()
    assert (frame.header["k"], frame.header["stale"]["reason"]) == ("state", "gone")
    assert frame.body == state(1).body.data
    assert "skip" not in frame.header


def test_freshness_that_a_state_displaces_is_not_counted_as_missed() -> None:
    link, watcher = subscriber()
    watcher.changed(state(1), None)
    link.take_posted()
    watcher.changed(state(1), StaleInfo(NOW, "gone"))
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
        watcher.changed(state(2), StaleInfo(NOW, "gone"))
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
    for data, sentence in (whole.body.data[:-5], "cut short"), (b"junk", "damaged"):
        watcher.changed(attrs.evolve(whole, body=Body(data, True)), None)
        with pytest.raises(TupleError, match=sentence):
            await watcher.receive()
