"""One server, three client services, devices on each: what a selector costs further up does not depend on how many watch it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from peek_trio.security import Principal, signed_in
from peek_trio.transport import Observation, Scope, Switchboard
from peek_trio.tuples import TupleSelector
from tests.transport.network import ANN, JOE, Connection, Network, Reading

METERS = TupleSelector("test.Reading", {"meter": "a"})


class Site:
    """A server with a provider of 40 rows, three client services, and two devices on each of them."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.server: Switchboard
        self.scope: Scope
        self.clients: list[Switchboard] = []
        self.uplinks: list[Connection] = []
        self.devices: list[Switchboard] = []
        self.downlinks: list[Connection] = []
        self.rows = [Reading(f"meter {number}", number) for number in range(40)]
        self.runs = 0

    async def build(self) -> None:
        self.server = await self.network.board("server")
        self.provide()
        for number in range(3):
            client = await self.network.board("client", f"client-{number}")
            self.clients.append(client)
            self.uplinks.append(await self.network.link(self.server, client))
            for name, person in (("joe", JOE), ("ann", ANN)):
                device = await self.network.board("device", f"{name}-{number}")
                self.devices.append(device)
                self.downlinks.append(await self.network.link(client, device, person))

    def provide(self) -> None:
        self.scope = self.server.scope("the plugin")
        self.scope.provide(Reading, self._read, allow=signed_in)

    async def _read(self, selector: TupleSelector, principal: Principal) -> Sequence[Reading]:
        self.runs += 1
        return self.rows

    def change(self, number: int) -> None:
        """One row has another value."""
        self.rows = list(self.rows)
        self.rows[number % 40] = Reading("changed", number)
        self.server.notify(METERS)

    async def seen(self, watching: list[Observation]) -> None:
        """Everybody who watches has the rows of the server, live."""
        with trio.fail_after(30):
            for states in watching:
                async for state in states:
                    if state.rows == self.rows and state.stale is None:
                        break


@pytest.fixture
async def site(network: Network) -> Site:
    site = Site(network)
    await site.build()
    return site


@pytest.fixture
async def watching(site: Site) -> AsyncIterator[list[Observation]]:
    """Every device watches, and has seen the first state."""
    async with AsyncExitStack() as stack:
        observations = [await stack.enter_async_context(device.observe(METERS)) for device in site.devices]
        await site.seen(observations)
        yield observations


async def test_there_is_one_subscription_for_each_client_service_and_one_run_for_all(
    site: Site, watching: list[Observation]
) -> None:
    assert site.runs == 1
    now = site.server.observables.statistics()
    assert (now.entries, now.watchers, now.states_sent) == (1, 3, 3)
    site.change(1)
    await site.seen(watching)
    assert site.runs == 2
    for client in site.clients:
        assert client.relay is not None
        relay = client.relay.statistics()
        assert (relay.entries, relay.watchers, relay.received) == (1, 2, 2)


async def test_each_device_is_sent_what_changed_and_no_more(site: Site, watching: list[Observation]) -> None:
    before = [downlink.upper.statistics().bytes_sent for downlink in site.downlinks]
    for number in range(5):
        site.change(number)
        await site.seen(watching)
    for client in site.clients:
        assert client.relay is not None
        relay = client.relay.statistics()
        assert (relay.states_sent, relay.deltas_sent) == (2, 10)
    for sent, downlink in zip(before, site.downlinks, strict=True):
        assert (downlink.upper.statistics().bytes_sent - sent) / 5 < 350
    assert site.server.observables.statistics().deltas_made == 5


async def test_when_the_server_returns_every_client_service_subscribes_again_once(
    site: Site, watching: list[Observation]
) -> None:
    for uplink in site.uplinks:
        await uplink.cut()
    for states in watching:
        stale = await states.receive()
        assert stale.stale is not None
        assert stale.rows == site.rows
    for client in site.clients:
        await site.network.link(site.server, client)
    await site.seen(watching)
    now = site.server.observables.statistics()
    assert (now.entries, now.watchers) == (1, 3)


async def test_one_client_service_that_is_cut_off_costs_the_others_nothing(
    site: Site, watching: list[Observation]
) -> None:
    await site.uplinks[0].cut()
    site.change(1)
    await site.seen(watching[2:])
    assert site.clients[1].relay is not None
    assert site.clients[1].relay.statistics().stale == 0
    for states in watching[:2]:
        assert (await states.receive()).stale is not None
    await site.network.link(site.server, site.clients[0])
    await site.seen(watching[:2])


async def test_a_plugin_that_restarts_leaves_rows_stale_everywhere_until_it_is_back(
    site: Site, watching: list[Observation]
) -> None:
    site.scope.close()
    for states in watching:
        stale = (await states.receive()).stale
        assert stale is not None
        assert stale.reason == "The plugin that provides it stopped."
    site.provide()
    await site.seen(watching)
    site.change(3)
    await site.seen(watching)
    for client in site.clients:
        assert client.relay is not None
        assert client.relay.statistics().deltas_sent == 2


async def test_the_last_device_of_a_client_service_ends_its_subscription_after_a_while(
    site: Site, autojump_clock: MockClock
) -> None:
    async with site.devices[0].observe(METERS) as states:
        await states.receive()
        await site.downlinks[0].cut()
        await wait_all_tasks_blocked()
        assert site.server.observables.statistics().entries == 1
        await trio.sleep(130)
        assert site.server.observables.statistics().entries == 0


async def test_however_often_links_break_the_devices_end_with_the_rows_of_the_server(
    site: Site, watching: list[Observation]
) -> None:
    for number in range(36):
        client, device = number % 3, number % 6
        site.change(number)
        for _ in range(number % 7):
            await trio.lowlevel.checkpoint()
        if number % 2:
            await site.uplinks[client].cut()
            site.change(number + 100)
            site.uplinks[client] = await site.network.link(site.server, site.clients[client])
        else:
            await site.downlinks[device].cut()
            site.change(number + 100)
            person = (JOE, ANN)[device % 2]
            site.downlinks[device] = await site.network.link(site.clients[device // 2], site.devices[device], person)
    await site.seen(watching)
    now = site.server.observables.statistics()
    assert (now.entries, now.watchers, now.stale) == (1, 3, 0)
