"""Loaders: reading and editing the rows of a table, for admin pages.

A loader is whatever lists, saves and deletes the rows of one tuple type; storage has one for mapped classes. Every row comes with a
version, and a save or delete names the version it was made from, so that a lost update is a conflict somebody sees. On the wire they are
ordinary calls to the server (`peek_trio.transport.loader_contracts`) under the loader's own policy.
"""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, Protocol, runtime_checkable

import attrs

from peek_trio.errors import BadRequest, NoSuchEndpoint, PeekError, TupleError
from peek_trio.security import Policy, Principal, anyone
from peek_trio.transport.calls.contract import Contract
from peek_trio.transport.calls.method import Method
from peek_trio.transport.calls.methods import Methods
from peek_trio.transport.edge import refusal
from peek_trio.transport.loader_contracts import (
    ImportedLine,
    ImportedTable,
    Page,
    RowFault,
    SavedRow,
    SavedRows,
    loader_delete,
    loader_delete_all,
    loader_export,
    loader_import,
    loader_list,
    loader_save,
    loader_save_all,
)
from peek_trio.transport.owner import Owner, removal
from peek_trio.tuples import TupleRegistry

__all__ = ["BulkLoader", "Loader", "LoaderPage", "Loaders", "loader_delete", "loader_list", "loader_save"]

LARGEST_PAGE = 1000
"""Rows that one `list` may ask for."""

LARGEST_FILE = 16 * 2**20
"""Bytes of a file that is imported."""


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


class RowFailure(Protocol):
    """Whatever is like a `RowFault`."""

    @property
    def row(self) -> int: ...
    @property
    def kind(self) -> str: ...
    @property
    def message(self) -> str: ...
    @property
    def field(self) -> str: ...


class ManyRows(Protocol):
    """Rows as they were stored with their versions, or else what is wrong with them."""

    @property
    def rows(self) -> list[Any]: ...
    @property
    def versions(self) -> list[str]: ...
    @property
    def errors(self) -> Sequence[RowFailure]: ...


@runtime_checkable
class BulkLoader(Loader, Protocol):
    """A loader that takes many rows at once, in one transaction, all of them or none, and files of them."""

    async def save_all(self, rows: Sequence[Any], versions: Sequence[str | None]) -> ManyRows:
        """Stores rows like `save`; what is wrong with some of them is in the outcome."""

    async def delete_all(self, keys: Sequence[Any], versions: Sequence[str]) -> ManyRows:
        """Deletes rows like `delete`; the outcome has errors only."""

    def export(
        self, sort: list[tuple[str, str]], filter: dict[str, Any], *, guarded: bool = True
    ) -> AsyncIterator[str]:
        """The rows that match as CSV, piece by piece."""

    async def import_csv(self, data: bytes, *, token: str | None = None) -> Any:
        """What a CSV file does, like an `ImportedTable`; with the token of such an answer, does it."""


@attrs.frozen(eq=False)
class _Served:
    row_type: type
    loader: Loader
    allow: Policy
    owner: Owner


class Loaders:
    """The loaders of this service, and the methods that lead to them."""

    def __init__(self, registry: TupleRegistry, methods: Methods, platform: Owner) -> None:
        self._registry = registry
        self._loaders: dict[str, _Served] = {}
        # Open to anyone, because each loader has a policy of its own and `_find` asks it.
        served: list[tuple[Contract[..., Any], Callable[..., Any]]] = [
            (loader_list, self._list),
            (loader_save, self._save),
            (loader_delete, self._delete),
            (loader_save_all, self._save_all),
            (loader_delete_all, self._delete_all),
            (loader_export, self._export),
            (loader_import, self._import),
        ]
        for contract, fn in served:
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
        stored, new_version = await served.loader.save(self._row(served, type, row, ".row"), version)
        return SavedRow(self._registry.codec.to_builtins(stored, served.row_type), new_version)

    async def _delete(self, type: str, key: Any, version: str, principal: Principal) -> None:
        await self._find(type, principal, "Deleting from").loader.delete(key, version)

    async def _save_all(
        self, type: str, rows: list[dict[str, Any]], versions: list[str | None], principal: Principal
    ) -> SavedRows:
        served, loader = self._find_bulk(type, principal, "Saving")
        given = [self._row(served, type, row, f".rows[{place}]") for place, row in enumerate(rows)]
        outcome = await loader.save_all(given, versions)
        stored = [self._registry.codec.to_builtins(row, served.row_type) for row in outcome.rows]
        return SavedRows(stored, outcome.versions, [_fault(error) for error in outcome.errors])

    async def _delete_all(
        self, type: str, keys: list[Any], versions: list[str], principal: Principal
    ) -> list[RowFault]:
        _, loader = self._find_bulk(type, principal, "Deleting from")
        return [_fault(error) for error in (await loader.delete_all(keys, versions)).errors]

    async def _export(
        self,
        type: str,
        sort: list[tuple[str, str]],
        filter: dict[str, Any],
        bom: bool,
        guarded: bool,
        principal: Principal,
    ) -> AsyncIterator[str]:
        _, loader = self._find_bulk(type, principal, "Exporting")
        mark = "\ufeff" if bom else ""
        async for piece in loader.export(sort, filter, guarded=guarded):
            yield mark + piece
            mark = ""

    async def _import(
        self, type: str, data: bytes, compressed: bool, token: str | None, principal: Principal
    ) -> ImportedTable:
        _, loader = self._find_bulk(type, principal, "Importing into")
        report = await loader.import_csv(_inflated(data) if compressed else data, token=token)
        lines = [ImportedLine(one.line, one.what, list(one.fields), one.field, one.reason) for one in report.lines]
        return ImportedTable(
            report.new, report.changed, report.unchanged, report.refused, lines, report.token, report.applied
        )

    def _find_bulk(self, name: str, principal: Principal, doing: str) -> tuple[_Served, BulkLoader]:
        served = self._find(name, principal, doing)
        if not isinstance(served.loader, BulkLoader):
            raise NoSuchEndpoint(f"The loader of {name} takes one row at a time.")
        return served, served.loader

    def _row(self, served: _Served, type: str, row: dict[str, Any], step: str) -> Any:
        try:
            return self._registry.codec.from_builtins(row, served.row_type)
        except TupleError as error:
            raise BadRequest(f"The row does not fit {type}. {error.within(step)}") from error


def _fault(error: RowFailure) -> RowFault:
    return RowFault(error.row, error.kind, error.message, error.field)


def _inflated(data: bytes) -> bytes:
    inflater = zlib.decompressobj()
    try:
        whole = inflater.decompress(data, LARGEST_FILE)
    except zlib.error as error:
        raise BadRequest("The compressed file is damaged.") from error
    if not inflater.eof:
        raise BadRequest(f"The file is cut short, or has more than the {LARGEST_FILE // 2**20} MB allowed.")
    return whole
