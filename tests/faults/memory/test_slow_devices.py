"""A device that does not read: what waits for it is bounded, nobody else notices, and it is closed with 1013 in a stated time."""

from __future__ import annotations

from typing import Any

import trio
from trio.testing import MockClock

from peek_trio.errors import CallError
from peek_trio.transport.wire import LinkTiming

CLOSED_WITHIN = LinkTiming.DEVICE.send
"""Seconds, from when nothing more goes into the buffers between the two ends."""

ROWS = 200
PATIENT = LinkTiming(idle=1000)
"""Of a device that does not notice by itself that it reads nothing."""


async def test_it_is_closed_with_1013_and_nobody_else_notices(
    gauges: Any, world: Any, caplog: Any, autojump_clock: MockClock
) -> None:
    from peek_plugin_gauges.contract import Gauge

    async with gauges("client") as peek, trio.open_nursery() as nursery:
        joe, ann = await peek.device(name="joe", timing=PATIENT), await peek.device(name="ann")
        show(world, 0)
        await joe.latest(Gauge)
        await ann.latest(Gauge)
        joe.link.stop_reading()
        nursery.start_soon(ask_now_and_then, joe)  # it lives, so the keepalive has nothing to say
        stuck_since, latest, most_waiting = 0.0, 0, 0
        while joe.link.is_up:
            latest += 1
            show(world, latest)
            peek.server.board.notify("peek_plugin_gauges.Gauge")
            with trio.fail_after(0.2):  # virtual seconds, in which nothing but the links takes any
                await ann.sees(Gauge, lambda rows, latest=latest: rows[0].value == latest)
            most_waiting = max(most_waiting, waiting_for(peek.client, joe))
            stuck_since = stuck_since or (trio.current_time() if most_waiting else 0.0)
            await trio.sleep(0.1)
        assert trio.current_time() - stuck_since <= CLOSED_WITHIN
        assert most_waiting < 2 * ROWS * 100  # one state, and not one for each update
        assert len(ann.link.came_up_at) == 1

        joe.link.resume_reading()
        await joe.sees(Gauge, lambda rows: rows[0].value == latest, within=20)
        assert "takes too long to receive" in caplog.text
        nursery.cancel_scope.cancel()


async def test_one_that_hangs_as_a_whole_is_given_up_as_gone(
    gauges: Any, world: Any, autojump_clock: MockClock
) -> None:
    async with gauges("client") as peek:
        joe = await peek.device(timing=PATIENT)
        joe.link.stop_reading()
        await trio.sleep(25)
        assert [peer.service for peer in peek.client.board.peers()] == ["server"]


async def test_states_that_it_missed_are_counted(gauges: Any, world: Any, autojump_clock: MockClock) -> None:
    from peek_plugin_gauges.contract import Gauge

    async with gauges("client") as peek:
        joe = await peek.device()
        show(world, 0)
        await joe.latest(Gauge)
        joe.link.stop_reading()
        for latest in range(1, 51):
            show(world, latest)
            peek.server.board.notify("peek_plugin_gauges.Gauge")
            await trio.sleep(0.1)
        async with joe.observe(Gauge):
            joe.link.resume_reading()
            await joe.sees(Gauge, lambda rows: rows[0].value == 50, within=1)
        assert len(joe.link.came_up_at) == 1


def show(world: Any, value: int) -> None:
    world.gauges = {f"gauge-{number:03}": value for number in range(ROWS)}


def waiting_for(service: Any, device: Any) -> int:
    """Bytes that wait at a service for one device."""
    return sum(
        port.link.statistics().waiting_bytes for port in service.board._directory.ports if port.peer.id == device.id
    )


async def ask_now_and_then(device: Any) -> None:
    from peek_plugin_gauges.contract import add

    while True:
        with trio.move_on_after(1):
            try:
                await device.call(add, 1, 1)
            except CallError:
                await trio.sleep(1)
        await trio.sleep(4)
