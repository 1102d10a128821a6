"""Rows as CSV, as spreadsheets read and write it: one column for each field, a first line with their names, every value as text.

A text that a spreadsheet would take for a formula ("=1+1", "@x") can be guarded by an apostrophe, by which spreadsheets themselves mark
texts; reading takes it off again. An empty field is no value, or an empty text where there must be a value.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import NoneType
from typing import Any, get_args

import attrs

from peek_trio.errors import BadRequest, TupleError
from peek_trio.tuples import Codec
from peek_trio.tuples.fields import fields_of
from peek_trio.tuples.forms import form_of

__all__ = ["ABSENT", "LARGEST_FILE", "MOST_LINES", "Layout", "Line", "lines_of"]

LARGEST_FILE = 16 * 2**20
"""Bytes of a file that is read."""

MOST_LINES = 20_000
"""Rows in it."""

ABSENT: Any = object()
"""The value of a field that the file leaves to the database."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_GUARD = "'"
_SEPARATORS = ",;\t"


_NOT = {
    "int": "This is no whole number.",
    "float": "This is no number.",
    "bool": "This is neither true nor false.",
    "datetime": "This is no time with an offset, such as 2026-11-01T12:00:00Z.",
    "date": "This is no date, such as 2026-11-01.",
}
"""What people are told of a value that is not of the form that it should have."""


@attrs.frozen
class _Column:
    """How the values of one field are texts: `plain`, as they are, or `json`, as JSON; otherwise a text if they are one, else JSON."""

    name: str
    form: str
    annotation: Any
    plain: bool
    json: bool
    may_be_none: bool
    filled: bool
    may_lack: bool


@attrs.frozen
class Layout:
    """The columns of one tuple class."""

    columns: Mapping[str, _Column]
    guarded: bool

    @classmethod
    def of(cls, row_type: type, *, guarded: bool = True) -> Layout:
        """The layout of `row_type`. With `guarded`, texts that look like formulas are marked as texts."""
        columns = {}
        for spec in fields_of(row_type):
            form = form_of(spec.annotation).text.removesuffix("?")
            optional = NoneType in get_args(spec.annotation)
            columns[spec.name] = _Column(
                spec.name, form, spec.annotation, form == "str", form == "any", optional, spec.filled, spec.optional
            )
        return cls(columns, guarded)

    def heading(self) -> str:
        """The first line."""
        return _written([list(self.columns)])

    def lines(self, rows: Iterable[Mapping[str, Any]]) -> str:
        """The lines of rows that are JSON objects."""
        columns = self.columns.values()
        return _written([self._text(column, row[column.name]) for column in columns] for row in rows)

    def value(self, codec: Codec, name: str, text: str) -> Any:
        """The value of a field. ABSENT for an empty one that the database fills in. Raises TupleError."""
        column = self.columns[name]
        try:
            return self._value(codec, column, text)
        except TupleError as error:
            raise TupleError(_NOT.get(column.form, error.message) if text else "A value is missing.") from None

    def _value(self, codec: Codec, column: _Column, text: str) -> Any:
        if text == "" and column.filled:
            return ABSENT
        if text == "" and column.may_be_none:
            return None
        if not column.json:
            try:
                return codec.from_builtins(_unguarded(text) if column.plain else text, column.annotation)
            except TupleError as error:
                if column.plain:
                    raise
                not_as_text = error
        else:
            not_as_text = TupleError(f'"{text[:40]}" is not JSON.')
        try:
            return codec.from_builtins(json.loads(_like_json(text)), column.annotation)
        except (ValueError, RecursionError):
            raise not_as_text from None

    def completed(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """A new row with None for what it lacks, where None will do and there is no other default."""
        missing = [each.name for each in self.columns.values() if each.may_be_none and not each.may_lack]
        return {**dict.fromkeys(missing), **row}

    def _text(self, column: _Column, value: Any) -> str:
        if value is None and not column.json:
            return ""
        if isinstance(value, str) and not column.json:
            return _guarded(value) if self.guarded and column.plain else value
        return json.dumps(value, ensure_ascii=False)


@attrs.frozen
class Line:
    """One row of a file: the number of the line where it begins, and its values by column, or else what is wrong with it."""

    number: int
    values: Mapping[str, str]
    wrong: str = ""


def lines_of(data: bytes, known: Sequence[str]) -> list[Line]:
    """The rows of a file, whose columns are some of `known` in any order. Raises BadRequest for what is no such file."""
    if len(data) > LARGEST_FILE:
        raise BadRequest(f"The file has more than the {LARGEST_FILE // 2**20} MB allowed. Split it.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadRequest('The file is not UTF-8. Save it as "CSV UTF-8".') from None
    records = _records(text)
    _, heading = next(records, (1, []))
    _check_heading(heading, known)
    lines: list[Line] = []
    for number, record in records:
        if len(lines) == MOST_LINES:
            raise BadRequest(f"The file has more than the {MOST_LINES} rows allowed. Split it.")
        wrong = ""
        if len(record) != len(heading):
            wrong = f"It has {len(record)} fields; the first line has {len(heading)}."
        lines.append(Line(number, dict(zip(heading, record, strict=False)), wrong))
    return lines


def _records(text: str) -> Iterator[tuple[int, list[str]]]:
    first = text.partition("\n")[0]
    separator = max(_SEPARATORS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    number = 1
    try:
        for record in reader:
            if record:
                yield number, record
            number = reader.line_num + 1
    except csv.Error as error:
        raise BadRequest(f"Line {reader.line_num} is no CSV: {error}.") from None


def _check_heading(heading: Sequence[str], known: Sequence[str]) -> None:
    there = ", ".join(known)
    if not heading:
        raise BadRequest(f"The file is empty. Its first line names the columns: {there}.")
    for name in heading:
        if name not in known:
            raise BadRequest(f'There is no column "{name[:100]}". The first line names the columns: {there}.')
        if heading.count(name) > 1:
            raise BadRequest(f'The first line names the column "{name}" twice.')


def _written(records: Iterable[Sequence[str]]) -> str:
    file = io.StringIO(newline="")
    csv.writer(file).writerows(records)  # CRLF, and quotes where they are needed, as RFC 4180 has it
    return file.getvalue()


def _guarded(text: str) -> str:
    return _GUARD + text if text.startswith((*_FORMULA, _GUARD)) else text


def _unguarded(text: str) -> str:
    return text[1:] if text.startswith(_GUARD) and text[1:].startswith((*_FORMULA, _GUARD)) else text


def _like_json(text: str) -> str:
    """Spreadsheets write TRUE and FALSE."""
    return text.lower() if text.lower() in ("true", "false") else text
