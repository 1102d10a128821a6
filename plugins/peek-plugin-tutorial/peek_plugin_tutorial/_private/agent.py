"""The part on the agent: serves one call, and makes one."""

from __future__ import annotations

from peek_trio import AgentContext, CallError, hookimpl

from .. import contract


@hookimpl
async def peek_start(ctx: AgentContext) -> None:
    ctx.rpc.serve(contract.subtract_ints, subtract_ints)
    ctx.nursery.start_soon(greet_server, ctx)


async def subtract_ints(a: int, b: int) -> int:
    return a - b


async def greet_server(ctx: AgentContext) -> None:
    """Ask the server once. The link may not be there yet: an agent often starts before its server answers."""
    add = ctx.rpc.caller(contract.add_ints, timeout=30)
    try:
        ctx.log.info("the server says that 2 + 3 = %d", await add(2, 3))
    except CallError as error:
        ctx.log.info("the server did not answer: %s", error)
