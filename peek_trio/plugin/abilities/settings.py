"""`ctx.settings`: a plugin's typed values that administrators change while it runs."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

import trio

from peek_trio.errors import DatabaseUnavailable
from peek_trio.plugin.registrations import Registrations

if TYPE_CHECKING:
    from peek_trio.storage import SettingStore

__all__ = ["Settings"]

V = TypeVar("V", int, float, bool, str)

SETTING_TABLE = "peek.setting"
"""Where the platform keeps the values, as the change feed calls it."""


class Settings:
    """The settings of one plugin. They live in the database and have a page of their own on the admin site."""

    def __init__(self, registrations: Registrations, nursery: trio.Nursery, log: logging.Logger) -> None:
        self._registrations = registrations
        self._nursery = nursery
        self._log = log

    def declare(
        self,
        key: str,
        kind: type[V],
        *,
        default: V,
        title: str,
        help: str = "",
        minimum: float | None = None,
        maximum: float | None = None,
    ) -> None:
        """Declare a setting. `title` and `help` are for administrators; numbers may have bounds. Until changed it has its `default`.

        Raises PeekError when the default does not fit, or the plugin has declared the key already.
        """
        plugin = self._registrations.plugin
        self._registrations.on_close(self._store().declare(plugin, key, kind, default, title, help, minimum, maximum))

    async def get(self, key: str) -> Any:
        """The value now, of the declared type. Raises PeekError for a key that was not declared, and DatabaseUnavailable."""
        return await self._store().get(self._registrations.plugin, key)

    def on_change(self, key: str, callback: Callable[[Any], None]) -> None:
        """Call `callback(value)` on the event loop soon, and again whenever the setting has got another value, in whatever process."""
        self._store()
        database = self._registrations.database(f"Watching the setting {key}")
        send, looks = trio.open_memory_channel[None](1)

        def owe_a_look(tables: frozenset[str]) -> None:
            with suppress(trio.WouldBlock):  # one is owed already, and will see this change too
                send.send_nowait(None)

        self._registrations.on_close(database.changes.on_change({SETTING_TABLE}, owe_a_look))
        owe_a_look(frozenset())
        self._nursery.start_soon(self._watch, key, callback, looks)

    async def _watch(self, key: str, callback: Callable[[Any], None], looks: trio.MemoryReceiveChannel[None]) -> None:
        known: Any = None  # which no setting ever is
        async for _ in looks:
            try:
                value = await self.get(key)
            except DatabaseUnavailable as error:
                self._log.warning("The setting %s keeps its value, because it cannot be read: %s", key, error)
                continue
            if value != known:
                known = value
                callback(value)

    def _store(self) -> SettingStore:
        store = self._registrations.parts.settings
        if store is None:
            raise self._registrations.error(f"The {self._registrations.parts.service} service keeps no settings.")
        return store
