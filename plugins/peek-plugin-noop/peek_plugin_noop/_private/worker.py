"""The part on the worker: a sign of life."""

from __future__ import annotations

from peek_trio import WorkerContext, hookimpl

from .beat import beat


@hookimpl
def peek_start(ctx: WorkerContext) -> None:
    ctx.nursery.start_soon(beat, ctx)
