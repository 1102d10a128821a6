"""The calls by which admin pages read and edit tables, and what they carry. `peek_trio.transport.loader` serves them.

Rows travel as plain objects, because their type is the caller's choice.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import attrs

from peek_trio.transport.calls.contract import rpc

__all__ = [
    "ImportedLine",
    "ImportedTable",
    "Page",
    "RowFault",
    "SavedRow",
    "SavedRows",
    "loader_delete",
    "loader_delete_all",
    "loader_export",
    "loader_import",
    "loader_list",
    "loader_save",
    "loader_save_all",
]


@attrs.frozen
class Page:
    """Some rows of `total`, each with its version."""

    total: int
    rows: list[Any]
    versions: list[str]


@attrs.frozen
class SavedRow:
    """A row as it was stored."""

    row: Any
    version: str


@attrs.frozen
class RowFault:
    """Why the row at a place among many cannot be written: the kind of error, a sentence, and the field if it is about one."""

    row: int
    kind: str
    message: str
    field: str = ""


@attrs.frozen
class SavedRows:
    """Many rows as they were stored; or, when some could not be, no row and what is wrong with those."""

    rows: list[Any]
    versions: list[str]
    errors: list[RowFault]


@attrs.frozen
class ImportedLine:
    """What a line of a file does: "new", "changed" (these `fields`) or "refused" (for this `reason`, perhaps because of `field`)."""

    line: int
    what: str
    fields: list[str]
    field: str
    reason: str


@attrs.frozen
class ImportedTable:
    """How many lines of a file do what, and the first thousand of those that do something. `token` stands for exactly this."""

    new: int
    changed: int
    unchanged: int
    refused: int
    lines: list[ImportedLine]
    token: str
    applied: bool


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


@rpc(served_by="server", name="peek.loader_save_all")
async def loader_save_all(type: str, rows: list[dict[str, Any]], versions: list[str | None]) -> SavedRows:
    """Stores many rows in one transaction, all of them or none."""
    ...


@rpc(served_by="server", name="peek.loader_delete_all")
async def loader_delete_all(type: str, keys: list[Any], versions: list[str]) -> list[RowFault]:
    """Deletes many rows in one transaction, all of them or, when there is an answer, none."""
    ...


@rpc(served_by="server", name="peek.loader_export")
async def loader_export(
    type: str,
    sort: list[tuple[str, str]] = [],  # noqa: B006
    filter: dict[str, Any] = {},  # noqa: B006
    bom: bool = False,
    guarded: bool = True,
) -> AsyncIterator[str]:
    """The rows that match as CSV, piece by piece. `bom` begins it with the mark by which spreadsheets know UTF-8.

    `guarded` marks texts that they would run as formulas.
    """
    ...


@rpc(served_by="server", name="peek.loader_import")
async def loader_import(type: str, data: bytes, compressed: bool = False, token: str | None = None) -> ImportedTable:
    """What a CSV file does to the table; with the token of such an answer, does it. `compressed`: the file, by zlib."""
    ...
