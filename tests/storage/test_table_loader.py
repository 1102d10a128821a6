"""Rows edited by administrators."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa
import trio
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from peek_trio.errors import BadRequest, Conflict, Rejected
from peek_trio.storage import Database, TableHooks, TableLoader
from peek_trio.tuples import tuple_type


class Base(DeclarativeBase):
    metadata = sa.MetaData(schema="pl_test")
    type_annotation_map = {datetime: sa.DateTime(timezone=True)}  # noqa: RUF012


@tuple_type("peek_plugin_test.Meter")
class Meter(Base):
    __tablename__ = "meter"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    place: Mapped[str | None]
    read_at: Mapped[datetime]


@tuple_type("peek_plugin_test.Pair")
class Pair(Base):
    __tablename__ = "pair"
    left: Mapped[str] = mapped_column(primary_key=True)
    right: Mapped[str] = mapped_column(primary_key=True)
    meter: Mapped[int | None] = mapped_column(sa.ForeignKey(Meter.id))


def day(number: int) -> datetime:
    return datetime(2026, 11, number, tzinfo=UTC)


Fixture = TableLoader[Meter]


@pytest.fixture
async def stored(database: Database) -> Database:
    def create(session: Session) -> None:
        session.execute(sa.text("create schema pl_test"))
        Base.metadata.create_all(session.connection())
        session.add_all(
            [
                Meter(id=1, name="Main", place="hall", read_at=day(1)),
                Meter(id=2, name="Pump 100%", place=None, read_at=day(2)),
                Meter(id=3, name="Pump 2", place="hall", read_at=day(3)),
            ]
        )
        session.execute(sa.text("select setval('pl_test.meter_id_seq', 3)"))

    await database.run(create)
    return database


@pytest.fixture
def loader(stored: Database) -> Fixture:
    return TableLoader(stored, Meter)


async def ids(loader: Fixture, sort: list[tuple[str, str]] | None = None, **filter: Any) -> list[int]:
    page = await loader.list(0, 100, sort or [], filter)
    return [row.id for row in page.rows if isinstance(row, Meter)]


async def version(loader: Fixture, id: int) -> str:
    return (await loader.list(0, 1, [], {"id": id})).versions[0]


def meter(id: int = 1, **changed: Any) -> Meter:
    return Meter(**({"id": id, "name": "Main", "place": "hall", "read_at": day(1)} | changed))


async def test_a_page_holds_some_rows_and_the_number_of_all(loader: Fixture) -> None:
    page = await loader.list(1, 1, [("name", "asc")], {})
    assert [row.name for row in page.rows if isinstance(row, Meter)] == ["Pump 100%"]
    assert page.total == 3
    assert len(page.versions) == 1


async def test_rows_are_sorted_as_asked(loader: Fixture) -> None:
    assert await ids(loader, [("place", "asc"), ("read_at", "desc")]) == [3, 1, 2]


@pytest.mark.parametrize(
    ("filter", "expected"),
    [
        ({"place": "hall"}, [1, 3]),
        ({"place": None}, [2]),
        ({"name": {"contains": "pump"}}, [2, 3]),
        ({"name": {"contains": "%"}}, [2]),
        ({"id": {"min": 2, "max": 2}}, [2]),
        ({"read_at": {"min": "2026-11-02T00:00:00+00:00"}}, [2, 3]),
        ({"place": "hall", "name": "Main"}, [1]),
    ],
)
async def test_rows_are_filtered_as_asked(loader: Fixture, filter: dict[str, Any], expected: list[int]) -> None:
    assert await ids(loader, **filter) == expected


@pytest.mark.parametrize(
    ("sort", "filter", "sentence"),
    [
        ([], {"colour": 1}, 'no column "colour"; it has id, name, place, read_at'),
        ([("colour", "asc")], {}, 'no column "colour"'),
        ([("name", "up")], {}, '"asc" or "desc", not "up"'),
        ([], {"id": "1"}, 'filter of the column "id" does not fit'),
        ([], {"read_at": "yesterday"}, 'filter of the column "read_at" does not fit'),
        ([], {"id": {"contains": "1"}}, "is no text"),
        ([], {"id": {"like": 1}}, 'cannot be filtered by "like"'),
        ([], {"id": 2**40}, "does not fit its column"),
    ],
)
async def test_what_does_not_fit_the_table_is_a_bad_request(
    loader: Fixture, sort: list[tuple[str, str]], filter: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(BadRequest, match=sentence):
        await loader.list(0, 10, sort, filter)


@pytest.mark.parametrize(("offset", "limit"), [(-1, 10), (0, 0), (0, 1001)])
async def test_a_page_has_bounds(loader: Fixture, offset: int, limit: int) -> None:
    with pytest.raises(BadRequest, match="1 to 1000 rows"):
        await loader.list(offset, limit, [], {})


async def test_a_row_is_updated_by_who_has_seen_it(loader: Fixture) -> None:
    row, new_version = await loader.save(meter(name="Main meter"), await version(loader, 1))
    assert isinstance(row, Meter)
    assert row.name == "Main meter"
    assert new_version == await version(loader, 1)
    assert await ids(loader, name="Main meter") == [1]


async def test_a_row_that_somebody_else_changed_is_a_conflict_and_stays(loader: Fixture) -> None:
    seen = await version(loader, 1)
    await loader.save(meter(place="cellar"), seen)
    with pytest.raises(Conflict, match="changed this row") as caught:
        await loader.save(meter(place="roof", name="Main 2"), seen)
    assert caught.value.row == {
        "id": 1,
        "name": "Main",
        "place": "cellar",
        "read_at": "2026-11-01T00:00:00Z",
    }
    assert caught.value.fields == ("name", "place")
    assert caught.value.version == await version(loader, 1)
    assert await ids(loader, place="cellar") == [1]


async def test_a_row_that_somebody_else_deleted_is_a_conflict(loader: Fixture) -> None:
    seen = await version(loader, 1)
    await loader.delete(1, seen)
    with pytest.raises(Conflict, match="deleted this row") as caught:
        await loader.save(meter(), seen)
    assert caught.value.gone
    with pytest.raises(Conflict, match="deleted this row"):
        await loader.delete(1, seen)


async def test_a_row_without_a_version_is_new_and_gets_what_the_database_makes(loader: Fixture) -> None:
    await loader.delete(1, await version(loader, 1))
    row, new_version = await loader.save(Meter(name="New", place=None, read_at=day(4)), None)
    assert isinstance(row, Meter)
    assert row.id == 4
    assert new_version == await version(loader, 4)


async def test_a_deletion_needs_the_latest_version(loader: Fixture) -> None:
    seen = await version(loader, 1)
    await loader.save(meter(place="cellar"), seen)
    with pytest.raises(Conflict):
        await loader.delete(1, seen)
    await loader.delete(1, await version(loader, 1))
    assert await ids(loader) == [2, 3]


async def test_a_broken_constraint_is_a_rejection_that_says_which(loader: Fixture, stored: Database) -> None:
    with pytest.raises(Rejected, match=r"Key \(name\)=\(Pump 2\) already exists"):
        await loader.save(meter(name="Pump 2"), await version(loader, 1))
    await stored.run(lambda session: session.add(Pair(left="a", right="b", meter=1)))
    with pytest.raises(Rejected, match="still referenced"):
        await loader.delete(1, await version(loader, 1))


async def test_a_row_of_another_class_is_a_bad_request(loader: Fixture) -> None:
    with pytest.raises(BadRequest, match=r"saves peek_plugin_test\.Meter, not Pair"):
        await loader.save(Pair(left="a", right="b"), None)


async def test_a_key_of_several_columns_is_a_list(stored: Database) -> None:
    pairs = TableLoader(stored, Pair)
    _, made = await pairs.save(Pair(left="a", right="b", meter=None), None)
    with pytest.raises(BadRequest, match="left, right"):
        await pairs.delete("a", made)
    await pairs.delete(["a", "b"], made)
    assert (await pairs.list(0, 10, [], {})).total == 0


def hooked(stored: Database, told: list[str], before: Callable[[Meter, Session], None]) -> Fixture:
    hooks: TableHooks[Meter] = TableHooks(
        before_save=before,
        before_delete=before,
        on_saved=lambda row: told.append(f"saved {row.name}"),
        on_deleted=lambda row: told.append(f"deleted {row.name}"),
    )
    return TableLoader(stored, Meter, hooks=hooks)


async def test_a_hook_may_change_the_row_before_it_is_saved(stored: Database) -> None:
    def shout(row: Meter, session: Session) -> None:
        row.name = row.name.upper()

    told: list[str] = []
    loader = hooked(stored, told, shout)
    row, new_version = await loader.save(meter(name="quiet"), await version(loader, 1))
    assert isinstance(row, Meter)
    assert row.name == "QUIET"
    assert new_version == await version(loader, 1)
    assert told == ["saved QUIET"]
    await loader.delete(1, new_version)
    assert told == ["saved QUIET", "deleted QUIET"]


async def test_a_hook_may_refuse_and_then_nothing_is_told(stored: Database) -> None:
    def refuse(row: Meter, session: Session) -> None:
        raise Rejected("Not on a Sunday.")

    told: list[str] = []
    loader = hooked(stored, told, refuse)
    with pytest.raises(Rejected, match="Not on a Sunday"):
        await loader.save(meter(name="new"), await version(loader, 1))
    with pytest.raises(Rejected, match="Not on a Sunday"):
        await loader.delete(1, await version(loader, 1))
    assert told == []
    assert await ids(loader, name="Main") == [1]


async def test_saving_announces_the_table(loader: Fixture, stored: Database) -> None:
    told: list[frozenset[str]] = []
    stored.changes.on_change({"pl_test.meter"}, told.append)
    await loader.save(meter(place="roof"), await version(loader, 1))
    assert told == [frozenset({"pl_test.meter"})]


async def test_hooks_run_in_the_transaction_before_and_after_and_once_it_is_committed(stored: Database) -> None:
    told: list[str] = []

    def tell(what: str) -> Callable[..., None]:
        return lambda row, *session: told.append(f"{what} {row.id}")

    names = ("before_save", "after_save", "before_delete", "after_delete", "on_saved", "on_deleted")
    loader = TableLoader(stored, Meter, hooks=TableHooks(**{name: tell(name) for name in names}))
    row, made = await loader.save(Meter(name="New", place=None, read_at=day(4)), None)
    assert isinstance(row, Meter)
    assert told == ["before_save None", f"after_save {row.id}", f"on_saved {row.id}"]
    told.clear()
    await loader.delete(row.id, made)
    assert told == [f"{name} {row.id}" for name in ("before_delete", "after_delete", "on_deleted")]


async def test_a_hook_after_the_write_undoes_it_and_may_write_elsewhere(stored: Database) -> None:
    def pair(row: Meter, session: Session) -> None:
        if row.name == "bad":
            raise Rejected("Not this one.")
        session.add(Pair(left="made with", right=row.name, meter=row.id))

    loader = TableLoader(stored, Meter, hooks=TableHooks(after_save=pair))
    await loader.save(Meter(name="good", place=None, read_at=day(4)), None)
    with pytest.raises(Rejected, match="Not this one"):
        await loader.save(Meter(name="bad", place=None, read_at=day(4)), None)
    assert await ids(loader, name="bad") == []
    assert (await TableLoader(stored, Pair).list(0, 10, [], {})).total == 1


async def test_a_hook_that_fails_once_it_is_committed_is_logged_and_the_save_stands(
    stored: Database, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(row: Meter) -> None:
        raise ValueError("broken")

    loader = TableLoader(stored, Meter, hooks=TableHooks(on_saved=fail))
    with caplog.at_level(logging.ERROR):
        await loader.save(Meter(name="new", place=None, read_at=day(4)), None)
    assert len(await ids(loader, name="new")) == 1
    assert "for a row that is committed" in caplog.text


async def test_of_two_administrators_at_the_same_moment_one_saves_and_the_other_is_told(stored: Database) -> None:
    loaders = [TableLoader(stored, Meter) for _ in range(8)]
    seen = await version(loaders[0], 1)
    outcomes: list[str] = []

    async def save(loader: Fixture, place: str) -> None:
        try:
            await loader.save(meter(place=place), seen)
        except Conflict as conflict:
            outcomes.append("conflict" if conflict.row is not None else "a conflict without the row")
        else:
            outcomes.append(place)

    async with trio.open_nursery() as nursery:
        for number, loader in enumerate(loaders):
            nursery.start_soon(save, loader, f"place {number}")
    (winner,) = [outcome for outcome in outcomes if outcome != "conflict"]
    assert len(outcomes) == 8
    assert await ids(loaders[0], place=winner) == [1]


async def test_many_rows_are_saved_in_one_transaction(loader: Fixture, stored: Database) -> None:
    told: list[frozenset[str]] = []
    stored.changes.on_change({"pl_test.meter"}, told.append)
    new = Meter(name="New", place=None, read_at=day(4))
    outcome = await loader.save_all([meter(place="roof"), new], [await version(loader, 1), None])
    assert outcome.errors == []
    assert [row.name for row in outcome.rows if isinstance(row, Meter)] == ["Main", "New"]
    assert outcome.versions[0] == await version(loader, 1)
    assert len(told) == 1


async def test_when_one_of_many_cannot_be_saved_none_is_and_every_error_is_told(loader: Fixture) -> None:
    seen = [await version(loader, id) for id in (1, 2, 3)]
    await loader.save(meter(2, name="Other"), seen[1])
    outcome = await loader.save_all(
        [meter(1, place="roof"), meter(2, name="Mine"), meter(3, name="Main")],
        seen,
    )
    assert outcome.rows == outcome.versions == []
    assert [(error.row, error.kind) for error in outcome.errors] == [(1, "Conflict"), (2, "Rejected")]
    assert "Key (name)=(Main) already exists" in outcome.errors[1].message
    assert await ids(loader, place="roof") == []


async def test_many_rows_are_deleted_all_or_none(loader: Fixture) -> None:
    seen = [await version(loader, id) for id in (1, 2)]
    outcome = await loader.delete_all([1, 2], [seen[0], "old"])
    assert [error.row for error in outcome.errors] == [1]
    assert await ids(loader) == [1, 2, 3]
    assert (await loader.delete_all([1, 2], seen)).errors == []
    assert await ids(loader) == [3]


async def test_many_rows_need_a_version_each_and_have_a_bound(loader: Fixture) -> None:
    with pytest.raises(BadRequest, match="1 to 1000 rows"):
        await loader.save_all([meter()], [])
    with pytest.raises(BadRequest, match="1 to 1000 rows"):
        await loader.delete_all([1] * 1001, [""] * 1001)


async def test_the_last_page_knows_the_total_and_so_does_an_empty_one(loader: Fixture) -> None:
    assert (await loader.list(2, 10, [], {})).total == 3
    assert (await loader.list(7, 10, [], {})).total == 3
    assert (await loader.list(0, 3, [], {})).total == 3
    assert (await loader.list(0, 10, [], {"id": 99})).total == 0
