"""The part on the agent: a sign of life."""

from __future__ import annotations

from peek_trio import AgentContext, hookimpl

from .beat import beat


@hookimpl
def peek_start(ctx: AgentContext) -> None:
    ctx.nursery.start_soon(beat, ctx)
