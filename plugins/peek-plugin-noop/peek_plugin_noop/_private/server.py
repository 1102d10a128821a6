"""The part on the server: gathers the signs of life and shows them to whoever watches."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import trio
from peek_plugin_tutorial.server_api import TutorialApi

from peek_trio import ServerContext, TupleSelector, hookimpl, signed_in

from .. import contract
from ..tuples import SignOfLife
from .beat import SECONDS_BETWEEN_BEATS

FORGOTTEN_AFTER_SECONDS = 600.0
"""A part that was silent for so long is no longer listed: it was taken away, not restarted."""


@hookimpl
async def peek_start(ctx: ServerContext) -> None:
    signs: dict[str, SignOfLife] = {}

    @ctx.observables.provider(SignOfLife, allow=signed_in)
    async def signs_of_life(selector: TupleSelector) -> Sequence[SignOfLife]:
        return sorted(signs.values(), key=lambda sign: (sign.service, sign.service_id))

    async def alive(service: str, service_id: str, since: datetime, note: str = "") -> None:
        now = datetime.now(UTC)
        signs[service_id] = SignOfLife(service, service_id, since, now, note)
        for sign in list(signs.values()):
            if (now - sign.last_seen).total_seconds() > FORGOTTEN_AFTER_SECONDS:
                del signs[sign.service_id]
        ctx.observables.notify(SignOfLife)

    async def own_beat() -> None:
        tutorial = ctx.api("peek_plugin_tutorial", TutorialApi)
        since = datetime.now(UTC)
        while True:
            await alive(ctx.service, ctx.service_id, since, f"the tutorial's API counts {await tutorial.count()} rows")
            await trio.sleep(SECONDS_BETWEEN_BEATS)

    ctx.rpc.serve(contract.alive, alive)
    ctx.nursery.start_soon(own_beat)
