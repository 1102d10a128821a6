"""Every hook a plugin may implement, each with one example.

The module that a plugin's entry point names for a service (`peek_trio.server`, `.client`, `.agent`, `.worker`) implements the hooks
it needs, marked with `hookimpl`. A hook is a plain function or an async one and takes the plugin's context on that service; a plain
one runs on the event loop, so it must be quick. The platform gives each hook 60 s (5 s for the two that end it) and calls them for
one plugin without regard to any other's. A hook that raises fails its own plugin only.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from peek_trio.plugin.contexts import Context

__all__ = ["HOOKS", "hookimpl", "hookspec", "peek_load", "peek_start", "peek_stop", "peek_unload"]

PROJECT = "peek_trio"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)
"""Marks a function of a plugin as its implementation of the hook of the same name."""

HOOKS = ("peek_load", "peek_start", "peek_stop", "peek_unload")
"""In the order of a plugin's life."""


@hookspec
def peek_load(ctx: Context) -> Awaitable[None] | None:
    """Prepare: declare settings and tuple classes, publish an API. The plugins this one requires have started, its tables exist.

    Example::

        @hookimpl
        def peek_load(ctx: ServerContext) -> None:
            ctx.settings.declare("retention_hours", int, default=24, title="Keep readings for", help="Hours.", minimum=1)
    """


@hookspec
def peek_start(ctx: Context) -> Awaitable[None] | None:
    """Go into service: register providers, handlers and calls, start tasks in `ctx.nursery`. Called right after `peek_load`.

    Raise to refuse to start: whatever was registered before is taken back.

    Example::

        @hookimpl
        async def peek_start(ctx: ServerContext) -> None:
            ctx.rpc.serve(contract.add_ints, add_ints)
            ctx.nursery.start_soon(poll_meters, ctx)
    """


@hookspec
def peek_stop(ctx: Context) -> Awaitable[None] | None:
    """Leave service, within 5 s. Only for what the platform cannot know of: registrations and tasks end by themselves afterwards.

    Called when `peek_start` had succeeded, also after a task of the plugin crashed; `ctx.nursery` is then closing already.

    Example::

        @hookimpl
        async def peek_stop(ctx: AgentContext) -> None:
            await meter.write_goodbye()
    """


@hookspec
def peek_unload(ctx: Context) -> Awaitable[None] | None:
    """Let go of what `peek_load` took, within 5 s. Called when `peek_load` had succeeded; every registration is gone by now.

    Example::

        @hookimpl
        def peek_unload(ctx: AgentContext) -> None:
            serial_port.close()
    """
