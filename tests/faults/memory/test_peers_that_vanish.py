"""A peer that vanishes without a word is missed by both sides within 25 s, and is back as soon as it can be."""

from __future__ import annotations

from typing import Any

import pytest
import trio
from trio.testing import MockClock

KNOWN_WITHIN = 25.001


async def test_a_phone_in_a_tunnel_is_missed_by_both_sides(gauges: Any, world: Any, autojump_clock: MockClock) -> None:
    async with gauges("client") as peek:
        phone = await peek.device()
        phone.link.black_hole()
        since = trio.current_time()
        await phone.link.down(within=KNOWN_WITHIN)
        assert trio.current_time() - since >= 10
        assert [peer.service for peer in peek.client.board.peers()] == ["server"]


async def test_a_phone_comes_out_of_the_tunnel_to_what_has_changed_meanwhile(
    gauges: Any, world: Any, autojump_clock: MockClock
) -> None:
    from peek_plugin_gauges.contract import Gauge

    async with gauges("client") as peek:
        phone = await peek.device()
        world.gauges["a"] = 1
        await phone.latest(Gauge)
        phone.link.black_hole()
        await phone.link.down()
        world.gauges["a"] = 2
        peek.server.board.notify("peek_plugin_gauges.Gauge")
        await trio.sleep(300)
        assert not phone.link.is_up
        phone.link.restore()
        await phone.sees(Gauge, lambda rows: rows == [Gauge("a", 2)], within=1)


async def test_a_short_tunnel_costs_nothing_but_time(gauges: Any, world: Any, autojump_clock: MockClock) -> None:
    from peek_plugin_gauges.contract import add

    async with gauges("client") as peek:
        phone = await peek.device()
        phone.link.black_hole()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_restore_after, phone.link, 8.0)
            assert await phone.call(add, 2, 3) == 5
        assert len(phone.link.came_up_at) == 1


async def test_a_satellite_that_vanishes_is_missed_by_both_sides(
    gauges: Any, world: Any, autojump_clock: MockClock
) -> None:
    async with gauges("client", "agent") as peek:
        peek.client.link.black_hole()
        await peek.client.link.down(within=KNOWN_WITHIN)
        assert [peer.service for peer in peek.server.board.peers()] == ["agent"]


async def test_devices_behind_a_client_in_a_tunnel_keep_what_they_have_and_are_told(
    gauges: Any, world: Any, autojump_clock: MockClock
) -> None:
    from peek_plugin_gauges.contract import Gauge, add

    from peek_trio.errors import Unavailable

    world.gauges["a"] = 1
    async with gauges("client") as peek:
        phone = await peek.device()
        await phone.latest(Gauge)
        peek.client.link.black_hole()
        await peek.client.link.down(within=KNOWN_WITHIN)
        await phone.sees(Gauge, lambda rows: rows == [Gauge("a", 1)], stale=True, within=1)
        with pytest.raises(Unavailable):
            await phone.call(add, 2, 3)
        world.gauges["a"] = 2
        peek.client.link.restore()
        await phone.sees(Gauge, lambda rows: rows == [Gauge("a", 2)], stale=False, within=1)
        assert len(phone.link.came_up_at) == 1


async def _restore_after(link: Any, seconds: float) -> None:
    await trio.sleep(seconds)
    link.restore()
