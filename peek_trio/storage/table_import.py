"""A CSV file brought into a table: what each of its lines is, and the writing of all of them.

Both are one piece of work in one transaction, so that the report of a dry run knows of hooks and constraints: the dry run does
everything and is rolled back. Rows are written many at a time; only when some of them fail are they written again one by one.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any, Generic, Literal, TypeVar

import attrs
import sqlalchemy as sa
from sqlalchemy.exc import DataError, IntegrityError
from sqlalchemy.orm import Session

from peek_trio.errors import BadRequest, CallError, Rejected, TupleError
from peek_trio.storage.row_writer import RowWriter, plainly
from peek_trio.storage.table_csv import ABSENT, Layout, Line, lines_of
from peek_trio.tuples import digest

__all__ = ["MOST_TOLD", "Import", "ImportReport", "LineReport"]

T = TypeVar("T")

MOST_TOLD = 1000
"""Lines that a report tells of one by one."""

MOST_REFUSED = 500
"""Refused lines after which the rest of a file is not looked at any more: each of them costs as much as many good ones."""

_TOO_MANY = f"More than {MOST_REFUSED} lines are refused. Those from here on were not looked at."
_TOGETHER = 500  # rows

What = Literal["new", "changed", "unchanged", "refused"]
_ORDER: tuple[What, ...] = ("refused", "changed", "new", "unchanged")


@attrs.frozen
class LineReport:
    """What a line does: `fields` of a changed row become others; of a refused one, `field` and `reason` say what is wrong."""

    line: int
    what: What
    fields: tuple[str, ...] = ()
    field: str = ""
    reason: str = ""


@attrs.frozen
class ImportReport:
    """How many lines do what, and the lines that do something, the refused ones first, at most MOST_TOLD of them.

    `token` stands for exactly this: for the file, for what each line does, and for the rows that there were. `applied` says that it is
    done rather than only looked at.
    """

    new: int
    changed: int
    unchanged: int
    refused: int
    lines: list[LineReport]
    token: str
    applied: bool = False


class _Refused(Exception):
    def __init__(self, reason: str, field: str = "") -> None:
        super().__init__(reason)
        self.reason, self.field = reason, field


class Import(Generic[T]):
    """One file for one table. `stored` has, once it was carried out, the rows that were written."""

    def __init__(self, writer: RowWriter[T], data: bytes) -> None:
        self._writer = writer
        self._data = data
        self._layout = Layout.of(writer.cls)
        self._keys = [writer.mapper.get_property_by_column(column).key for column in writer.mapper.primary_key]
        self.stored: list[T] = []

    def carry_out(self, session: Session) -> ImportReport:
        """Writes what can be written, and reports. Whoever calls it commits or rolls back. Raises BadRequest."""
        lines = lines_of(self._data, list(self._layout.columns))
        self.stored = []
        told: list[LineReport] = []
        marks = [digest(self._data)]  # what the token stands for
        seen: dict[tuple[Any, ...], int] = {}
        for start in range(0, len(lines), _TOGETHER):
            if sum(line.what == "refused" for line in told) >= MOST_REFUSED:
                told.append(LineReport(lines[start].number, "refused", reason=_TOO_MANY))
                break
            chunk = _Chunk(self, session, lines[start : start + _TOGETHER], dict(seen))
            chunk.write()
            seen = chunk.seen
            told += chunk.reports
            marks += chunk.marks
            self.stored += chunk.stored
        return _report(told, marks)

    def identity(self, values: dict[str, Any]) -> tuple[Any, ...] | None:
        """The key in the values of a line; None when a part of it is left to the database."""
        key = tuple(values.get(name, ABSENT) for name in self._keys)
        return None if ABSENT in key or None in key else key

    def values(self, line: Line) -> dict[str, Any]:
        """The values of a line by field. Raises _Refused."""
        if line.wrong:
            raise _Refused(line.wrong)
        values = {}
        for name, text in line.values.items():
            try:
                values[name] = self._layout.value(self._writer.codec, name, text)
            except TupleError as error:
                raise _Refused(f'"{text[:60]}": {error.message}' if text else error.message, name) from None
        return values

    def there(self, session: Session, identities: Sequence[tuple[Any, ...]]) -> dict[tuple[Any, ...], T]:
        """The rows of these keys, locked."""
        mapper = self._writer.mapper
        if not identities:
            return {}
        wanted = sa.tuple_(*mapper.primary_key).in_(identities)
        query = sa.select(self._writer.cls).where(wanted).order_by(*mapper.primary_key).with_for_update()
        found = session.scalars(query.execution_options(populate_existing=True))
        return {tuple(mapper.primary_key_from_instance(row)): row for row in found}

    def changes(self, row: T, values: dict[str, Any]) -> dict[str, Any]:
        """Those of `values` that a row has not got already. An empty text and none are the same to a file."""
        before, after = self._writer.plain(row), {}
        for name, value in values.items():
            plain = self._writer.codec.to_builtins(value, self._layout.columns[name].annotation)
            if plain != before[name] and not (plain is None and before[name] == ""):
                after[name] = value
        return after

    def made(self, values: dict[str, Any]) -> T:
        """A new row. Raises _Refused when the file lacks something that it must have."""
        given = {name: value for name, value in values.items() if value is not ABSENT}
        codec = self._writer.codec
        plain = {name: codec.to_builtins(value, self._layout.columns[name].annotation) for name, value in given.items()}
        try:
            row: T = codec.from_builtins(self._layout.completed(plain), self._writer.cls)
        except TupleError as error:
            raise _Refused(error.message, error.path.removeprefix("$").removeprefix(".")) from None
        return row

    @property
    def writer(self) -> RowWriter[T]:
        """Who writes the rows."""
        return self._writer


class _Chunk(Generic[T]):
    """Some lines, written together or, when that fails, one by one. `seen` are the keys of the lines before."""

    def __init__(self, plan: Import[T], session: Session, lines: Sequence[Line], seen: dict[Any, int]) -> None:
        self._plan, self._session, self._lines, self._before = plan, session, lines, seen
        self._hooked = plan.writer.hooks.before_save is not None or plan.writer.hooks.after_save is not None

    def write(self) -> None:
        try:
            with self._session.begin_nested():
                self._write(careful=False)
        except (IntegrityError, DataError, Rejected, BadRequest):
            self._write(careful=True)

    def _write(self, *, careful: bool) -> None:
        self.seen = dict(self._before)
        self.reports: list[LineReport] = []
        self.marks: list[str] = []
        self.stored: list[T] = []
        values: dict[int, dict[str, Any] | _Refused] = {}
        for line in self._lines:
            try:
                values[line.number] = self._plan.values(line)
            except _Refused as refused:
                values[line.number] = refused
        keys = [key for each in values.values() if isinstance(each, dict) and (key := self._plan.identity(each))]
        there = self._plan.there(self._session, keys)
        for line in self._lines:
            try:
                report = self._line(line, values[line.number], there, careful=careful)
            except _Refused as refused:
                report = LineReport(line.number, "refused", field=refused.field, reason=refused.reason)
            self.reports.append(report)
        self._session.flush()

    def _line(self, line: Line, values: dict[str, Any] | _Refused, there: dict[Any, T], *, careful: bool) -> LineReport:
        if isinstance(values, _Refused):
            raise values
        key = self._plan.identity(values)
        if key is not None and (first := self.seen.setdefault(key, line.number)) != line.number:
            raise _Refused(f"Line {first} has the same key.")
        row = there.get(key) if key is not None else None
        if row is None:
            self._store(self._plan.made(values), {}, careful=careful)
            return LineReport(line.number, "new")
        self.marks.append(self._plan.writer.version(row))
        changes = self._plan.changes(row, values)
        if not changes:
            return LineReport(line.number, "unchanged")
        self._store(row, changes, careful=careful)
        return LineReport(line.number, "changed", fields=tuple(changes))

    def _store(self, row: T, changes: dict[str, Any], *, careful: bool) -> None:
        if not careful:
            self._put(row, changes, at_once=self._hooked)
            return
        try:
            with self._session.begin_nested():
                self._put(row, changes, at_once=True)
        except (IntegrityError, DataError) as error:
            told: CallError = plainly(self._plan.writer.name, error)
            raise _Refused(str(told), _column_of(error)) from error
        except (Rejected, BadRequest) as error:
            raise _Refused(str(error)) from error

    def _put(self, row: T, changes: dict[str, Any], *, at_once: bool) -> None:
        for name, value in changes.items():
            setattr(row, name, value)
        self._session.add(row)
        if at_once:
            self._plan.writer.store(self._session, row)
        self.stored.append(row)


def _column_of(error: IntegrityError | DataError) -> str:
    return getattr(getattr(error.orig, "diag", None), "column_name", None) or ""


def _report(told: Sequence[LineReport], marks: Sequence[str]) -> ImportReport:
    counts = Counter(line.what for line in told)
    doing = [line for what in _ORDER[:-1] for line in told if line.what == what]
    whole = json.dumps([*marks, *([line.line, line.what] for line in told)])
    return ImportReport(
        counts["new"],
        counts["changed"],
        counts["unchanged"],
        counts["refused"],
        doing[:MOST_TOLD],
        digest(whole.encode()),
    )
