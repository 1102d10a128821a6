"""Ten thousand actions through a network that cuts, repeats and delays: each acknowledged one is applied exactly once and in order."""

from __future__ import annotations

import random
from contextlib import AsyncExitStack

import pytest
import trio

from peek_trio.storage import Database
from tests.faults.actions.chaos_proxy import Chaos, chaos_proxy
from tests.faults.actions.ledger import faults_in, keep_ledger, read_ledger, receipts_that_do_not_fit
from tests.faults.actions.tapping import TappingDevice, board_of, keep_dialling, listening

ACTIONS, DEVICES, KEYS = 10_000, 10, 5


@pytest.mark.timeout(300)
async def test_every_acknowledged_action_is_applied_exactly_once_and_in_order(
    database: Database, rng: random.Random
) -> None:
    chaos = Chaos(random.Random(rng.random()))
    devices = [TappingDevice(f"device {number}", random.Random(rng.random())) for number in range(DEVICES)]
    server, client = board_of("server", "server"), board_of("client", "client")
    async with AsyncExitStack() as stack:
        near_server = await stack.enter_async_context(listening(server))
        await keep_ledger(server, database)
        to_server = await stack.enter_async_context(chaos_proxy(near_server, chaos))
        near_client = await stack.enter_async_context(listening(client))
        to_client = await stack.enter_async_context(chaos_proxy(near_client, chaos))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(keep_dialling, client, to_server)
            async with trio.open_nursery() as tapping:
                for number, device in enumerate(devices):  # half of them through the client service
                    tapping.start_soon(
                        device.write, (to_server, to_client)[number % 2], KEYS, ACTIONS // DEVICES // KEYS
                    )
            nursery.cancel_scope.cancel()
    acknowledged = [line for device in devices for line in device.acknowledged]
    lines = await database.run(read_ledger)
    assert faults_in(lines, acknowledged) == []
    assert len(lines) == len(acknowledged) == ACTIONS
    assert await database.run(receipts_that_do_not_fit) == []
    assert min(chaos.cuts, chaos.repeats, chaos.delays) > 0, chaos
    assert sum(device.sent for device in devices) > ACTIONS  # there was something to withstand
