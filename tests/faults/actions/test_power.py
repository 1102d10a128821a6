"""PostgreSQL killed in the middle of writing, at the first flush of its log, the second, and so on: what was acknowledged is there."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import trio

from peek_trio.errors import DatabaseUnavailable, StorageError
from peek_trio.storage import Database, EmbeddedPostgres, Statements
from peek_trio.storage.embedded import server as embedded_server
from peek_trio.storage.receipts import Claim
from tests.faults.actions.ledger import INSERT, TABLE, Line, faults_in, read_ledger, receipts_that_do_not_fit

STRACE = shutil.which("strace")
LANES = 6


def may_trace() -> bool:
    """Whether there is a strace that may do its work here; some containers forbid it."""
    return (
        STRACE is not None and subprocess.run([STRACE, "-o", "/dev/null", "true"], capture_output=True).returncode == 0
    )


pytestmark = pytest.mark.skipif(
    not may_trace(), reason="strace is missing or not allowed here (on Debian: apt install strace)"
)


@pytest.fixture
def home() -> Iterator[Path]:
    """The home of a PostgreSQL that writes to a real disk."""
    base = Path(tempfile.mkdtemp(prefix="peek-power-"))
    base.chmod(0o755)  # started by root, PostgreSQL runs as another account
    yield base
    shutil.rmtree(base, ignore_errors=True)


@asynccontextmanager
async def served(home: Path) -> AsyncIterator[tuple[Database, trio.Event]]:
    """A PostgreSQL for the block, and the event that it has ended, by itself or killed."""
    ended = trio.Event()
    async with trio.open_nursery() as nursery:

        async def run(*, task_status: trio.TaskStatus[str]) -> None:
            with suppress(StorageError):
                await EmbeddedPostgres(home).run(task_status=task_status)
            ended.set()

        database = Database(await nursery.start(run))
        yield database, ended
        await database.close()
        nursery.cancel_scope.cancel()


class Writer:
    """Writes in the ledger, lane by lane, and remembers what was acknowledged. It goes on after a death where it was."""

    def __init__(self) -> None:
        self.acknowledged: list[Line] = []
        self._next = dict.fromkeys(range(LANES), 1)

    async def write(self, database: Database, count: int) -> None:
        """Writes up to `count` more lines in every lane; stops where the database cannot be reached."""
        async with trio.open_nursery() as nursery:
            for lane in range(LANES):
                nursery.start_soon(self._lane, database, lane, count)

    async def _lane(self, database: Database, lane: int, count: int) -> None:
        for _ in range(count):
            line = "device", f"key {lane}", self._next[lane]
            try:
                await self._apply(database, line, plainly=lane % 2 == 0)
            except (DatabaseUnavailable, sa.exc.SQLAlchemyError):
                return  # it was applied or not: the next round sends it again
            self.acknowledged.append(line)
            self._next[lane] += 1

    async def _apply(self, database: Database, line: Line, *, plainly: bool) -> None:
        device, key, number = line
        claim = Claim(device, f"{key} {number}", key, number, who="person joe", type="ledger.Write")

        def by_statements(statements: Statements) -> bytes:
            statements.execute(INSERT, line)
            return b""

        def by_session(session: Any) -> bytes:
            session.connection().exec_driver_sql(INSERT, line)
            return b"%d" % number

        if plainly:
            await database.apply_statements(claim, by_statements)
        else:
            await database.apply_once(claim, by_session)


def pull_the_plug(home: Path) -> None:
    """Ends it at once: nothing is flushed any more, and the next start has to recover."""
    with suppress(OSError, IndexError, ValueError):
        os.kill(int((home / "postgres" / "postmaster.pid").read_text().split()[0]), signal.SIGQUIT)


def under_strace(monkeypatch: pytest.MonkeyPatch, when: int) -> None:
    """Has every process of the next PostgreSQL killed when it flushes for the `when`-th time."""
    assert STRACE is not None
    kill = ["-e", "trace=fdatasync", "-e", f"inject=fdatasync:signal=SIGKILL:when={when}", "-o", "/dev/null"]
    whole = embedded_server.server_command

    def command(*arguments: Any, **options: Any) -> list[str]:
        # The tracer is a grandchild, so that the child we watch is PostgreSQL itself.
        return [STRACE, "-D", "-f", "-qq", *kill, *whole(*arguments, **options)]  # type: ignore[list-item]

    monkeypatch.setattr(embedded_server, "server_command", command)


@pytest.mark.timeout(400)
@pytest.mark.parametrize(
    "points",
    [
        pytest.param((1, 4), id="short"),
        pytest.param(tuple(range(1, 31)), id="full", marks=pytest.mark.long),
    ],
)
async def test_a_database_killed_while_it_flushes_keeps_what_was_acknowledged(
    home: Path, monkeypatch: pytest.MonkeyPatch, points: tuple[int, ...]
) -> None:
    writer, deaths = Writer(), 0
    async with served(home) as (database, _):
        await database.migrate_platform()
        await database.run(lambda session: session.execute(sa.text(TABLE)))
        method = await database.run(lambda session: session.scalar(sa.text("show wal_sync_method")))
        assert method == "fdatasync"  # the call at which it is killed
    for when in points:
        with monkeypatch.context() as traced:
            under_strace(traced, when)
            async with served(home) as (database, ended):
                before = len(writer.acknowledged)
                await writer.write(database, when * 3)
                deaths += ended.is_set() or len(writer.acknowledged) < before + LANES * when * 3
                pull_the_plug(home)
        async with served(home) as (database, _):
            await writer.write(database, 2)
            assert faults_in(await database.run(read_ledger), writer.acknowledged) == [], f"at flush {when}"
            assert await database.run(receipts_that_do_not_fit) == [], f"at flush {when}"
    assert deaths == len(points)
