"""Tables to files and back: what an import would do, and what it does."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from peek_trio.errors import BadRequest, Conflict, Rejected
from peek_trio.storage import Database, TableHooks, TableLoader
from peek_trio.storage.table_import import MOST_REFUSED, MOST_TOLD, LineReport
from tests.storage.test_table_loader import Fixture, Meter, Pair, ids, loader, meter, stored, version

__all__ = ["loader", "stored"]  # the fixtures

FIRST = "id,name,place,read_at\r\n"


def line(id: int | str = "", name: str = "x", place: str = "", day: int = 1) -> str:
    return f"{id},{name},{place},2026-11-{day:02}T00:00:00Z\r\n"


async def exported(loader: Fixture, **filter: Any) -> str:
    return "".join([piece async for piece in loader.export([("id", "desc")], filter)])


async def rows(loader: Fixture) -> list[tuple[int, str, str | None]]:
    page = await loader.list(0, 100, [("id", "asc")], {})
    return [(row.id, row.name, row.place) for row in page.rows if isinstance(row, Meter)]


async def test_an_export_has_all_that_matches_in_its_order(loader: Fixture) -> None:
    assert await exported(loader, place="hall") == FIRST + line(3, "Pump 2", "hall", 3) + line(1, "Main", "hall", 1)
    assert await exported(loader, place="nowhere") == FIRST


async def test_an_export_of_more_than_a_page_is_whole_and_comes_in_pieces(loader: Fixture, stored: Database) -> None:
    many = [{"name": f"m{number}", "place": "x" * 200, "read_at": "2026-11-01T00:00:00Z"} for number in range(2500)]
    await stored.run(lambda session: session.execute(sa.insert(Meter), many))
    pieces = [piece async for piece in loader.export([], {})]
    assert len(pieces) > 3
    assert "".join(pieces).count("\r\n") == 2504


async def test_what_was_exported_changes_nothing_when_it_is_imported(loader: Fixture) -> None:
    report = await loader.import_csv((await exported(loader)).encode())
    assert (report.new, report.changed, report.unchanged, report.refused) == (0, 0, 3, 0)
    assert report.lines == []


async def test_a_dry_run_says_what_each_line_would_do_and_does_nothing(loader: Fixture) -> None:
    before = await rows(loader)
    text = (
        FIRST
        + line(1, "Main", "hall", 1)
        + line(2, "Pump", "roof", 2)
        + line("", "New")
        + line(3, "Pump 2", "hall", 40)
    )
    report = await loader.import_csv(text.encode())
    assert (report.new, report.changed, report.unchanged, report.refused) == (1, 1, 1, 1)
    refused, changed, new = report.lines
    assert (refused.line, refused.what, refused.field) == (5, "refused", "read_at")
    assert "2026-11-40" in refused.reason
    assert changed == LineReport(3, "changed", fields=("name", "place"))
    assert new == LineReport(4, "new")
    assert not report.applied
    assert await rows(loader) == before


async def test_an_import_does_what_its_dry_run_said_in_one_transaction(loader: Fixture, stored: Database) -> None:
    told: list[frozenset[str]] = []
    stored.changes.on_change({"pl_test.meter"}, told.append)
    data = (FIRST + line(2, "Pump", "", 2) + line("", "New", "roof")).encode()
    said = await loader.import_csv(data)
    assert told == []
    done = await loader.import_csv(data, token=said.token)
    assert done.applied
    assert (done.new, done.changed) == (said.new, said.changed) == (1, 1)
    assert [row[1:] for row in await rows(loader)] == [
        ("Main", "hall"),
        ("Pump", None),
        ("Pump 2", "hall"),
        ("New", "roof"),
    ]
    assert len(told) == 1


async def test_while_a_line_is_refused_nothing_is_stored(loader: Fixture) -> None:
    data = (FIRST + line("", "New") + line("", "Main")).encode()
    said = await loader.import_csv(data)
    assert [(one.line, one.what) for one in said.lines] == [(3, "refused"), (2, "new")]
    assert "Key (name)=(Main) already exists" in said.lines[0].reason
    assert not (await loader.import_csv(data, token=said.token)).applied
    assert await ids(loader, name="New") == []


async def test_what_changed_since_the_dry_run_is_a_conflict(loader: Fixture) -> None:
    data = (FIRST + line(2, "Pump", "", 2)).encode()
    said = await loader.import_csv(data)
    await loader.save(meter(2, name="Theirs"), await version(loader, 2))
    with pytest.raises(Conflict, match="Check it again"):
        await loader.import_csv(data, token=said.token)
    assert await ids(loader, name="Theirs") == [2]
    with pytest.raises(Conflict, match="Check it again"):
        await loader.import_csv(data + line("", "more").encode(), token=said.token)


async def test_a_file_may_have_some_of_the_columns(loader: Fixture) -> None:
    report = await loader.import_csv(b"place,id\nroof,1\n")
    assert report.lines == [LineReport(2, "changed", fields=("place",))]
    report = await loader.import_csv(b"name\nNew\n")
    assert (report.lines[0].what, report.lines[0].field) == ("refused", "read_at")


async def test_two_lines_with_one_key_are_one_too_many(loader: Fixture) -> None:
    report = await loader.import_csv(b"id,place\n1,roof\n1,cellar\n")
    assert report.lines[0] == LineReport(3, "refused", reason="Line 2 has the same key.")


async def test_a_key_that_is_not_there_is_a_new_row_with_it(loader: Fixture) -> None:
    data = (FIRST + line(77, "New")).encode()
    await loader.import_csv(data, token=(await loader.import_csv(data)).token)
    assert await ids(loader, name="New") == [77]


async def test_a_key_of_several_columns_finds_its_row(stored: Database) -> None:
    pairs = TableLoader(stored, Pair)
    await pairs.save(Pair(left="a", right="b", meter=None), None)
    report = await pairs.import_csv(b"left,right,meter\na,b,1\na,c,\n")
    assert [(one.line, one.what) for one in report.lines] == [(2, "changed"), (3, "new")]


async def test_an_empty_field_leaves_an_empty_text_as_it_is(loader: Fixture) -> None:
    await loader.save(meter(place=""), await version(loader, 1))
    report = await loader.import_csv(b"id,place\n1,\n")
    assert (report.unchanged, report.changed) == (1, 0)


async def test_hooks_see_every_row_of_an_import_and_may_refuse_one(stored: Database) -> None:
    told: list[str] = []

    def check(row: Meter, session: Session) -> None:
        if row.place == "cellar":
            raise Rejected("Not in the cellar.")
        row.name = row.name.upper()

    hooks: TableHooks[Meter] = TableHooks(before_save=check, on_saved=lambda row: told.append(row.name))
    hooked = TableLoader(stored, Meter, hooks=hooks)
    bad = (FIRST + line("", "a", "cellar") + line("", "b")).encode()
    report = await hooked.import_csv(bad)
    assert report.lines == [LineReport(2, "refused", reason="Not in the cellar."), LineReport(3, "new")]
    good = (FIRST + line("", "a") + line("", "b")).encode()
    await hooked.import_csv(good, token=(await hooked.import_csv(good)).token)
    assert told == ["A", "B"]


async def test_a_large_import_is_counted_in_full_and_told_in_part(loader: Fixture) -> None:
    data = ("name,read_at\n" + "".join(f"m{number},2026-11-01T00:00:00Z\n" for number in range(1500))).encode()
    report = await loader.import_csv(data)
    assert (report.new, len(report.lines)) == (1500, MOST_TOLD)
    assert (await loader.import_csv(data, token=report.token)).applied
    assert (await loader.list(0, 1, [], {})).total == 1503


async def test_after_very_many_refused_lines_the_rest_is_not_looked_at(loader: Fixture) -> None:
    report = await loader.import_csv(b"name,read_at\n" + b"Main,2026-11-01T00:00:00Z\n" * 1600)
    assert report.refused == MOST_REFUSED + 1
    assert report.lines[-1] == LineReport(MOST_REFUSED + 2, "refused", reason=report.lines[-1].reason)
    assert "not looked at" in report.lines[-1].reason


async def test_a_file_that_is_none_of_the_table_is_a_bad_request(loader: Fixture) -> None:
    with pytest.raises(BadRequest, match='no column "colour"'):
        await loader.import_csv(b"id,colour\n")
