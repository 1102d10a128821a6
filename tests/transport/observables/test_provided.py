"""Providers and those who watch what they provide."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from peek_trio.errors import NoSuchEndpoint, NotAllowed, PeekError, RemoteError, Unavailable
from peek_trio.security import Policy, Principal, admin, signed_in
from peek_trio.transport import Scope, Switchboard
from peek_trio.tuples import TupleSelector
from tests.transport.network import ADMIN, ANN, JOE, Network, Reading

METER_A = TupleSelector("test.Reading", {"meter": "a"})
METER_B = TupleSelector("test.Reading", {"meter": "b"})


class Meters:
    """A provider that tells how often it was asked, and waits when it is told to."""

    def __init__(self) -> None:
        self.value = 1
        self.asked: list[tuple[str, Principal]] = []
        self.gate: trio.Event | None = None
        self.error: Exception | None = None

    async def read(self, selector: TupleSelector, principal: Principal) -> Sequence[Reading]:
        self.asked.append((selector.key, principal))
        value = self.value
        if self.gate is not None:
            await self.gate.wait()
        if self.error is not None:
            raise self.error
        return [Reading(selector.selector["meter"], value)]


async def provided(network: Network) -> tuple[Switchboard, Scope, Meters]:
    server, meters = await network.board("server"), Meters()
    scope = server.scope("the plugin")
    scope.provide(Reading, meters.read, allow=signed_in)
    return server, scope, meters


async def device_of(network: Network, server: Switchboard, principal: Principal = JOE, name: str = "d1") -> Switchboard:
    device = await network.board("device", name)
    await network.link(server, device, principal)
    return device


async def test_an_observer_far_away_sees_every_change(any_network: Network) -> None:
    server, _, meters = await provided(any_network)
    device = await device_of(any_network, server)
    async with device.observe(METER_A) as states:
        with trio.fail_after(5):
            assert (await states.receive()).rows == [Reading("a", 1)]
            meters.value = 2
            server.notify(METER_A)
            second = await states.receive()
    assert (second.rows, second.revision, second.skipped, second.stale) == ([Reading("a", 2)], 2, 0, None)


async def test_an_observer_on_the_same_service_shares_the_entry(network: Network) -> None:
    server, _, meters = await provided(network)
    async with server.observe(METER_A) as first, server.observe(METER_A) as second:
        assert (await first.receive()).rows == (await second.receive()).rows == [Reading("a", 1)]
    assert len(meters.asked) == 1


async def test_subscribers_of_an_equal_selector_and_equal_roles_share_one_run(network: Network) -> None:
    server, _, meters = await provided(network)
    joe, ann = await device_of(network, server), await device_of(network, server, ANN, "d2")
    root = await device_of(network, server, ADMIN, "d3")
    async with joe.observe(METER_A) as first, ann.observe(METER_A) as second, root.observe(METER_A) as third:
        for states in (first, second, third):
            await states.receive()
    assert len(meters.asked) == 2
    assert {principal for _, principal in meters.asked} == {
        Principal("person", "", roles=frozenset({role})) for role in ("operator", "admin")
    }


async def test_a_burst_of_notifications_is_one_run_in_progress_and_one_to_follow(network: Network) -> None:
    server, _, meters = await provided(network)
    async with server.observe(METER_A) as states:
        await states.receive()
        meters.gate = trio.Event()
        server.notify(METER_A)
        await wait_all_tasks_blocked()
        meters.value = 7
        for _ in range(20):
            server.notify(METER_A)
        meters.gate.set()
        assert (await states.receive()).rows == [Reading("a", 7)]
        await wait_all_tasks_blocked()
    assert len(meters.asked) == 3


async def test_notifications_before_a_run_begins_need_no_further_run(network: Network) -> None:
    server, _, meters = await provided(network)
    async with server.observe(METER_A) as states:
        await states.receive()
        meters.value = 2
        for _ in range(20):
            server.notify(METER_A)
        assert (await states.receive()).rows == [Reading("a", 2)]
        await wait_all_tasks_blocked()
    assert len(meters.asked) == 2


async def test_a_type_name_notifies_every_selector_of_the_type(network: Network) -> None:
    server, _, meters = await provided(network)
    async with server.observe(METER_A) as a, server.observe(METER_B) as b:
        await a.receive()
        await b.receive()
        meters.value = 2
        server.notify("test.Reading")
        assert [(await states.receive()).rows for states in (a, b)] == [[Reading("a", 2)], [Reading("b", 2)]]
        meters.value = 3
        server.notify(METER_B)
        await b.receive()
        await wait_all_tasks_blocked()
    assert [key for key, _ in meters.asked].count(METER_A.key) == 2


async def test_an_unchanged_result_is_not_sent(network: Network, autojump_clock: MockClock) -> None:
    server, _, meters = await provided(network)
    device = await device_of(network, server)
    async with device.observe(METER_A) as states:
        await states.receive()
        server.notify(METER_A)
        with trio.move_on_after(1) as waiting:
            await states.receive()
    assert waiting.cancelled_caught
    assert len(meters.asked) == 2


async def test_an_entry_that_nobody_watches_is_dropped_at_once(network: Network) -> None:
    server, _, meters = await provided(network)
    connection_device = await network.board("device")
    connection = await network.link(server, connection_device, JOE)
    async with server.observe(METER_A) as states, connection_device.observe(METER_B) as others:
        await states.receive()
        await others.receive()
        assert server.observables.statistics().entries == 2
        await connection.cut()
        assert server.observables.statistics().entries == 1
    assert server.observables.statistics().entries == 0
    server.notify(METER_A)
    await wait_all_tasks_blocked()
    assert len(meters.asked) == 2


async def test_a_run_whose_watchers_left_is_cancelled(network: Network) -> None:
    server = await network.board("server")
    began, ended = trio.Event(), trio.Event()

    async def read(selector: TupleSelector, principal: Principal) -> Sequence[Reading]:
        try:
            began.set()
            await trio.sleep_forever()
        finally:
            ended.set()
        raise AssertionError

    server.scope("p").provide(Reading, read, allow=signed_in)
    async with server.observe(METER_A):
        await began.wait()
    with trio.fail_after(5):
        await ended.wait()


async def test_a_provider_that_fails_before_any_state_ends_the_subscription(
    network: Network, caplog: pytest.LogCaptureFixture
) -> None:
    server, _, meters = await provided(network)
    device = await device_of(network, server)
    meters.error = ZeroDivisionError("a secret number")
    for board in (server, device):
        async with board.observe(METER_A) as states:
            with (
                caplog.at_level(logging.ERROR),
                pytest.raises((RemoteError, ZeroDivisionError), match="a secret number"),
            ):
                await states.receive()
    assert caplog.records[-1].exc_info is not None


async def test_a_provider_that_fails_later_leaves_the_old_rows_stale_until_a_retry_works(
    network: Network, autojump_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    server, _, meters = await provided(network)
    device = await device_of(network, server)
    with caplog.at_level(logging.CRITICAL, logger="peek_trio"):
        async with device.observe(METER_A) as states:
            await states.receive()
            meters.error = Unavailable("The meter does not answer.")
            server.notify(METER_A)
            stale = await states.receive()
            assert stale.rows == [Reading("a", 1)]
            assert stale.stale is not None
            assert stale.stale.reason == "Reading it failed: The meter does not answer."
            runs = len(meters.asked)
            await trio.sleep(600)
            assert runs + 8 < len(meters.asked) < runs + 120
            meters.error = None
            fresh = await states.receive()
            assert (fresh.rows, fresh.stale) == ([Reading("a", 1)], None)


async def test_the_policy_is_asked_when_somebody_subscribes(network: Network) -> None:
    server = await network.board("server")
    meters = Meters()
    server.scope("p").provide(Reading, meters.read, allow=admin)
    joe, root = await device_of(network, server), await device_of(network, server, ADMIN, "d2")
    async with joe.observe(METER_A) as states:
        with pytest.raises(NotAllowed, match=r'Reading test\.Reading needs the role "admin"; you are joe'):
            await states.receive()
    async with root.observe(METER_A) as states:
        assert (await states.receive()).rows == [Reading("a", 1)]


async def test_a_policy_that_fails_lets_nobody_in(network: Network, caplog: pytest.LogCaptureFixture) -> None:
    def broken(principal: Principal) -> bool:
        raise KeyError(principal.name)

    server = await network.board("server")
    server.scope("p").provide(Reading, Meters().read, allow=Policy("luck", broken))
    with caplog.at_level(logging.CRITICAL, logger="peek_trio"):
        async with server.observe(METER_A) as states:
            with pytest.raises(NotAllowed, match="its policy failed"):
                await states.receive()


async def test_a_plugin_that_stops_leaves_its_rows_stale_and_resumes_them(network: Network) -> None:
    server, scope, meters = await provided(network)
    device = await device_of(network, server)
    async with device.observe(METER_A) as states:
        first = await states.receive()
        scope.close()
        stale = await states.receive()
        assert stale.rows == first.rows
        assert stale.stale is not None
        assert stale.stale.reason == "The plugin that provides it stopped."
        server.notify(METER_A)
        meters.value = 2
        server.scope("the plugin").provide(Reading, meters.read, allow=signed_in)
        fresh = await states.receive()
    assert (fresh.rows, fresh.stale) == ([Reading("a", 2)], None)
    assert fresh.epoch != first.epoch


async def test_a_new_provider_asks_its_own_policy(network: Network) -> None:
    server, scope, meters = await provided(network)
    device = await device_of(network, server)
    async with device.observe(METER_A) as states:
        await states.receive()
        scope.close()
        await states.receive()
        server.scope("the plugin").provide(Reading, meters.read, allow=admin)
        with pytest.raises(NotAllowed):
            await states.receive()
    assert server.observables.statistics().entries == 0


async def test_a_subscription_waits_for_a_plugin_that_starts(network: Network, autojump_clock: MockClock) -> None:
    server = await network.board("server")
    device = await device_of(network, server)
    async with device.observe(METER_A) as states:
        await trio.sleep(9)
        server.scope("p").provide(Reading, Meters().read, allow=signed_in)
        assert (await states.receive()).rows == [Reading("a", 1)]
        await trio.sleep(60)


async def test_a_type_that_stays_unknown_is_no_such_endpoint_after_ten_seconds(
    network: Network, autojump_clock: MockClock
) -> None:
    server = await network.board("server")
    device = await device_of(network, server)
    began = trio.current_time()
    async with device.observe(METER_A) as states:
        with pytest.raises(NoSuchEndpoint, match=r"Nobody provides test\.Reading"):
            await states.receive()
    assert trio.current_time() - began == pytest.approx(10)
    assert server.observables.statistics().entries == 0


async def test_a_run_that_takes_too_long_is_given_up(
    network: Network, autojump_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    server, _, meters = await provided(network)
    meters.gate = trio.Event()
    with caplog.at_level(logging.CRITICAL, logger="peek_trio"):
        async with server.observe(METER_A) as states:
            with pytest.raises(PeekError, match="longer than 60 s"):
                await states.receive()


async def test_rows_of_another_type_fail_like_the_provider(network: Network, caplog: pytest.LogCaptureFixture) -> None:
    server = await network.board("server")

    async def read(selector: TupleSelector, principal: Principal) -> Sequence[object]:
        return [Reading("a", "many")]  # type: ignore[arg-type]

    server.scope("p").provide(Reading, read, allow=signed_in)
    with caplog.at_level(logging.CRITICAL, logger="peek_trio"):
        async with server.observe(METER_A) as states:
            with pytest.raises(PeekError, match=r"\$\.rows\[0\]\.value"):
                await states.receive()


async def test_many_rows_are_encoded_in_a_thread_and_arrive_whole(network: Network) -> None:
    server = await network.board("server")
    rows = [Reading(f"meter {number}", number) for number in range(3000)]

    async def read(selector: TupleSelector, principal: Principal) -> Sequence[Reading]:
        return rows

    server.scope("p").provide(Reading, read, allow=signed_in)
    device = await device_of(network, server)
    async with device.observe(METER_A) as states:
        assert (await states.receive()).rows == rows


async def test_two_plugins_cannot_provide_one_type(network: Network) -> None:
    server, _, meters = await provided(network)
    with pytest.raises(PeekError, match=r"other cannot provide test\.Reading: the plugin already does"):
        server.scope("other").provide(Reading, meters.read, allow=signed_in)


async def test_a_slow_observer_is_told_how_much_it_missed(network: Network) -> None:
    server, _, meters = await provided(network)
    async with server.observe(METER_A) as states:
        await states.receive()
        for value in (2, 3, 4):
            meters.value = value
            server.notify(METER_A)
            await wait_all_tasks_blocked()
        latest = await states.receive()
    assert (latest.rows, latest.skipped) == ([Reading("a", 4)], 2)
