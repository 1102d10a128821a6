"""Devices: what a test can have them do, and what it is told when they do not see what was expected."""

from __future__ import annotations

from typing import Any

import pytest
import trio
from trio.testing import MockClock

from peek_trio.errors import NoSuchEndpoint, PeekError
from peek_trio.testing import Platform
from peek_trio.tuples import TupleSelector
from tests.testing.conftest import Count, Raise, Running, count_to, double, think


async def test_a_device_watches_taps_calls_streams_and_sends(counting: Running, autojump_clock: MockClock) -> None:
    async with counting("client") as (peek, counter):
        phone = await peek.device(name="ann", roles={"user"})
        assert (await phone.latest(Count)).rows == [Count(0)]
        assert (await phone.act(Raise(2))).result == 2
        assert (await phone.tap(Raise(3))).result == 5
        assert await phone.sees(Count, lambda rows: rows == [Count(5)]) == [Count(5)]
        assert await phone.call(double, 4) == 8
        assert await phone.caller(double, timeout=1)(5) == 10
        async with phone.stream(count_to, 3) as items:
            assert [item async for item in items] == [1, 2, 3]
        assert await phone.send_message({"topic": "count"}, [Count(9)]) == 1
        assert counter.heard == [Count(9)]
        async with phone.observe(TupleSelector.of(Count)) as states:
            assert (await anext(states)).rows == [Count(5)]


async def test_a_device_is_the_person_it_was_given(counting: Running, autojump_clock: MockClock) -> None:
    async with counting("client") as (peek, _):
        phone = await peek.device(name="ann", roles={"user", "admin"}, site="desktop")
        (peer,) = [peer for peer in peek.client.board.peers() if peer.service == "device"]
        assert (peer.principal.name, peer.principal.roles, peer.site) == ("ann", {"user", "admin"}, "desktop")
        assert phone.principal == peer.principal
        assert phone.id == peer.id


async def test_devices_hang_on_the_client_services_in_turn_and_administrators_on_the_server(
    counting: Running, autojump_clock: MockClock
) -> None:
    async with counting("client", clients=2) as (peek, _):
        await peek.devices(6)
        browser = await peek.device(site="admin", roles={"admin"})
        here = await peek.device(at=peek.clients[1])
        assert [count_devices(peek, service) for service in (*peek.clients, peek.server)] == [3, 4, 1]
        assert browser.link.above is peek.server
        assert here.link.above is peek.clients[1]


def count_devices(peek: Platform, service: Any) -> int:
    return sum(peer.service == "device" for peer in service.board.peers())


async def test_many_devices_are_as_many_people(counting: Running, autojump_clock: MockClock) -> None:
    async with counting() as (peek, _):
        phones = await peek.devices(3, name="joe", roles={"user"})
        assert [phone.principal.name for phone in phones] == ["joe-1", "joe-2", "joe-3"]
        assert all(phone.link.is_up for phone in phones)


async def test_what_is_never_seen_is_told_with_what_there_is(counting: Running, autojump_clock: MockClock) -> None:
    async with counting() as (peek, _):
        phone = await peek.device()
        began = trio.current_time()
        with pytest.raises(AssertionError, match=r"Within 3 s device-1 saw of .*Count\(value=0\)"):
            await phone.sees(Count, lambda rows: rows == [Count(1)], within=3)
        assert trio.current_time() - began == pytest.approx(3)


async def test_a_state_that_never_comes_is_told_too(counting: Running, autojump_clock: MockClock) -> None:
    async with counting() as (peek, _):
        phone = await peek.device(linked=False)
        with pytest.raises(AssertionError, match="device-1 was sent no state of"):
            await phone.latest(Count, within=3)


async def test_what_ends_a_subscription_is_raised(counting: Running, autojump_clock: MockClock) -> None:
    async with counting() as (peek, _):
        phone = await peek.device()
        with pytest.raises(NoSuchEndpoint):
            await phone.latest(TupleSelector("test.Nothing", {}), within=30)


async def test_a_tap_outlives_its_link_and_is_applied_once(counting: Running, autojump_clock: MockClock) -> None:
    async with counting("client") as (peek, counter):
        phone = await peek.device()
        phone.link.cut(before=1, towards="device")  # the answer is lost
        assert (await phone.tap(Raise(1))).result == 1
        assert counter.raised == [1]
        assert phone.link.cuts == 1
        assert len(phone.link.came_up_at) == 2


async def test_taps_without_a_link_wait_and_leave_in_order(counting: Running, autojump_clock: MockClock) -> None:
    async with counting("client") as (peek, counter):
        phone = await peek.device()
        phone.link.unplug()
        async with trio.open_nursery() as nursery:
            for number in range(1, 6):
                nursery.start_soon(phone.tap, Raise(number))
                await trio.sleep(1)
            assert counter.raised == []
            await trio.sleep(3600)
            phone.link.plug_in()
        assert counter.raised == [1, 2, 3, 4, 5]


async def test_a_device_that_leaves_is_gone_for_good(counting: Running, autojump_clock: MockClock) -> None:
    async with counting("client") as (peek, _):
        phone = await peek.device()
        phone.leave()
        await trio.sleep(0.1)
        assert count_devices(peek, peek.client) == 0
        with pytest.raises(PeekError, match="device-1 has left"):
            await phone.latest(Count)


async def test_time_stands_still_while_a_thread_works(counting: Running, autojump_clock: MockClock) -> None:
    async with counting() as (peek, _):
        phone = await peek.device()
        began = trio.current_time()
        assert await phone.call(double, 21) == 42  # a plain function: it runs in a thread
        assert trio.current_time() - began < 0.1
        await phone.call(think, 20.0)
        assert trio.current_time() - began >= 20
