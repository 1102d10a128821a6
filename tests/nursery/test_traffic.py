"""What the services carry is told to administrators, by every service that answers."""

from __future__ import annotations

from collections.abc import Sequence

import attrs
import pytest
import trio
from trio.testing import MockClock

from peek_trio.errors import NotAllowed
from peek_trio.nursery.platform_contracts import own_traffic, traffic
from peek_trio.nursery.platform_tuples import ServiceTraffic
from peek_trio.nursery.traffic import PATIENCE, serve_own_traffic, serve_traffic
from peek_trio.security import Principal, signed_in
from peek_trio.testing import Platform, platform
from peek_trio.tuples import TupleSelector, tuple_type

ADMIN = {"name": "root", "roles": {"admin"}, "site": "admin"}


@tuple_type("test.Row")
@attrs.frozen
class Row:
    """Something to watch."""

    value: int


async def read(selector: TupleSelector, principal: Principal) -> Sequence[object]:
    return [Row(1)]


def told(peek: Platform) -> None:
    """Has every service tell what it carries, as the real ones do."""
    for service in peek.all_services:
        scope = service.board.scope("peek.traffic")
        if service is peek.server:
            serve_traffic(service.board, scope)
            scope.provide(Row, read, allow=signed_in)
        else:
            serve_own_traffic(service.board, scope)


async def test_an_administrator_is_told_what_every_service_carries(autojump_clock: MockClock) -> None:
    async with platform(services=["client", "agent"], clients=2) as peek:
        told(peek)
        phones = await peek.devices(5)
        for phone in phones:
            await phone.latest(Row)
        browser = await peek.device(**ADMIN)
        rows = await browser.call(traffic)
        assert [(row.service_id, row.devices, row.services) for row in rows] == [
            ("server-1", 1, 3),
            ("agent-1", 0, 1),
            ("client-1", 2, 1),
            ("client-2", 3, 1),
        ]
        assert [(row.watched, row.watchers, row.states_sent) for row in rows] == [
            (1, 2, 2),  # the client services
            (0, 0, 0),
            (1, 2, 2),
            (1, 3, 3),
        ]
        assert all(row.kept_bytes > 0 for row in rows if row.watched)
        assert all(row.bytes_sent > 0 and row.messages_received > 0 for row in rows if row.watched)


async def test_who_does_not_answer_is_missing_and_costs_two_seconds(autojump_clock: MockClock) -> None:
    async with platform(services=["client", "agent"]) as peek:
        told(peek)
        browser = await peek.device(**ADMIN)
        peek.agent.link.black_hole()
        began = trio.current_time()
        rows: list[ServiceTraffic] = await browser.call(traffic)
        assert [row.service_id for row in rows] == ["server-1", "client-1"]
        assert trio.current_time() - began == pytest.approx(PATIENCE, abs=0.1)


async def test_nobody_else_is_told(autojump_clock: MockClock) -> None:
    async with platform(services=["client", "agent"]) as peek:
        told(peek)
        phone = await peek.device(roles={"user"})
        with pytest.raises(NotAllowed):
            await phone.call(traffic)
        with pytest.raises(NotAllowed):
            await phone.call(own_traffic["client"])
        with pytest.raises(NotAllowed):
            await peek.client.board.caller(own_traffic["agent"])()
