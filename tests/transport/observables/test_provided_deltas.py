"""What a provider's answers cost, and what is made of them for those who have the answer before."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from peek_trio.errors import Unavailable
from peek_trio.logs import current_trace
from peek_trio.security import Principal, signed_in
from peek_trio.transport import Switchboard
from peek_trio.transport.observables.provided import IN_THREAD_FROM_ROWS
from peek_trio.transport.observables.statistics import ObservablesStatistics
from peek_trio.transport.wire import Frame
from peek_trio.tuples import TupleSelector
from tests.transport.network import JOE, Network, Reading
from tests.transport.observables.test_provided import METER_A


class Table:
    """A provider of many rows, and a server that has it."""

    def __init__(self, server: Switchboard, rows: int) -> None:
        self.server = server
        self.rows = [Reading(f"meter {number}", number) for number in range(rows)]
        self.error: Exception | None = None
        self.traces: list[str] = []
        server.scope("the plugin").provide(Reading, self.read, allow=signed_in)

    async def read(self, selector: TupleSelector, principal: Principal) -> Sequence[Reading]:
        self.traces.append(current_trace.get())
        if self.error is not None:
            raise self.error
        return self.rows

    def change(self, number: int) -> None:
        self.rows = list(self.rows)
        self.rows[number] = Reading("changed", number)
        self.server.notify(METER_A)

    @property
    def statistics(self) -> ObservablesStatistics:
        return self.server.observables.statistics()


async def test_a_device_on_the_server_is_sent_deltas(any_network: Network) -> None:
    table = Table(await any_network.board("server"), 200)
    device = await any_network.board("device")
    connection = await any_network.link(table.server, device, JOE)
    with trio.fail_after(10):
        async with device.observe(METER_A) as states:
            assert (await states.receive()).rows == table.rows
            before = connection.upper.statistics().bytes_sent
            for number in (5, 100, 199):
                table.change(number)
                assert (await states.receive()).rows == table.rows
    assert connection.upper.statistics().bytes_sent - before < 3 * 350
    assert (table.statistics.states_sent, table.statistics.deltas_sent, table.statistics.deltas_made) == (1, 3, 3)


async def test_an_agent_asks_for_deltas_alone(network: Network) -> None:
    table = Table(await network.board("server"), 200)
    agent = await network.board("agent")
    connection = await network.link(table.server, agent)
    async with agent.observe(METER_A) as states:
        await states.receive()
        before = connection.upper.statistics().bytes_sent
        table.change(5)
        assert (await states.receive()).rows == table.rows
    assert connection.upper.statistics().bytes_sent - before < 350


async def test_deltas_of_thousands_of_rows_lead_to_the_same_rows(network: Network) -> None:
    table = Table(await network.board("server"), 2 * IN_THREAD_FROM_ROWS)
    device = await network.board("device")
    await network.link(table.server, device, JOE)
    with trio.fail_after(30):
        async with device.observe(METER_A) as states:
            await states.receive()
            table.change(3)
            assert (await states.receive()).rows == table.rows
            table.rows = table.rows[:1]
            table.server.notify(METER_A)
            assert (await states.receive()).rows == table.rows
    assert table.statistics.deltas_sent == 1


async def test_resuming_unchanged_costs_less_than_200_bytes_each_way(network: Network) -> None:
    table = Table(await network.board("server"), 200)
    device = await network.board("device")
    connection = await network.link(table.server, device, JOE)
    async with device.observe(METER_A) as states:
        await states.receive()
        await connection.cut()
        await states.receive()
        again = await network.link(table.server, device, JOE)
        assert (await states.receive()).stale is None
    assert again.upper.statistics().bytes_sent < 200
    assert again.lower.statistics().bytes_sent < 200
    assert table.statistics.same_sent == 1


async def test_a_device_that_was_away_for_a_few_changes_is_sent_those(network: Network) -> None:
    table = Table(await network.board("server"), 200)
    device, other = await network.board("device"), await network.board("device", "d2")
    connection = await network.link(table.server, device, JOE)
    await network.link(table.server, other, JOE)
    with trio.fail_after(10):
        async with device.observe(METER_A) as states, other.observe(METER_A) as staying:
            await states.receive()
            await staying.receive()
            await connection.cut()
            for number in range(5):
                table.change(number)
                await staying.receive()
            again = await network.link(table.server, device, JOE)
            while (await states.receive()).stale is not None:
                pass
            table.change(6)
            assert (await states.receive()).rows == table.rows
    assert again.upper.statistics().bytes_sent < 1200
    assert table.statistics.states_sent == 2


async def test_what_was_done_is_told_in_numbers(
    network: Network, autojump_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    table = Table(await network.board("server"), 200)
    device = await network.board("device")
    await network.link(table.server, device, JOE)
    async with device.observe(METER_A) as states:
        await states.receive()
        table.server.notify(METER_A)
        await wait_all_tasks_blocked()
        now = table.statistics
        assert (now.entries, now.watchers, now.stale) == (1, 1, 0)
        assert (now.runs, now.unchanged, now.failed, now.deltas_made) == (2, 1, 0, 0)
        assert now.bytes > 500
        table.error = Unavailable("No.")
        table.server.notify(METER_A)
        with caplog.at_level(logging.CRITICAL, logger="peek_trio"):
            assert (await states.receive()).stale is not None
        assert (table.statistics.stale, table.statistics.failed) == (1, 1)
    await trio.sleep(130)  # the device lingers
    now = table.statistics
    assert (now.entries, now.watchers, now.bytes, now.stale) == (0, 0, 0, 0)
    assert (now.states_sent, now.deltas_sent, now.same_sent, now.conflated) == (1, 0, 1, 0)


async def test_a_run_that_a_subscription_caused_has_its_trace(network: Network) -> None:
    table = Table(await network.board("server"), 1)
    client, device = await network.board("client"), await network.board("device")
    await network.link(table.server, client)
    connection = await network.link(client, device, JOE)
    header = {"k": "sub", "i": 900, "t": "test.Reading", "s": {"meter": "a"}, "tr": "0123456789abcdef"}
    connection.lower.send_nowait(Frame(header))
    await wait_all_tasks_blocked()
    assert table.traces == ["0123456789abcdef"]
