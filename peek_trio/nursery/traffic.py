"""What the services carry, for administrators: every service counts by itself, and the server asks all of them when somebody looks.

Nothing is counted or sent for it otherwise, so that it costs nothing while nobody looks.
"""

from __future__ import annotations

import trio

from peek_trio.nursery import platform_contracts as contracts
from peek_trio.nursery.platform_tuples import ServiceTraffic
from peek_trio.security import admin, services_of
from peek_trio.transport import Answer, Scope, Switchboard

__all__ = ["serve_own_traffic", "serve_traffic", "traffic_of"]

PATIENCE = 2.0
"""Seconds that a service has to answer; an administrator waits for the slowest."""


def serve_own_traffic(board: Switchboard, scope: Scope) -> None:
    """Tells the server what this service carries, when it asks."""

    async def own_traffic() -> ServiceTraffic:
        return traffic_of(board)

    contract = contracts.own_traffic[board.me.service]  # type: ignore[index]  # of every kind but the server
    scope.serve(contract, own_traffic, allow=services_of("server"))


def serve_traffic(board: Switchboard, scope: Scope) -> None:
    """Tells administrators what all services carry."""
    callers = [board.call_all(contract, timeout=PATIENCE) for contract in contracts.own_traffic.values()]

    async def traffic() -> list[ServiceTraffic]:
        answers: list[Answer[ServiceTraffic]] = []

        async def ask(kind: int) -> None:
            answers.extend(await callers[kind]())

        async with trio.open_nursery() as nursery:
            for kind in range(len(callers)):
                nursery.start_soon(ask, kind)
        others = [answer.value for answer in answers if answer.error is None]
        return [traffic_of(board), *sorted(others, key=lambda each: (each.kind, each.service_id))]

    scope.serve(contracts.traffic, traffic, allow=admin)


def traffic_of(board: Switchboard) -> ServiceTraffic:
    """What the service of this switchboard carries."""
    now = board.statistics()
    calls, actions, states, relay = now.calls, now.actions, now.observables, now.relay
    devices = now.links.get("device", 0)
    return ServiceTraffic(
        service_id=board.me.id,
        kind=board.me.service,
        devices=devices,
        services=sum(now.links.values()) - devices,
        bytes_received=now.traffic.bytes_received,
        bytes_sent=now.traffic.bytes_sent,
        messages_received=now.traffic.messages_received,
        messages_sent=now.traffic.messages_sent,
        waiting_bytes=now.traffic.waiting_bytes,
        replaced=now.traffic.replaced,
        calls_in_flight=calls.in_flight,
        calls_served=calls.served,
        calls_failed=calls.failed,
        calls_refused=calls.refused,
        forwarding=now.forwarding,
        forwarded=now.forwarded,
        actions_waiting=actions.waiting,
        actions_applied=actions.applied,
        actions_rejected=actions.rejected,
        actions_retry=actions.retry,
        messages_taken=now.messages.taken,
        messages_refused=now.messages.refused,
        watched=states.entries + (relay.watched if relay else 0),
        watchers=states.watchers + (relay.watchers if relay else 0),
        stale=states.stale + (relay.stale if relay else 0),
        kept_bytes=states.bytes + (relay.bytes if relay else 0),
        states_sent=states.states_sent + (relay.states_sent if relay else 0),
        deltas_sent=states.deltas_sent + (relay.deltas_sent if relay else 0),
        same_sent=states.same_sent + (relay.same_sent if relay else 0),
        evicted=relay.evicted if relay else 0,
    )
