"""Writing a migration from a plugin's metadata."""

from pathlib import Path

import pytest
import sqlalchemy as sa

from peek_trio.errors import MigrationError
from peek_trio.storage import Database, make_revision, open_engine
from peek_trio.storage.tables import Base
from peek_trio.storage.upgrade import PLATFORM_SCHEMA, PLATFORM_VERSIONS


def metadata(*columns: str) -> sa.MetaData:
    metadata = sa.MetaData(schema="pl_test")
    sa.Table(
        "meter",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        *(sa.Column(name, sa.Text) for name in columns),
    )
    return metadata


def databases(url: str) -> set[str]:
    engine = open_engine(url)
    with engine.connect() as connection:
        names = set(connection.scalars(sa.text("select datname::text from pg_database")))
    engine.dispose()
    return names


async def test_the_first_revision_makes_the_tables(database: Database, database_url: str, tmp_path: Path) -> None:
    versions = tmp_path / "versions"
    written = make_revision(metadata("name"), "pl_test", versions, "first tables", database_url)
    assert written == versions / "0001_first_tables.py"
    assert await database.migrate("pl_test", versions) == "0001"
    await database.run(lambda session: session.execute(sa.text("insert into pl_test.meter values (1, 'a')")))


async def test_the_next_revision_holds_the_difference(database: Database, database_url: str, tmp_path: Path) -> None:
    make_revision(metadata("name"), "pl_test", tmp_path, "first", database_url)
    await database.migrate("pl_test", tmp_path)
    written = make_revision(metadata("name", "place"), "pl_test", tmp_path, "where it is", database_url)
    assert written is not None
    assert "add_column" in written.read_text()
    assert "create_table" not in written.read_text()
    assert await database.migrate("pl_test", tmp_path) == "0002"


def test_no_difference_writes_nothing(database_url: str, tmp_path: Path) -> None:
    make_revision(metadata(), "pl_test", tmp_path, "first", database_url)
    assert make_revision(metadata(), "pl_test", tmp_path, "again", database_url) is None
    assert [path.name for path in tmp_path.glob("*.py")] == ["0001_first.py"]


def test_the_scratch_database_is_dropped(database_url: str, tmp_path: Path) -> None:
    before = databases(database_url)
    make_revision(metadata(), "pl_test", tmp_path, "first", database_url)
    assert databases(database_url) == before


def test_tables_outside_the_plugins_schema_are_refused(tmp_path: Path) -> None:
    strange = sa.MetaData()
    sa.Table("meter", strange, sa.Column("id", sa.Integer))
    with pytest.raises(MigrationError, match='declare schema="pl_test" for meter'):
        make_revision(strange, "pl_test", tmp_path, "first", "postgresql://nowhere/peek")


def test_the_platforms_migrations_make_exactly_its_tables(database_url: str, tmp_path: Path) -> None:
    versions = tmp_path / "versions"
    versions.mkdir()
    for path in PLATFORM_VERSIONS.glob("*.py"):
        (versions / path.name).write_bytes(path.read_bytes())
    assert make_revision(Base.metadata, PLATFORM_SCHEMA, versions, "forgotten", database_url) is None
