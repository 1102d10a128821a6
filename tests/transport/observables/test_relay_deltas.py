"""A relay hands on states or deltas as they came, whichever a device needs, and keeps a bounded few."""

from __future__ import annotations

import logging
from itertools import pairwise

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from peek_trio.transport.exchange import Port
from peek_trio.transport.observables.observer import LinkSubscriber
from peek_trio.transport.observables.reading import read_state
from peek_trio.transport.observables.state import State
from peek_trio.transport.wire import Frame
from tests.transport.network import JOE
from tests.transport.observables.chain import chain
from tests.transport.observables.test_provided import METER_A, METER_B
from tests.transport.observables.test_relay import Bench, Upstream
from tests.transport.recorder import RecordingLink, RecordingSubscriber


@pytest.fixture
async def bench(nursery: trio.Nursery) -> Bench:
    return Bench(nursery)


class Device:
    """A device that watches through the relay of a bench."""

    def __init__(self, bench: Bench, have: str | None = None) -> None:
        self.link = RecordingLink()
        self.subscriber = LinkSubscriber(Port(self.link, bench.timetable), 4, JOE, have=have)
        bench.relay.join(METER_A, self.subscriber)

    def told(self) -> Frame:
        """The frame that leaves now."""
        (frame,) = self.link.take_posted()
        return frame


def arrives(upstream: Upstream, state: State, has: State | None = None, number: int = 1) -> None:
    """The server's frame for a relay that has the state `has`."""
    upstream.port.take(state.frame(number, has and has.digest, both=True))


async def test_a_device_that_keeps_up_is_sent_the_deltas_of_the_server(bench: Bench) -> None:
    upstream, device = await bench.connect(), Device(bench)
    await wait_all_tasks_blocked()
    first, second = chain(2)
    arrives(upstream, first)
    assert device.told().body == first.body.data
    arrives(upstream, second, first)
    frame = device.told()
    assert (frame.kind, frame.header["base"]) == ("delta", first.digest)
    assert frame.body == second.history.since(first.digest)[0].data


async def test_devices_that_return_are_sent_the_deltas_that_are_kept_or_the_state(bench: Bench) -> None:
    upstream = await bench.connect()
    Device(bench)
    await wait_all_tasks_blocked()
    first, second, third = chain(3)
    arrives(upstream, first)
    arrives(upstream, second, first)
    arrives(upstream, third, second)
    for have, kind in (first.digest, "delta"), (second.digest, "delta"), (third.digest, "same"), ("old", "state"):
        frame = Device(bench, have).told()
        assert frame.kind == kind
        known = next((state for state in (first, second, third) if state.digest == have), None)
        assert read_state(frame, known).body.raw() == third.body.raw()


async def test_what_is_kept_with_a_state_counts_towards_the_bounds(bench: Bench) -> None:
    upstream, device = await bench.connect(), Device(bench)
    await wait_all_tasks_blocked()
    states = chain(40)
    arrives(upstream, states[0])
    for before, state in pairwise(states):
        arrives(upstream, state, before)
        assert bench.relay.statistics().bytes == state.size <= 2 * len(state.body.data)
    device.subscriber.end()
    bench.relay.take_over("test.Reading")
    assert bench.relay.statistics().bytes == 0


async def test_a_relay_that_missed_deltas_keeps_none(bench: Bench) -> None:
    upstream = await bench.connect()
    Device(bench)
    await wait_all_tasks_blocked()
    first, _, third = chain(3)
    arrives(upstream, first)
    arrives(upstream, third)
    assert Device(bench, first.digest).told().kind == "state"


async def test_deltas_are_remembered_through_an_outage(bench: Bench) -> None:
    upstream = await bench.connect()
    watching = Device(bench)
    await wait_all_tasks_blocked()
    first, second, third = chain(3)
    arrives(upstream, first)
    arrives(upstream, second, first)
    upstream.lose()
    again = await bench.connect()
    (header,) = again.link.headers()
    assert header["have"] == ["e1", second.digest]
    watching.link.take_posted()
    arrives(again, third, second, number=header["i"])
    assert read_state(Device(bench, first.digest).told(), first).digest == third.digest


async def test_an_answer_that_does_not_fit_is_asked_for_anew_without_a_claim(
    bench: Bench, autojump_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    upstream, watching = await bench.connect(), RecordingSubscriber()
    bench.relay.join(METER_A, watching)
    await bench.sent_to(upstream)
    first, second = chain(2)
    arrives(upstream, first)
    with caplog.at_level(logging.CRITICAL, logger="peek_trio"):
        upstream.port.take(Frame({**second.frame(1, second.digest).header}))
    assert await bench.sent_to(upstream) == [{"k": "unsub", "i": 1}]
    sentence = "The peer takes this service to have a state that it does not have."
    assert watching.news() == [("changed", first.digest, None), ("same", first.digest, sentence)]
    await trio.sleep(2)
    (header,) = upstream.link.headers()
    assert (header["k"], header["i"], header.get("have")) == ("sub", 2, None)
    arrives(upstream, second, number=2)
    assert watching.news() == [("changed", second.digest, None)]
    upstream.lose()
    (header,) = (await bench.connect()).link.headers()
    assert header["have"] == ["e1", second.digest]


async def test_what_a_relay_did_is_told_in_numbers(nursery: trio.Nursery) -> None:
    bench = Bench(nursery, most_entries=1)
    upstream, device = await bench.connect(), Device(bench)
    await wait_all_tasks_blocked()
    states = chain(4)
    arrives(upstream, states[0])
    device.told()
    for before, state in pairwise(states):
        arrives(upstream, state, before)
    device.told()
    upstream.lose()
    device.told()
    now = bench.relay.statistics()
    assert (now.entries, now.watched, now.watchers, now.stale, now.evicted) == (1, 1, 1, 1, 0)
    assert (now.received, now.states_sent, now.deltas_sent, now.same_sent, now.conflated) == (4, 1, 1, 1, 2)
    device.subscriber.end()
    bench.relay.join(METER_B, RecordingSubscriber())
    now = bench.relay.statistics()
    assert (now.entries, now.watched, now.watchers, now.bytes, now.evicted) == (1, 1, 1, 0, 1)
