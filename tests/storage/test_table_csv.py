"""Rows as CSV: what is written is read back as it was, and what is no such file is told where."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from peek_trio.errors import BadRequest, TupleError
from peek_trio.storage.table_csv import LARGEST_FILE, MOST_LINES, Layout, Line, lines_of
from peek_trio.tuples import BigInt, TupleRegistry, tuple_type


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


@tuple_type("test.Everything")
@attrs.frozen
class Everything:
    text: str
    note: str | None
    number: int
    ratio: float | None
    large: BigInt
    price: Decimal
    on: bool
    at: datetime
    day: date
    id: UUID
    raw: bytes
    colour: Colour
    tags: list[str]
    anything: Any


REGISTRY = TupleRegistry()
REGISTRY.add(Everything, owner="test")
CODEC = REGISTRY.codec
LAYOUT = Layout.of(Everything)
ROW = Everything(
    text="=1+1",
    note=None,
    number=-5,
    ratio=0.5,
    large=BigInt(2**60),
    price=Decimal("1.50"),
    on=True,
    at=datetime(2026, 11, 1, 12, tzinfo=UTC),
    day=date(2026, 11, 1),
    id=UUID(int=7),
    raw=b"\x00\xff",
    colour=Colour.BLUE,
    tags=["a", "b;c"],
    anything={"x": [1, "2"]},
)


def read(text: str, layout: Layout = LAYOUT) -> list[Everything]:
    lines = lines_of(text.encode(), list(layout.columns))
    return [
        Everything(**{name: layout.value(CODEC, name, value) for name, value in line.values.items()}) for line in lines
    ]


def written(row: Everything, layout: Layout = LAYOUT) -> str:
    return layout.heading() + layout.lines([CODEC.to_builtins(row, Everything)])


def test_every_type_is_read_back_as_it_was_written() -> None:
    assert read(written(ROW)) == [ROW]


@given(st.text(st.characters(codec="utf-8", exclude_characters="\x00")), st.booleans())
def test_every_text_is_read_back_as_it_was_written(text: str, guarded: bool) -> None:
    row = attrs.evolve(ROW, text=text)
    layout = Layout.of(Everything, guarded=guarded)
    if guarded or not text.startswith("'"):
        assert read(written(row, layout)) == [row]


@pytest.mark.parametrize("text", ["=cmd()", "+1", "-1", "@x", "\tx", "\rx", "'=x", "''"])
def test_what_a_spreadsheet_would_run_is_marked_as_a_text(text: str) -> None:
    for guarded, first in ((True, "'"), (False, text[0])):
        layout = Layout.of(Everything, guarded=guarded)
        cell = next(csv.DictReader(io.StringIO(written(attrs.evolve(ROW, text=text), layout), newline="")))["text"]
        assert cell[0] == first


def test_numbers_are_no_formulas() -> None:
    assert next(csv.DictReader(io.StringIO(written(ROW))))["number"] == "-5"


def test_lines_end_as_the_standard_says_and_quotes_are_doubled() -> None:
    text = LAYOUT.lines([CODEC.to_builtins(attrs.evolve(ROW, text='a "b"\r\nc,d'), Everything)])
    assert text.startswith('"a ""b""\r\nc,d",')
    assert text.endswith("\r\n")


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("on", "TRUE", True),
        ("on", "false", False),
        ("number", "12", 12),
        ("note", "", None),
        ("text", "", ""),
        ("text", "5", "5"),
        ("ratio", "", None),
        ("anything", "null", None),
        ("text", "'tis", "'tis"),
    ],
)
def test_a_field_is_read_as_its_type(name: str, text: str, expected: object) -> None:
    assert LAYOUT.value(CODEC, name, text) == expected


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("number", "1,5", "no whole number"),
        ("number", "1.5", "no whole number"),
        ("number", "", "A value is missing"),
        ("ratio", "much", "no number"),
        ("at", "yesterday", "no time with an offset"),
        ("at", "2026-11-01T12:00:00", "no time with an offset"),
        ("day", "1.11.2026", "no date"),
        ("colour", "green", r"\."),
        ("anything", "x", "not JSON"),
        ("on", "maybe", "neither true nor false"),
    ],
)
def test_what_does_not_fit_is_refused_with_a_sentence(name: str, text: str, sentence: str) -> None:
    with pytest.raises(TupleError, match=sentence):
        LAYOUT.value(CODEC, name, text)


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_files_of_any_spreadsheet_are_read(separator: str, mark: str, end: str) -> None:
    text = mark + end.join(separator.join(record) for record in (["b", "a"], ["1", "x"], ["2", "y"])) + end
    assert lines_of(text.encode(), ["a", "b"]) == [
        Line(2, {"b": "1", "a": "x"}),
        Line(3, {"b": "2", "a": "y"}),
    ]


def test_a_line_is_named_by_where_it_begins_and_empty_ones_do_not_count() -> None:
    lines = lines_of(b'a\n"one\ntwo"\n\nthree\n', ["a"])
    assert [(line.number, line.values["a"]) for line in lines] == [(2, "one\ntwo"), (5, "three")]


def test_a_line_with_more_or_fewer_fields_says_so() -> None:
    short, long = lines_of(b"a,b\n1\n1,2,3\n", ["a", "b"])
    assert short.wrong == "It has 1 fields; the first line has 2."
    assert long.wrong == "It has 3 fields; the first line has 2."


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "The file is empty. Its first line names the columns: a, b."),
        (b"a,c\n", 'There is no column "c"'),
        (b"a,a\n", 'names the column "a" twice'),
        (b"a\n\xff\xfe\n", "not UTF-8"),
        ("a\n1\n".encode("utf-16"), "not UTF-8"),
        (b'a\n"open\n', "no CSV"),
        (b"a\n" + b"1\n" * (MOST_LINES + 1), f"more than the {MOST_LINES} rows"),
        (b"a" * (LARGEST_FILE + 1), "more than the 16 MB"),
    ],
    ids=["empty", "unknown", "twice", "latin", "utf-16", "open quote", "many", "large"],
)
def test_what_is_no_such_file_is_a_bad_request(data: bytes, sentence: str) -> None:
    with pytest.raises(BadRequest, match=sentence):
        lines_of(data, ["a", "b"])
