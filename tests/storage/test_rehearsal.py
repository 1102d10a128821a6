"""A migration rehearsed on a copy: what works, what fails with data, what cannot be taken back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from peek_trio.errors import MigrationError
from peek_trio.storage import migrate, open_engine, rehearse, status
from tests.storage.test_revision import databases
from tests.storage.test_schema_clone import read_only_role

REVISION = """
import sqlalchemy as sa
from alembic import op
revision, down_revision = {revision!r}, {previous!r}

def upgrade():
    {upgrade}

def downgrade():
    {downgrade}
"""

TABLE = "op.create_table('meter', sa.Column('id', sa.Integer, primary_key=True), sa.Column('name', sa.Text), schema='pl_test')"
NEW_COLUMN = "op.add_column('meter', sa.Column('place', sa.Text), schema='pl_test')"


def write(versions: Path, number: int, upgrade: str, downgrade: str = "pass") -> None:
    previous = f"{number - 1:04d}" if number > 1 else None
    text = REVISION.format(revision=f"{number:04d}", previous=previous, upgrade=upgrade, downgrade=downgrade)
    (versions / f"{number:04d}_test.py").write_text(text)


def declared(*columns: str) -> sa.MetaData:
    metadata = sa.MetaData(schema="pl_test")
    sa.Table(
        "meter",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        *(sa.Column(name, sa.Text) for name in columns),
    )
    return metadata


@pytest.fixture
def versions(tmp_path: Path) -> Path:
    write(tmp_path, 1, TABLE, "op.drop_table('meter', schema='pl_test')")
    return tmp_path


@pytest.fixture
def engine(database_url: str, versions: Path) -> Iterator[sa.Engine]:
    """A database at revision 0001, with rows."""
    engine = open_engine(database_url)
    migrate(engine, "pl_test", versions)
    with engine.begin() as connection:
        connection.execute(sa.text("insert into pl_test.meter select n, 'a' from generate_series(1, 50) n"))
    yield engine
    engine.dispose()


def test_one_that_works_and_can_be_taken_back(engine: sa.Engine, versions: Path, database_url: str) -> None:
    write(versions, 2, NEW_COLUMN, "op.drop_column('meter', 'place', schema='pl_test')")
    before = databases(database_url)
    report = rehearse(engine, "pl_test", versions, declared("name", "place"))
    assert (report.good, report.reversible, report.before, report.after, report.rows) == (
        True,
        True,
        "0001",
        "0002",
        51,
    )
    assert report.lines()[0].startswith("The upgrade of pl_test from 0001 to 0002 works, with 51 rows in ")
    assert status(engine, "pl_test", versions).current == "0001"
    assert databases(database_url) == before


def test_one_that_fails_only_with_rows_in_the_table_fails(engine: sa.Engine, versions: Path) -> None:
    write(versions, 2, "op.create_unique_constraint('one_name', 'meter', ['name'], schema='pl_test')")
    report = rehearse(engine, "pl_test", versions)
    assert not report.good
    assert not report.reversible
    (line,) = report.lines()
    assert (
        'fails: Migrating the schema pl_test to revision 0002 failed: could not create unique index "one_name"' in line
    )


def test_one_that_does_not_make_what_the_classes_say_is_not_good(engine: sa.Engine, versions: Path) -> None:
    write(versions, 2, NEW_COLUMN, "op.drop_column('meter', 'place', schema='pl_test')")
    report = rehearse(engine, "pl_test", versions, declared("name", "place", "forgotten"))
    assert not report.good
    assert (
        "It does not make what the classes say. The column meter.forgotten is missing in the database."
        in report.lines()
    )


def test_one_that_cannot_be_taken_back_is_good_and_says_so(engine: sa.Engine, versions: Path) -> None:
    write(versions, 2, NEW_COLUMN, "raise NotImplementedError('what was there is gone')")
    report = rehearse(engine, "pl_test", versions, declared("name", "place"))
    assert (report.good, report.reversible) == (True, False)
    assert any("cannot be taken back" in line and "what was there is gone" in line for line in report.lines())


def test_one_that_leaves_something_behind_or_loses_rows_says_what(engine: sa.Engine, versions: Path) -> None:
    write(versions, 2, f"{NEW_COLUMN}; op.execute('delete from pl_test.meter where id > 40')")
    report = rehearse(engine, "pl_test", versions, declared("name", "place"))
    assert (report.good, report.reversible) == (True, False)
    assert report.not_restored == ("left behind: meter.place is text", "meter had 50 rows and has 40")


def test_the_first_revisions_are_rehearsed_from_nothing(database_url: str, versions: Path) -> None:
    engine = open_engine(database_url)
    report = rehearse(engine, "pl_test", versions, declared("name"))
    engine.dispose()
    assert (report.good, report.reversible, report.before) == (True, True, None)
    assert "from nothing to 0001 works" in report.lines()[0]


def test_nothing_to_upgrade_is_said(engine: sa.Engine, versions: Path) -> None:
    report = rehearse(engine, "pl_test", versions, declared("name"))
    assert report.good
    assert report.lines() == ["pl_test is at 0001, the newest revision; there is nothing to upgrade."]


def test_foreign_keys_without_an_index_are_part_of_the_report(engine: sa.Engine, versions: Path) -> None:
    change = (
        "op.add_column('meter', sa.Column('upper', sa.Integer, sa.ForeignKey('pl_test.meter.id')), schema='pl_test')"
    )
    write(versions, 2, change, "op.drop_column('meter', 'upper', schema='pl_test')")
    report = rehearse(engine, "pl_test", versions)
    assert report.good
    assert report.unindexed[0].startswith("pl_test.meter refers to pl_test.meter by upper, without an index")


def test_a_database_that_is_newer_cannot_be_rehearsed_on(engine: sa.Engine, versions: Path) -> None:
    write(versions, 2, NEW_COLUMN)
    migrate(engine, "pl_test", versions)
    (versions / "0002_test.py").unlink()
    with pytest.raises(MigrationError, match=r"at revision 0002, which this code does not know; its newest is 0001"):
        rehearse(engine, "pl_test", versions)


def test_an_account_that_may_not_make_databases_is_told_so(engine: sa.Engine, versions: Path) -> None:
    with (
        read_only_role(engine, "pl_test") as modest,
        pytest.raises(MigrationError, match=r"permission denied to create database\. The account needs leave"),
    ):
        rehearse(modest, "pl_test", versions)
