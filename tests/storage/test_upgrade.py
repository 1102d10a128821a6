"""Migrations."""

from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
import trio
from sqlalchemy.orm import Session

from peek_trio.errors import DatabaseUnavailable, MigrationError
from peek_trio.storage import Database, engine_url, migrate, open_engine
from peek_trio.storage.upgrade import lock_key, one_alembic

REVISION = """
import sqlalchemy as sa
from alembic import op

revision = {revision!r}
down_revision = {previous!r}


def upgrade() -> None:
    {upgrade}
"""


def write(versions: Path, number: int, upgrade: str, *, after: int | None = None) -> None:
    previous = after if after is not None else number - 1
    text = REVISION.format(revision=f"{number:04d}", previous=f"{previous:04d}" if previous else None, upgrade=upgrade)
    (versions / f"{number:04d}_test.py").write_text(text)


def tables(session: Session) -> set[str]:
    return set(
        session.scalars(
            sa.text("select table_name::text from information_schema.tables where table_schema = 'pl_test'")
        )
    )


@pytest.fixture
def versions(tmp_path: Path) -> Path:
    versions = tmp_path / "per cent % and: colon" / "versions"
    versions.mkdir(parents=True)
    write(versions, 1, "op.create_table('one', sa.Column('id', sa.Integer), schema='pl_test')")
    return versions


async def test_a_schema_is_made_and_brought_to_the_newest_revision(database: Database, versions: Path) -> None:
    assert await database.migrate("pl_test", versions) == "0001"
    assert await database.run(tables) == {"alembic_version", "one"}


async def test_migrating_again_changes_nothing(database: Database, versions: Path) -> None:
    await database.migrate("pl_test", versions)
    assert await database.migrate("pl_test", versions) == "0001"


async def test_a_later_revision_is_added(database: Database, versions: Path) -> None:
    await database.migrate("pl_test", versions)
    write(versions, 2, "op.create_table('two', sa.Column('id', sa.Integer), schema='pl_test')")
    assert await database.migrate("pl_test", versions) == "0002"
    assert await database.run(tables) == {"alembic_version", "one", "two"}


async def test_a_failing_revision_is_undone_and_the_ones_before_it_stay(database: Database, versions: Path) -> None:
    write(versions, 2, "op.create_table('two', sa.Column('id', sa.Integer), schema='pl_test')")
    write(versions, 3, "op.create_table('three', schema='pl_test'); op.execute('select nonsense')")
    with pytest.raises(
        MigrationError, match=r'pl_test to revision 0003 failed: column "nonsense" does not exist.*stays at 0002'
    ):
        await database.migrate("pl_test", versions)
    assert await database.run(tables) == {"alembic_version", "one", "two"}
    write(versions, 3, "op.create_table('three', schema='pl_test')")
    assert await database.migrate("pl_test", versions) == "0003"


async def test_a_database_newer_than_the_code_is_refused_and_both_are_named(database: Database, versions: Path) -> None:
    write(versions, 2, "pass")
    await database.migrate("pl_test", versions)
    (versions / "0002_test.py").unlink()
    with pytest.raises(MigrationError, match=r"pl_test is at revision 0002.*its newest is 0001"):
        await database.migrate("pl_test", versions)


async def test_two_newest_revisions_are_refused(database: Database, versions: Path) -> None:
    write(versions, 2, "pass")
    write(versions, 3, "pass", after=1)
    with pytest.raises(MigrationError, match=r"one newest revision.*0002 and 0003"):
        await database.migrate("pl_test", versions)


async def test_a_missing_directory_is_named(database: Database, tmp_path: Path) -> None:
    with pytest.raises(MigrationError, match=f"no directory {tmp_path}/absent"):
        await database.migrate("pl_test", tmp_path / "absent")


async def test_a_revision_that_is_no_python_is_refused(database: Database, versions: Path) -> None:
    (versions / "0002_test.py").write_text("this is not python")
    with pytest.raises(MigrationError, match="cannot be read"):
        await database.migrate("pl_test", versions)


async def test_an_unreachable_database_is_no_failed_migration(versions: Path) -> None:
    nowhere = Database("postgresql://peek@127.0.0.1:1/peek")
    with pytest.raises(DatabaseUnavailable):
        await nowhere.migrate("pl_test", versions)
    await nowhere.close()


async def test_concurrent_migrations_of_one_schema_wait_for_each_other(database_url: str, versions: Path) -> None:
    # A slow revision, started by two at once: the second finds it done.
    write(versions, 2, "op.execute('select pg_sleep(0.1)'); op.create_table('two', schema='pl_test')")
    two = [Database(database_url), Database(database_url)]
    heads: list[str] = []

    async def one(database: Database) -> None:
        heads.append(await database.migrate("pl_test", versions))

    async with trio.open_nursery() as nursery:
        for database in two:
            nursery.start_soon(one, database)
    for database in two:
        await database.close()
    assert heads == ["0002", "0002"]


async def test_another_process_that_migrates_is_waited_for(
    database: Database, database_url: str, versions: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("peek_trio.storage.upgrade._LOCK_WAIT", 0.1)
    other = psycopg.connect(
        **open_engine(database_url).dialect.create_connect_args(engine_url(database_url))[1], autocommit=True
    )
    with other:
        other.execute("select pg_advisory_lock(%s)", (lock_key("pl_test"),))
        with pytest.raises(MigrationError, match="Another server migrates the schema pl_test"):
            await database.migrate("pl_test", versions)
    assert await database.migrate("pl_test", versions) == "0001"


async def test_a_cancelled_migration_leaves_no_lock_behind(database: Database, versions: Path) -> None:
    write(versions, 2, "op.execute('select pg_sleep(30)')")
    with trio.move_on_after(0.3) as scope:
        await database.migrate("pl_test", versions)
    assert scope.cancelled_caught
    locks = await database.run(
        lambda session: session.scalar(sa.text("select count(*) from pg_locks where locktype = 'advisory'"))
    )
    assert locks == 0
    write(versions, 2, "pass")
    assert await database.migrate("pl_test", versions) == "0002"


async def test_a_migration_that_waits_for_another_one_of_this_process_can_be_cancelled(
    database: Database, versions: Path
) -> None:
    with one_alembic(), trio.move_on_after(0.05) as scope:
        await database.migrate("pl_test", versions)
    assert scope.cancelled_caught
    assert database.units_running == 0
    assert await database.migrate("pl_test", versions) == "0001"


async def test_one_of_this_process_that_does_not_end_is_named(
    database: Database, versions: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("peek_trio.storage.upgrade._LOCK_WAIT", 0.05)
    with one_alembic(), pytest.raises(MigrationError, match="Another migration in this process has not ended"):
        await database.migrate("pl_test", versions)


async def test_the_platform_migrates_its_own_schema(empty_database_url: str) -> None:
    database = Database(empty_database_url)
    await database.migrate_platform()
    names = await database.run(
        lambda session: set(
            session.scalars(
                sa.text("select table_name::text from information_schema.tables where table_schema = 'peek'")
            )
        )
    )
    await database.close()
    assert names == {"alembic_version", "people", "session", "link_code", "receipt", "setting"}


def test_migrating_works_without_trio(database_url: str, versions: Path) -> None:
    engine = open_engine(database_url)
    assert migrate(engine, "pl_test", versions) == "0001"
    engine.dispose()
