"""What the parts on the client, agent and worker do: say every few seconds that they run."""

from __future__ import annotations

from datetime import UTC, datetime

import trio

from peek_trio import AgentContext, CallError, ClientContext, WorkerContext

from .. import contract

SECONDS_BETWEEN_BEATS = 5.0


async def beat(ctx: AgentContext | ClientContext | WorkerContext) -> None:
    """Tell the server until cancelled. A beat that does not arrive is not repeated: the next one says the same."""
    tell = ctx.rpc.caller(contract.alive, timeout=SECONDS_BETWEEN_BEATS)
    since = datetime.now(UTC)
    while True:
        try:
            await tell(ctx.service, ctx.service_id, since)
        except CallError as error:
            ctx.log.debug("the server did not take this beat: %s", error)
        await trio.sleep(SECONDS_BETWEEN_BEATS)
