"""Typed settings that an administrator changes while the platform runs.

A plugin declares a setting with its type, default and bounds; the database holds only what somebody has changed. Who wants to know of
a change, in whichever process, follows the table `peek.setting` in the change feed.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from typing import Any, Literal

import attrs
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from peek_trio.errors import PeekError, Rejected
from peek_trio.storage.database import Database
from peek_trio.storage.tables import SettingRow
from peek_trio.tuples import tuple_type

__all__ = ["Setting", "SettingStore", "SettingValue"]

log = logging.getLogger(__name__)

SettingValue = int | float | bool | str
SettingKind = Literal["int", "float", "bool", "text"]

_KINDS: dict[type, SettingKind] = {int: "int", float: "float", bool: "bool", str: "text"}
_LONGEST_TEXT = 10_000


@tuple_type("peek.Setting")
@attrs.frozen
class Setting:
    """One declared setting and its value. `minimum` and `maximum` bound numbers; None means no bound."""

    plugin: str
    key: str
    title: str
    help: str
    kind: SettingKind
    value: int | float | bool | str
    default: int | float | bool | str
    minimum: int | float | None = None
    maximum: int | float | None = None

    def accept(self, value: object) -> SettingValue:
        """`value` if it fits the setting; a whole number fits a float. Raises Rejected with a sentence if it does not."""
        if self.kind == "float" and type(value) is int:
            value = float(value)
        if not isinstance(value, int | float | bool | str) or _KINDS[type(value)] != self.kind:
            raise Rejected(f"{self.title} must be {_EXPECTED[self.kind]}.")
        if isinstance(value, float) and not math.isfinite(value):
            raise Rejected(f"{self.title} must be a finite number.")
        if isinstance(value, str) and len(value) > _LONGEST_TEXT:
            raise Rejected(f"{self.title} must be at most {_LONGEST_TEXT} characters long.")
        if not isinstance(value, str):
            if self.minimum is not None and value < self.minimum:
                raise Rejected(f"{self.title} must be at least {self.minimum}.")
            if self.maximum is not None and value > self.maximum:
                raise Rejected(f"{self.title} must be at most {self.maximum}.")
        return value


_EXPECTED = {"int": "a whole number", "float": "a number", "bool": "true or false", "text": "a text"}


class SettingStore:
    """The settings of every plugin on this service."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._declared: dict[tuple[str, str], Setting] = {}

    def declare(
        self,
        plugin: str,
        key: str,
        type: type,
        default: SettingValue,
        title: str,
        help: str = "",
        minimum: int | float | None = None,
        maximum: int | float | None = None,
    ) -> Callable[[], None]:
        """Declares a setting of type int, float, bool or str, and returns the function that withdraws it; its value stays stored.

        Declared again, as by a plugin that starts again, it replaces what was declared. Raises PeekError when the type is none of
        these or the default does not fit.
        """
        if type not in _KINDS:
            raise PeekError(f"The setting {plugin}.{key} must be of type int, float, bool or str, not {type!r}.")
        setting = Setting(plugin, key, title, help, _KINDS[type], default, default, minimum, maximum)
        try:
            default = setting.accept(default)
        except Rejected as rejected:
            raise PeekError(f"The default of the setting {plugin}.{key} does not fit: {rejected}") from None
        declared = self._declared[plugin, key] = attrs.evolve(setting, value=default, default=default)

        def withdraw() -> None:
            if self._declared.get((plugin, key)) is declared:
                del self._declared[plugin, key]

        return withdraw

    async def get(self, plugin: str, key: str) -> Any:
        """The value of a declared setting, of its declared type. Raises PeekError for one that is not declared."""
        setting = self._find(plugin, key)

        def read(session: Session) -> object:
            row = session.get(SettingRow, (plugin, key))
            return setting.default if row is None else row.value

        return _fitting(setting, await self._database.run(read, read_only=True)).value

    async def put(self, plugin: str, key: str, value: object) -> Setting:
        """Stores `value` and returns the setting as it is now. Raises Rejected, with a sentence, for a value that does not fit."""
        setting = self._find(plugin, key)
        accepted = setting.accept(value)
        row = insert(SettingRow).values(plugin=plugin, key=key, value=accepted)
        upsert = row.on_conflict_do_update(index_elements=["plugin", "key"], set_={"value": row.excluded.value})
        await self._database.run(lambda session: session.execute(upsert))
        return attrs.evolve(setting, value=accepted)

    async def all(self) -> list[Setting]:
        """Every declared setting with its value, by plugin, in the order of declaration."""

        def read(session: Session) -> dict[tuple[str, str], object]:
            return {(row.plugin, row.key): row.value for row in session.scalars(sa.select(SettingRow))}

        stored = await self._database.run(read, read_only=True)
        settings = [_fitting(setting, stored.get(name, setting.default)) for name, setting in self._declared.items()]
        return sorted(settings, key=lambda setting: setting.plugin)

    def _find(self, plugin: str, key: str) -> Setting:
        try:
            return self._declared[plugin, key]
        except KeyError:
            raise PeekError(f"There is no setting {plugin}.{key}: the plugin has not declared it.") from None


def _fitting(setting: Setting, stored: object) -> Setting:
    """The setting with its stored value, or its default when an older version of the plugin stored what no longer fits."""
    try:
        return attrs.evolve(setting, value=setting.accept(stored))
    except Rejected as rejected:
        log.warning("The stored value of %s.%s is not used: %s", setting.plugin, setting.key, rejected)
        return setting
