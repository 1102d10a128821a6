"""The one call of this plugin."""

from __future__ import annotations

from datetime import datetime

from peek_trio import rpc


@rpc(served_by="server")
async def alive(service: str, service_id: str, since: datetime) -> None:
    """A part of this plugin says that it runs, every few seconds."""
    ...
