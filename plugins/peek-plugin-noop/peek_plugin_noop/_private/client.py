"""The part on the client: a sign of life."""

from __future__ import annotations

from peek_trio import ClientContext, hookimpl

from .beat import beat


@hookimpl
def peek_start(ctx: ClientContext) -> None:
    ctx.nursery.start_soon(beat, ctx)
