"""`ctx.messages`: rows for whoever listens, matched by a filt. For what calls, live data and actions do not fit."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from peek_trio.plugin.parameters import describe, form_of
from peek_trio.plugin.registrations import Registrations
from peek_trio.security import Policy
from peek_trio.transport.wire import Peer

__all__ = ["Messages"]


class Messages:
    """Messages. A listener's filt must be a subset of the message's."""

    def __init__(self, registrations: Registrations) -> None:
        self._registrations = registrations
        self._board = registrations.parts.board

    def listen(self, filt: Mapping[str, Any], handler: Callable[..., Awaitable[None]], *, allow: Policy) -> None:
        """Call `async def handler(rows)` with the rows of every message whose filt includes `filt`. It may also take `peer`, the sender."""
        form = form_of(handler, given="rows", extras=("peer",), refuse=self._registrations.error)
        if not form.is_async:
            raise self._registrations.error(
                f"{describe(handler)} must be an async function: it runs on the event loop."
            )

        async def take(rows: list[object], peer: Peer | None) -> None:
            await handler(rows, **form.arguments(peer=peer))

        self._registrations.scope.listen(filt, take, allow=allow)

    async def send(
        self, filt: Mapping[str, Any], rows: Sequence[object] = (), *, to: str | None = None, timeout: float = 30.0
    ) -> int:
        """Send rows to whoever listens, on the service(s) `to` (a kind or an id). Gives how many took them.

        Raises NoSuchEndpoint when nobody listens.
        """
        return await self._board.send_message(filt, rows, to=to, timeout=timeout)
