"""However many devices watch something, the server is asked once."""

from __future__ import annotations

from collections import Counter
from typing import Any

import trio
from trio.testing import MockClock


async def test_500_devices_are_one_subscription_at_the_server_and_one_reading(
    gauges: Any, world: Any, autojump_clock: MockClock
) -> None:
    from peek_plugin_gauges.contract import Gauge

    world.gauges["a"] = 1
    async with gauges("client") as peek:
        travelled = peek.record()
        phones = await peek.devices(500)
        for phone in phones:
            assert (await phone.latest(Gauge)).rows == [Gauge("a", 1)]
        world.gauges["a"] = 2
        peek.server.board.notify("peek_plugin_gauges.Gauge")
        async with trio.open_nursery() as nursery:
            for phone in phones:
                nursery.start_soon(phone.sees, Gauge, lambda rows: rows == [Gauge("a", 2)])

        between_services = Counter(
            (delivery.towards, kind)
            for delivery in travelled
            if delivery.link == "client-1"
            for kind in delivery.kinds
            if kind not in ("ping", "pong")
        )
        assert between_services["server", "sub"] == 1
        assert sum(number for (towards, _), number in between_services.items() if towards == "client") == 2
        assert world.read == 2


async def test_two_client_services_are_two_subscriptions(gauges: Any, world: Any, autojump_clock: MockClock) -> None:
    from peek_plugin_gauges.contract import Gauge

    async with gauges("client", clients=2) as peek:
        travelled = peek.record()
        for phone in await peek.devices(10):
            await phone.latest(Gauge)
        subscribers = {d.link for d in travelled if d.towards == "server" and "sub" in d.kinds}
        assert {service.id for service in peek.clients} <= subscribers
        assert [len(service.board.peers()) for service in peek.clients] == [6, 6]
        assert world.read == 1
