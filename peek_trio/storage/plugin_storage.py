"""A plugin's view of the database: the platform's units of work, and the name of its own schema."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy.orm import Session

from peek_trio.storage.database import Database

__all__ = ["PluginStorage"]

T = TypeVar("T")


class PluginStorage:
    """What `ctx.storage` is. `schema` is the schema that the plugin's metadata must name; there is no search path to rely on."""

    def __init__(self, database: Database, schema: str) -> None:
        self._database = database
        self.schema = schema

    async def run(self, fn: Callable[[Session], T], *, read_only: bool = False) -> T:
        """Runs `fn` as one unit of work, in a thread; see `Database.run`."""
        return await self._database.run(fn, read_only=read_only)
