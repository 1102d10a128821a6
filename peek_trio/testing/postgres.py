"""A real PostgreSQL that the tests of one session share: one embedded cluster, and a database of its own for every test that wants one.

A new database is a copy of one in which the platform's schema is migrated already; copying takes some 10 ms. The cluster lives in memory
where that is possible, and does not wait for disks. `fixtures.py` makes pytest fixtures of it.
"""

from __future__ import annotations

import contextlib
import os
import queue
import secrets
import shutil
import signal
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import trio

from peek_trio.storage import PLATFORM_SCHEMA, EmbeddedPostgres, engine_url, migrate, open_engine
from peek_trio.storage.embedded.leftover import postmaster_of
from peek_trio.storage.upgrade import PLATFORM_VERSIONS

__all__ = ["empty_database", "hosted_postgres", "platform_template"]

_START, _STOP = 60, 20  # seconds


@contextmanager
def hosted_postgres() -> Iterator[str]:
    """The URL of a PostgreSQL that runs for the block: a server to make databases on, not one to write to.

    Clusters that were left behind by sessions that were killed are stopped and removed first.
    """
    _clear_away(_memory_or_temp())
    base = Path(tempfile.mkdtemp(prefix=f"peek-tests-{os.getpid()}-", dir=_memory_or_temp()))
    base.chmod(0o755)  # started by root, PostgreSQL runs as another account
    hosted = _Hosted(base / "home")
    try:
        yield hosted.start()
    finally:
        hosted.stop()
        shutil.rmtree(base)


@contextmanager
def platform_template(server: str) -> Iterator[str]:
    """The name of a database on `server` in which the platform's schema is migrated."""
    with empty_database(server) as url:
        engine = open_engine(url)
        migrate(engine, PLATFORM_SCHEMA, PLATFORM_VERSIONS)
        engine.dispose()
        yield str(engine_url(url).database)


@contextmanager
def empty_database(server: str, *, template: str = "template0") -> Iterator[str]:
    """The URL of a database on `server` that is there for the block, a copy of `template`."""
    name = f"test_{secrets.token_hex(6)}"
    _execute(server, f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
    try:
        yield engine_url(server).set(database=name).render_as_string(hide_password=False)
    finally:
        _execute(server, f"DROP DATABASE {name} WITH (FORCE)")


class _Hosted:
    """An embedded PostgreSQL in a thread with a Trio of its own, because a session outlives every test's."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._outcome: queue.Queue[str | BaseException] = queue.Queue()
        self._thread = threading.Thread(target=self._host, name="embedded PostgreSQL")

    def start(self) -> str:
        self._thread.start()
        outcome = self._outcome.get(timeout=_START)
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    def stop(self) -> None:
        with contextlib.suppress(trio.RunFinishedError):
            self._token.run_sync_soon(self._scope.cancel)
        self._thread.join(timeout=_STOP)

    def _host(self) -> None:
        try:
            trio.run(self._serve)
        except BaseException as error:  # noqa: BLE001 (handed to the thread that waits for it)
            self._outcome.put(error)

    async def _serve(self) -> None:
        self._token = trio.lowlevel.current_trio_token()
        with trio.CancelScope() as self._scope:
            async with trio.open_nursery() as nursery:
                self._outcome.put(await nursery.start(EmbeddedPostgres(self._home, fsync=False).run))


def _memory_or_temp() -> Path:
    """Where the cluster lives: in memory if possible, since every new database is some three hundred files."""
    memory = Path("/dev/shm")
    return memory if os.access(memory, os.W_OK | os.X_OK) else Path(tempfile.gettempdir())


def _clear_away(folder: Path) -> None:
    for base in folder.glob("peek-tests-*-*"):
        if not Path("/proc", base.name.split("-")[2]).exists():
            with contextlib.suppress(ProcessLookupError, PermissionError):
                if postmaster := postmaster_of(base / "home" / "postgres"):
                    os.kill(postmaster, signal.SIGQUIT)
            shutil.rmtree(base, ignore_errors=True)


def _execute(url: str, statement: str) -> None:
    options = engine_url(url).translate_connect_args(username="user", database="dbname")
    with psycopg.connect(**options, **engine_url(url).query, autocommit=True) as connection:  # type: ignore[arg-type]
        connection.execute(statement.encode())
