"""A migration killed at any step, and run again, ends where one that was left alone ends."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from peek_trio.storage import migrate, open_engine, status
from peek_trio.storage.drift import structure

REVISIONS = {
    "0001": (
        None,
        """
    op.create_table("meter", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.Text), schema="pl_test")
    op.create_index("meter_name", "meter", ["name"], schema="pl_test")
    op.execute("insert into pl_test.meter select n, 'meter ' || n from generate_series(1, 100) n")
""",
    ),
    "0002": (
        "0001",
        """
    op.add_column("meter", sa.Column("hits", sa.Integer, server_default="0"), schema="pl_test")
    op.execute("update pl_test.meter set hits = hits + 1")  # what is done twice would show
""",
    ),
    "0003": (
        "0002",
        """
    op.execute("update pl_test.meter set hits = hits + 10")
    op.alter_column("meter", "hits", nullable=False, schema="pl_test")
""",
    ),
}


@pytest.fixture
def versions(tmp_path: Path) -> Path:
    for revision, (previous, upgrade) in REVISIONS.items():
        text = (
            f"import sqlalchemy as sa\nfrom alembic import op\nrevision, down_revision = {revision!r}, {previous!r}\n"
        )
        (tmp_path / f"{revision}_test.py").write_text(f"{text}\n\ndef upgrade():{upgrade}")
    return tmp_path


@pytest.fixture
def engine(database_url: str) -> Iterator[sa.Engine]:
    engine = open_engine(database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def victim(database_url: str, versions: Path) -> Iterator[subprocess.Popen[str]]:
    """Migrates once for every number it is told, and is killed at that step."""
    with migrating(database_url, versions) as process:
        yield process


@contextmanager
def migrating(url: str, versions: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that migrates when it is told to; see `killed_migration.py`."""
    script = Path(__file__).with_name("killed_migration.py")
    with subprocess.Popen(
        [sys.executable, script, url, versions],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={"PYTHONDONTWRITEBYTECODE": "1"},
    ) as process:
        yield process
        process.kill()


def told(victim: subprocess.Popen[str], step: int) -> str:
    assert victim.stdin is not None
    assert victim.stdout is not None
    victim.stdin.write(f"{step}\n")
    victim.stdin.flush()
    return victim.stdout.readline().strip()


def picture(engine: sa.Engine) -> tuple[object, ...]:
    with engine.connect() as connection:
        rows = connection.execute(sa.text("select count(*), min(hits), max(hits) from pl_test.meter")).one()
        locks = connection.scalar(sa.text("select count(*) from pg_locks where locktype = 'advisory'"))
        return structure(connection, "pl_test"), tuple(rows), locks


def drop(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        connection.execute(sa.text("drop schema pl_test cascade"))


@pytest.mark.timeout(300)
def test_killed_at_any_step_and_run_again_it_converges(
    engine: sa.Engine, versions: Path, victim: subprocess.Popen[str]
) -> None:
    migrate(engine, "pl_test", versions)
    whole = picture(engine)
    assert whole[1:] == ((100, 11, 11), 0)
    drop(engine)
    stopped_at: set[str | None] = set()
    step = 1
    while (end := told(victim, step)) == "killed":
        if sa.inspect(engine).has_schema("pl_test"):
            stopped_at.add(status(engine, "pl_test", versions).current)
        assert migrate(engine, "pl_test", versions) == "0003"
        assert picture(engine) == whole, f"killed at step {step}"
        drop(engine)
        step += 1
    assert end == "done"
    assert stopped_at == {None, "0001", "0002", "0003"}
    assert step > 30


def test_killed_again_and_again_it_gets_further_every_time(
    engine: sa.Engine, versions: Path, victim: subprocess.Popen[str]
) -> None:
    for step in range(1, 200, 7):
        if told(victim, step) == "done":
            break
    assert migrate(engine, "pl_test", versions) == "0003"
    assert picture(engine)[1:] == ((100, 11, 11), 0)


def test_servers_that_start_at_the_same_time_migrate_once(
    engine: sa.Engine, database_url: str, versions: Path, victim: subprocess.Popen[str]
) -> None:
    never = 10_000
    with migrating(database_url, versions) as other, ThreadPoolExecutor(2) as both:
        ends = [both.submit(told, process, never) for process in (victim, other)]
        assert migrate(engine, "pl_test", versions) == "0003"
        assert [end.result(60) for end in ends] == ["done", "done"]
    assert picture(engine)[1:] == ((100, 11, 11), 0)
