"""The real PostgreSQL that tests share: one embedded cluster for the session, a database of its own for every test that wants one.

A new database is a copy of one in which the platform's schema is already migrated; copying takes some 10 ms.
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
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import psycopg
import pytest
import trio

from peek_trio.storage import PLATFORM_SCHEMA, Database, EmbeddedPostgres, engine_url, migrate, open_engine
from peek_trio.storage.embedded.leftover import postmaster_of
from peek_trio.storage.upgrade import PLATFORM_VERSIONS


class _HostedPostgres:
    """An embedded PostgreSQL in a thread with a Trio of its own, because a session outlives every test's."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._outcome: queue.Queue[str | BaseException] = queue.Queue()
        self._thread = threading.Thread(target=self._host, name="embedded PostgreSQL")

    def start(self) -> str:
        self._thread.start()
        outcome = self._outcome.get(timeout=60)
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    def stop(self) -> None:
        self._token.run_sync_soon(self._scope.cancel)
        self._thread.join(timeout=20)

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
    """Stops and removes the clusters of sessions that were killed."""
    for base in folder.glob("peek-tests-*-*"):
        if not Path("/proc", base.name.split("-")[2]).exists():
            with contextlib.suppress(ProcessLookupError, PermissionError):
                if postmaster := postmaster_of(base / "home" / "postgres"):
                    os.kill(postmaster, signal.SIGQUIT)
            shutil.rmtree(base, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The URL of the session's PostgreSQL: a server to make databases on, not one to write to."""
    _clear_away(_memory_or_temp())
    base = Path(tempfile.mkdtemp(prefix=f"peek-tests-{os.getpid()}-", dir=_memory_or_temp()))
    base.chmod(0o755)  # started by root, PostgreSQL runs as another account
    hosted = _HostedPostgres(base / "home")
    try:
        yield hosted.start()
    finally:
        hosted.stop()
        shutil.rmtree(base)


def _execute(url: str, statement: str) -> None:
    options = engine_url(url).translate_connect_args(username="user", database="dbname")
    with psycopg.connect(**options, **engine_url(url).query, autocommit=True) as connection:  # type: ignore[arg-type]
        connection.execute(statement.encode())


def _create(server: str, template: str) -> Iterator[str]:
    name = f"test_{secrets.token_hex(6)}"
    _execute(server, f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
    yield engine_url(server).set(database=name).render_as_string(hide_password=False)
    _execute(server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def _platform_template(postgres_url: str) -> Iterator[str]:
    for url in _create(postgres_url, "template0"):
        engine = open_engine(url)
        migrate(engine, PLATFORM_SCHEMA, PLATFORM_VERSIONS)
        engine.dispose()
        yield str(engine_url(url).database)


@pytest.fixture
def empty_database_url(postgres_url: str) -> Iterator[str]:
    """A fresh database with nothing in it."""
    yield from _create(postgres_url, "template0")


@pytest.fixture
def database_url(postgres_url: str, _platform_template: str) -> Iterator[str]:
    """A fresh database with the platform's schema."""
    yield from _create(postgres_url, _platform_template)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A Database on `database_url`."""
    database = Database(database_url)
    try:
        yield database
    finally:
        await database.close()
