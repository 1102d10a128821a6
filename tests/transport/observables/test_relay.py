"""What a service keeps of the states further up, for those who watch them here."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from peek_trio.errors import FrameError, NoSuchEndpoint, NotAllowed, to_wire
from peek_trio.security import Principal, admin, signed_in
from peek_trio.transport import Switchboard
from peek_trio.transport.exchange import Port
from peek_trio.transport.observables.observer import LinkSubscriber
from peek_trio.transport.observables.relay import LINGER, Relay
from peek_trio.transport.timetable import Timetable, keep_time
from peek_trio.transport.trace import trace_of
from peek_trio.transport.wire import Frame
from peek_trio.tuples import TupleSelector
from tests.transport.network import ADMIN, ANN, JOE, Connection, Network, Reading
from tests.transport.observables.test_provided import METER_A, METER_B, Meters
from tests.transport.recorder import RecordingLink, RecordingSubscriber

NOW = datetime(2026, 1, 1, tzinfo=UTC)
CLIENT = Principal.for_service("client", "client-1")


class Upstream:
    """The server as a relay sees it: the frames that it is sent, and answers in any order."""

    def __init__(self, relay: Relay, timetable: Timetable) -> None:
        self.relay = relay
        self.link = RecordingLink("server", "server-1", Principal.for_service("server", "server-1"))
        self.port = Port(self.link, timetable, upstream=True)

    def lose(self) -> None:
        self.port.lose("it broke.")
        self.relay.disconnected(self.port)

    def answer(self, kind: str, number: int, digest: str = "", **header: Any) -> None:
        if kind != "err":
            header = {"t": "test.Reading", "epoch": "e1", "rev": 1, "dig": digest, "at": NOW.isoformat(), **header}
        self.port.take(Frame({"k": kind, "i": number, **header}, digest.encode() * 10))


class Bench:
    """A relay with its timetable, its driver and the server it is linked to."""

    def __init__(self, nursery: trio.Nursery, **bounds: int) -> None:
        self._nursery = nursery
        self.timetable = Timetable()
        self.relay = Relay(CLIENT, self.timetable, speaks_for_others=True, now=lambda: NOW, **bounds)
        nursery.start_soon(keep_time, self.timetable)

    def kept(self) -> tuple[int, int]:
        """Entries and bytes."""
        statistics = self.relay.statistics()
        return statistics.entries, statistics.bytes

    async def connect(self) -> Upstream:
        upstream = Upstream(self.relay, self.timetable)
        self._nursery.start_soon(self.relay.drive, upstream.port)
        await wait_all_tasks_blocked()
        return upstream

    async def sent_to(self, upstream: Upstream) -> list[dict[str, Any]]:
        await wait_all_tasks_blocked()
        return upstream.link.headers()


@pytest.fixture
async def bench(nursery: trio.Nursery) -> Bench:
    return Bench(nursery)


async def test_equal_subscribers_share_one_subscription_in_their_name(bench: Bench) -> None:
    upstream = await bench.connect()
    joe, ann = RecordingSubscriber(JOE), RecordingSubscriber(ANN)
    bench.relay.join(METER_A, joe)
    bench.relay.join(METER_A, ann)
    anonymous = Principal("person", "", roles=JOE.roles).to_wire()
    (header,) = await bench.sent_to(upstream)
    trace = header.pop("tr")
    assert header == {"k": "sub", "i": 1, "t": "test.Reading", "s": {"meter": "a"}, "both": 1, "p": anonymous}
    assert trace_of({"tr": trace}) == trace
    upstream.answer("state", 1, "one")
    assert joe.news() == ann.news() == [("changed", "one", None)]


async def test_the_service_itself_subscribes_in_its_own_name(bench: Bench) -> None:
    upstream = await bench.connect()
    bench.relay.join(METER_A, RecordingSubscriber(CLIENT))
    (header,) = await bench.sent_to(upstream)
    assert "p" not in header


async def test_a_body_passes_through_as_it_came(bench: Bench) -> None:
    upstream = await bench.connect()
    link = RecordingLink()
    bench.relay.join(METER_A, LinkSubscriber(Port(link, bench.timetable), 4, JOE))
    await wait_all_tasks_blocked()
    upstream.answer("state", 1, "packed", z=1, skip=3)
    (frame,) = link.take_posted()
    assert (frame.body, frame.header["z"], frame.header["i"]) == (b"packed" * 10, 1, 4)
    assert frame.header["skip"] == 3


async def test_what_is_kept_is_served_stale_while_the_server_is_away(bench: Bench) -> None:
    upstream = await bench.connect()
    watching, late = RecordingSubscriber(), RecordingSubscriber()
    bench.relay.join(METER_A, watching)
    await wait_all_tasks_blocked()
    upstream.answer("state", 1, "one")
    upstream.lose()
    bench.relay.join(METER_A, late)
    assert watching.news() == [("changed", "one", None), ("same", "one", "The server is not connected.")]
    assert late.news() == [("changed", "one", "The server is not connected.")]


async def test_every_entry_subscribes_again_with_what_it_has(bench: Bench) -> None:
    first = await bench.connect()
    watching, waiting = RecordingSubscriber(), RecordingSubscriber()
    bench.relay.join(METER_A, watching)
    bench.relay.join(METER_B, waiting)
    await wait_all_tasks_blocked()
    first.answer("state", 1, "one")
    first.lose()
    watching.news()
    second = await bench.connect()
    a, b = second.link.headers()
    assert (a["s"], a["have"], "have" in b) == ({"meter": "a"}, ["e1", "one"], False)
    second.answer("same", a["i"], "one", epoch="e2", rev=5)
    second.answer("state", b["i"], "two")
    assert watching.news() == [("same", "one", None)]
    assert waiting.news() == [("changed", "two", None)]


async def test_a_stale_state_of_the_server_is_handed_on_as_stale(bench: Bench) -> None:
    upstream = await bench.connect()
    watching = RecordingSubscriber()
    bench.relay.join(METER_A, watching)
    await wait_all_tasks_blocked()
    upstream.answer("state", 1, "one", stale={"since": NOW.isoformat(), "reason": "The plugin stopped."})
    upstream.answer("same", 1, "one")
    assert watching.news() == [("changed", "one", "The plugin stopped."), ("same", "one", None)]


async def test_a_refusal_reaches_everybody_and_ends_the_entry(bench: Bench) -> None:
    upstream = await bench.connect()
    joe, ann = RecordingSubscriber(JOE), RecordingSubscriber(ANN)
    for subscriber in (joe, ann):
        bench.relay.join(METER_A, subscriber)
    await wait_all_tasks_blocked()
    upstream.answer("err", 1, e=to_wire(NotAllowed("Not you.")))
    assert joe.news() == ann.news() == [("failed", "Not you.")]
    assert bench.kept() == (0, 0)


async def test_rows_are_kept_stale_and_asked_for_again_when_a_plugin_restarts(
    bench: Bench, autojump_clock: MockClock
) -> None:
    upstream = await bench.connect()
    watching = RecordingSubscriber()
    bench.relay.join(METER_A, watching)
    await wait_all_tasks_blocked()
    upstream.answer("state", 1, "one")
    upstream.answer("err", 1, e=to_wire(NoSuchEndpoint("Nobody provides it.")))
    assert watching.news() == [("changed", "one", None), ("same", "one", "Nobody provides it.")]
    upstream.link.headers()
    await trio.sleep(2)
    (again,) = upstream.link.headers()
    assert (again["k"], again["i"], again["have"]) == ("sub", 2, ["e1", "one"])


async def test_an_unwatched_entry_lingers_and_then_unsubscribes(bench: Bench, autojump_clock: MockClock) -> None:
    upstream = await bench.connect()
    watching = RecordingSubscriber()
    bench.relay.join(METER_A, watching)
    await wait_all_tasks_blocked()
    upstream.answer("state", 1, "one")
    watching.leave()
    await trio.sleep(LINGER - 1)
    returning = RecordingSubscriber()
    bench.relay.join(METER_A, returning)
    assert returning.news() == [("changed", "one", None)]
    await trio.sleep(2 * LINGER)
    returning.leave()
    upstream.link.headers()
    await trio.sleep(LINGER + 1)
    assert upstream.link.headers() == [{"k": "unsub", "i": 1}]
    assert bench.kept() == (0, 0)


async def test_an_entry_without_a_state_does_not_linger(bench: Bench) -> None:
    upstream = await bench.connect()
    watching = RecordingSubscriber()
    bench.relay.join(METER_A, watching)
    await bench.sent_to(upstream)
    watching.leave()
    assert await bench.sent_to(upstream) == [{"k": "unsub", "i": 1}]


async def test_beyond_its_bounds_a_relay_lets_go_of_what_is_unwatched(nursery: trio.Nursery) -> None:
    bench = Bench(nursery, most_entries=2)
    upstream = await bench.connect()
    selectors = [TupleSelector("test.Reading", {"meter": name}) for name in "abc"]
    subscribers = [RecordingSubscriber() for _ in selectors]
    for number, (selector, subscriber) in enumerate(zip(selectors[:2], subscribers, strict=False), 1):
        bench.relay.join(selector, subscriber)
        await wait_all_tasks_blocked()
        upstream.answer("state", number, "state")
    bench.relay.join(selectors[2], subscribers[2])
    assert subscribers[2].news() == [("failed", "This service watches as much as it can hold; try again later.")]
    subscribers[0].leave()
    bench.relay.join(selectors[2], subscribers[2])
    assert subscribers[2].news() == []
    assert bench.kept()[0] == 2


async def test_bytes_are_bounded_as_well(nursery: trio.Nursery) -> None:
    bench = Bench(nursery, most_bytes=100)
    upstream = await bench.connect()
    first, second = RecordingSubscriber(), RecordingSubscriber()
    bench.relay.join(METER_A, first)
    bench.relay.join(METER_B, second)
    await wait_all_tasks_blocked()
    upstream.answer("state", 1, "sixty!")
    first.leave()
    assert bench.kept() == (2, 60)
    upstream.answer("state", 2, "sixty!")
    assert bench.kept() == (1, 60)
    upstream.answer("state", 2, "shorter")
    assert bench.kept() == (1, 70)


async def test_what_does_not_answer_a_subscription_is_refused(bench: Bench) -> None:
    upstream = await bench.connect()
    bench.relay.join(METER_A, RecordingSubscriber())
    await wait_all_tasks_blocked()
    for header in ({"k": "same"}, {"k": "res"}, {"k": "state", "t": "test.Reading"}):
        with pytest.raises(FrameError):
            upstream.port.take(Frame({**header, "i": 1}))


async def test_late_answers_to_an_ended_subscription_are_dropped(bench: Bench) -> None:
    upstream = await bench.connect()
    watching = RecordingSubscriber()
    bench.relay.join(METER_A, watching)
    await wait_all_tasks_blocked()
    watching.leave()
    await wait_all_tasks_blocked()
    upstream.answer("state", 1, "late")
    assert watching.news() == []


# Whole: server, client service, devices


class Platform:
    """A server with a provider, a client service and devices on it."""

    server: Switchboard
    client: Switchboard
    uplink: Connection
    meters: Meters


async def platform(network: Network) -> Platform:
    platform = Platform()
    platform.server, platform.client = await network.board("server"), await network.board("client")
    platform.meters = Meters()
    platform.server.scope("the plugin").provide(Reading, platform.meters.read, allow=signed_in)
    platform.uplink = await network.link(platform.server, platform.client)
    return platform


async def test_many_devices_cost_the_server_one_run(network: Network) -> None:
    all_of = await platform(network)
    devices = [await network.board("device", f"d{number}") for number in range(30)]
    for device in devices:
        await network.link(all_of.client, device, JOE)
    async with trio.open_nursery() as nursery:

        async def watch(device: Switchboard) -> None:
            async with device.observe(METER_A) as states:
                assert (await states.receive()).rows == [Reading("a", 1)]
                assert (await states.receive()).rows == [Reading("a", 2)]

        for device in devices:
            nursery.start_soon(watch, device)
        await wait_all_tasks_blocked()
        all_of.meters.value = 2
        all_of.server.notify(METER_A)
    assert len(all_of.meters.asked) == 2


async def test_devices_see_stale_rows_while_the_server_is_away_and_live_ones_after(any_network: Network) -> None:
    all_of = await platform(any_network)
    device = await any_network.board("device")
    await any_network.link(all_of.client, device, JOE)
    with trio.fail_after(10):
        async with device.observe(METER_A) as states:
            assert (await states.receive()).stale is None
            await all_of.uplink.cut()
            stale = await states.receive()
            assert (stale.rows, stale.stale and stale.stale.reason) == (
                [Reading("a", 1)],
                "The server is not connected.",
            )
            late = await any_network.board("device", "d2")
            await any_network.link(all_of.client, late, ANN)
            async with late.observe(METER_A) as late_states:
                assert (await late_states.receive()).rows == [Reading("a", 1)]
            all_of.meters.value = 2
            await any_network.link(all_of.server, all_of.client)
            fresh = await states.receive()
    assert (fresh.rows, fresh.stale) == ([Reading("a", 2)], None)


async def test_an_unchanged_state_resumes_without_its_body(network: Network) -> None:
    all_of = await platform(network)
    async with all_of.client.observe(METER_A) as states:
        await states.receive()
        await all_of.uplink.cut()
        await states.receive()
        uplink = await network.link(all_of.server, all_of.client)
        resumed = await states.receive()
        assert (resumed.rows, resumed.stale) == ([Reading("a", 1)], None)
        assert uplink.upper.statistics().bytes_sent < 200


async def test_policies_hold_through_the_relay(network: Network) -> None:
    server, client = await network.board("server"), await network.board("client")
    server.scope("p").provide(Reading, Meters().read, allow=admin)
    await network.link(server, client)
    joe, root = await network.board("device", "d1"), await network.board("device", "d2")
    await network.link(client, joe, JOE)
    await network.link(client, root, ADMIN)
    async with root.observe(METER_A) as states:
        assert (await states.receive()).rows == [Reading("a", 1)]
    async with joe.observe(METER_A) as states:
        with pytest.raises(NotAllowed):
            await states.receive()


async def test_a_type_provided_on_the_client_service_is_taken_from_there(network: Network) -> None:
    all_of = await platform(network)
    here = Meters()
    here.value = 100
    device = await network.board("device")
    connection = await network.link(all_of.client, device, JOE)
    async with device.observe(METER_A) as states:
        assert (await states.receive()).rows == [Reading("a", 1)]
        all_of.client.scope("q").provide(Reading, here.read, allow=signed_in)
        assert (await states.receive()).rows == [Reading("a", 100)]
        await connection.cut()
        assert all_of.client.observables.statistics().entries == 0


async def test_an_observer_started_before_the_first_link_waits_for_it(network: Network) -> None:
    all_of = await platform(network)
    agent = await network.board("agent")
    async with agent.observe(METER_A) as states:
        await wait_all_tasks_blocked()
        await network.link(all_of.server, agent)
        with trio.fail_after(5):
            assert (await states.receive()).rows == [Reading("a", 1)]
