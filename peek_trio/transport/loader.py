"""Loaders: reading and editing the rows of a table, for admin pages.

A loader is whatever lists, saves and deletes the rows of one tuple type; storage has one for mapped classes. Every row comes with a
version, and a save or delete names the version it was made from, so that a lost update is a conflict somebody sees. On the wire the three
are ordinary calls to the server (`peek.loader_list`, `peek.loader_save`, `peek.loader_delete`) under the loader's own policy.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import attrs

from peek_trio.errors import BadRequest, NoSuchEndpoint, PeekError, TupleError
from peek_trio.security import Policy, Principal, anyone
from peek_trio.transport.calls.contract import rpc
from peek_trio.transport.calls.method import Method
from peek_trio.transport.calls.methods import Methods
from peek_trio.transport.edge import refusal
from peek_trio.transport.owner import Owner, removal
from peek_trio.tuples import TupleRegistry

__all__ = ["Loader", "LoaderPage", "Loaders", "loader_delete", "loader_list", "loader_save"]

LARGEST_PAGE = 1000
"""Rows that one `list` may ask for."""


@attrs.frozen
class LoaderPage:
    """Some rows of `total`, each with its version."""

    total: int
    rows: list[Any]
    versions: list[str]


class RowsPage(Protocol):
    """Whatever is like a `LoaderPage`."""

    @property
    def total(self) -> int: ...
    @property
    def rows(self) -> list[Any]: ...
    @property
    def versions(self) -> list[str]: ...


class Loader(Protocol):
    """Reads and edits the rows of one tuple type."""

    async def list(self, offset: int, limit: int, sort: list[tuple[str, str]], filter: dict[str, Any]) -> RowsPage:
        """`limit` rows from `offset` on, as a `LoaderPage`. `sort` is (field, "asc" or "desc"), `filter` is field → value."""

    async def save(self, row: Any, version: str | None) -> tuple[Any, str]:
        """Stores a row read as `version`, or a new one when that is None; returns it as stored, with its new version.

        Raises Conflict when somebody else changed it since, Rejected when it may not be.
        """

    async def delete(self, key: Any, version: str) -> None:
        """Deletes the row with the primary key `key`, read as `version`. Raises Conflict and Rejected like `save`."""


@attrs.frozen
class Page:
    """A `LoaderPage` as it travels: rows as plain objects, because the type is the caller's choice."""

    total: int
    rows: list[Any]
    versions: list[str]


@attrs.frozen
class SavedRow:
    """A row as it was stored."""

    row: Any
    version: str


@rpc(served_by="server", name="peek.loader_list")
async def loader_list(
    type: str,
    offset: int = 0,
    limit: int = 100,
    sort: list[tuple[str, str]] = [],  # noqa: B006  # a declaration; nobody runs it
    filter: dict[str, Any] = {},  # noqa: B006
) -> Page:
    """Rows of the tuple type `type`."""
    ...


@rpc(served_by="server", name="peek.loader_save")
async def loader_save(type: str, row: dict[str, Any], version: str | None = None) -> SavedRow:
    """Stores a row of the tuple type `type`."""
    ...


@rpc(served_by="server", name="peek.loader_delete")
async def loader_delete(type: str, key: Any, version: str) -> None:
    """Deletes a row of the tuple type `type`."""
    ...


@attrs.frozen(eq=False)
class _Served:
    row_type: type
    loader: Loader
    allow: Policy
    owner: Owner


class Loaders:
    """The loaders of this service, and the three methods that lead to them."""

    def __init__(self, registry: TupleRegistry, methods: Methods, platform: Owner) -> None:
        self._registry = registry
        self._loaders: dict[str, _Served] = {}
        # Open to anyone, because each loader has a policy of its own and `_find` asks it.
        for contract, fn in (loader_list, self._list), (loader_save, self._save), (loader_delete, self._delete):
            methods.add(Method.of(contract, fn, anyone, platform))

    def add(self, name: str, row_type: type, loader: Loader, allow: Policy, owner: Owner) -> Callable[[], None]:
        """Loads a type from now on; returns what removes it. Raises PeekError when somebody else does."""
        if (other := self._loaders.get(name)) is not None:
            raise PeekError(f"{owner.name} cannot load {name}: {other.owner.name} already does.")
        served = self._loaders[name] = _Served(row_type, loader, allow, owner)
        return removal(self._loaders, name, served)

    def _find(self, name: str, principal: Principal, doing: str) -> _Served:
        served = self._loaders.get(name)
        if served is None:
            raise NoSuchEndpoint(f"No loader serves {name}.")
        if (no := refusal(served.allow, principal, f"{doing} {name}")) is not None:
            raise no
        return served

    async def _list(
        self,
        type: str,
        offset: int,
        limit: int,
        sort: list[tuple[str, str]],
        filter: dict[str, Any],
        principal: Principal,
    ) -> Page:
        served = self._find(type, principal, "Listing")
        if offset < 0 or not 1 <= limit <= LARGEST_PAGE:
            raise BadRequest(f"offset must be at least 0 and limit from 1 to {LARGEST_PAGE}.")
        if wrong := [direction for _, direction in sort if direction not in ("asc", "desc")]:
            raise BadRequest(f"$.sort: the direction must be asc or desc, not {wrong[0]!r}.")
        page = await served.loader.list(offset, limit, sort, filter)
        codec = self._registry.codec
        return Page(page.total, [codec.to_builtins(row, served.row_type) for row in page.rows], page.versions)

    async def _save(self, type: str, row: dict[str, Any], version: str | None, principal: Principal) -> SavedRow:
        served = self._find(type, principal, "Saving")
        codec = self._registry.codec
        try:
            given = codec.from_builtins(row, served.row_type)
        except TupleError as error:
            raise BadRequest(f"The row does not fit {type}. {error.within('.row')}") from error
        stored, new_version = await served.loader.save(given, version)
        return SavedRow(codec.to_builtins(stored, served.row_type), new_version)

    async def _delete(self, type: str, key: Any, version: str, principal: Principal) -> None:
        await self._find(type, principal, "Deleting from").loader.delete(key, version)
