"""Everything one running plugin has registered on one service. Closing it takes all of it back, in reverse order.

The abilities of a context (`peek_trio.plugin.abilities`) register through this and keep nothing themselves.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING

from peek_trio.errors import PluginError
from peek_trio.plugin.parts import ServiceParts
from peek_trio.plugin.tuple_owners import TupleOwners

if TYPE_CHECKING:
    from peek_trio.storage import Database
    from peek_trio.transport import Scope

__all__ = ["Registrations"]


class Registrations:
    """The registrations of `plugin`. `phase` is what the host is doing with the plugin just now, for error messages."""

    def __init__(self, plugin: str, parts: ServiceParts, owners: TupleOwners) -> None:
        self.plugin = plugin
        self.parts = parts
        self.phase = "load"
        self._owners = owners
        self._undo = ExitStack()
        self._closed = False
        self._scope = parts.board.scope(plugin)
        self._undo.callback(owners.leave, plugin)
        self._undo.callback(self._scope.close)

    @property
    def scope(self) -> Scope:
        """The plugin's scope on the switchboard. Raises PluginError once the plugin has stopped."""
        self._check_open()
        return self._scope

    def tuples(self, *classes: type) -> None:
        """Register tuple classes. A class that is there already stays."""
        self._check_open()
        for cls in classes:
            self._owners.add(cls, user=self.plugin)

    def on_close(self, undo: Callable[[], None]) -> None:
        """Call `undo` when the plugin stops."""
        self._check_open()
        self._undo.callback(undo)

    def database(self, what: str) -> Database:
        """The database of the service. Raises PluginError when it has none; `what` begins the sentence."""
        if self.parts.database is None:
            raise self.error(f"{what} needs the database, which the {self.parts.service} service does not have.")
        return self.parts.database

    def error(self, message: str) -> PluginError:
        """The error for a registration that cannot be."""
        return PluginError(message, plugin=self.plugin, phase=self.phase)

    def close(self) -> None:
        """Take everything back. A second time does nothing. One failing removal does not keep the others from being made."""
        self._closed = True
        self._undo.close()

    def _check_open(self) -> None:
        if self._closed:
            raise self.error(f"{self.plugin} has stopped, so it cannot register anything any more.")
