"""The server's part: reads and sets gauges."""

from __future__ import annotations

from collections.abc import AsyncIterator

import trio

from peek_plugin_gauges import contract
from peek_plugin_gauges.contract import Gauge, SetGauge
from peek_plugin_gauges.world import world
from peek_trio import ServerContext, TupleSelector, hookimpl, signed_in


@hookimpl
def peek_start(ctx: ServerContext) -> None:
    """Offer everything."""

    @ctx.observables.provider(Gauge, allow=signed_in)
    async def gauges(selector: TupleSelector) -> list[Gauge]:
        world.read += 1
        if world.broken:
            raise RuntimeError("The cable to the gauges is broken.")
        wanted = selector.selector.get("name")
        return [Gauge(name, value) for name, value in sorted(world.gauges.items()) if wanted in (None, name)]

    @ctx.actions.handler(SetGauge, allow=signed_in, once=False)
    async def set_gauge(action: SetGauge) -> int:
        if action.value < 0:
            raise RuntimeError("The needle is stuck.")
        world.gauges[action.name] = action.value
        world.applied.append(action)
        ctx.observables.notify(Gauge)
        return action.value

    async def hear(gauges: list[Gauge]) -> None:
        if any(gauge.value < 0 for gauge in gauges):
            raise RuntimeError("Nobody wants to hear this.")
        world.gauges.update({gauge.name: gauge.value for gauge in gauges})

    ctx.messages.listen({"topic": "gauge"}, hear, allow=signed_in)

    def add(left: int, right: int) -> int:
        if left + right < 0:
            raise RuntimeError("Out of fingers.")
        return left + right

    async def count(to: int, fail_at: int) -> AsyncIterator[int]:
        for number in range(1, to + 1):
            if number == fail_at:
                raise RuntimeError("Lost count.")
            yield number

    ctx.rpc.serve(contract.add, add, allow=signed_in)
    ctx.rpc.serve(contract.wait, trio.sleep, allow=signed_in)
    ctx.rpc.serve(contract.count, count, allow=signed_in)
