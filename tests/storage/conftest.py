"""What tests of storage share: ending a connection from the outside, and homes for an embedded PostgreSQL."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.orm import Session

from peek_trio.storage import engine_url
from peek_trio.storage.unit_of_work import driver_of


def end_backend(url: str, pid: int) -> None:
    """Ends a connection in the server; returns when it has ended."""
    plain = engine_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True) as other:
        assert other.execute("select pg_terminate_backend(%s, 5000)", (pid,)).fetchone() == (True,)


@pytest.fixture
def end_connection(database_url: str) -> Callable[[Session], None]:
    """Ends the connection of a session. Nothing is asked on the connection itself."""
    return lambda session: end_backend(database_url, driver_of(session.connection()).info.backend_pid)


@contextmanager
def open_folder() -> Iterator[Path]:
    """A folder that every account may enter: started by root, PostgreSQL runs as another, and pytest's folders are closed to it."""
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="peek-home-", dir=memory) as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture
def open_home() -> Iterator[Path]:
    """The home of an embedded PostgreSQL, not made yet."""
    with open_folder() as folder:
        yield folder / "home"
