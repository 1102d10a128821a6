"""The part on the client service. The platform relays live data and actions by itself, so there is little to do here."""

from __future__ import annotations

from peek_trio import ClientContext, hookimpl


@hookimpl
def peek_start(ctx: ClientContext) -> None:
    ctx.log.info("ready: the platform relays metrics and alarms to every phone and desktop")
