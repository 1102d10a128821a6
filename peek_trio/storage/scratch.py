"""A database for a moment, to try migrations in.

Whoever made one keeps a connection of the same name as long as it is wanted, which the whole server sees. So one left behind by a process
that was killed is told apart, and is cleared away by the next who makes one.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection, Engine
from sqlalchemy.exc import DBAPIError

from peek_trio.errors import MigrationError
from peek_trio.storage.driver_errors import explained
from peek_trio.storage.engine import open_engine
from peek_trio.storage.upgrade import first_line
from peek_trio.storage.urls import engine_url, shown

__all__ = ["scratch_database"]

_PREFIX = "peek_scratch_"
_FORGOTTEN = sa.text(
    "select datname::text from pg_database where starts_with(datname, :prefix) and datdba = current_user::regrole"
    " and not exists (select from pg_stat_activity where application_name = pg_database.datname)"
)


@contextmanager
def scratch_database(url: str | URL) -> Iterator[Engine]:
    """A new, empty database on the server of `url`, dropped at the end.

    Raises MigrationError when the account may not make one, DatabaseUnavailable when the server cannot be reached or goes away.
    """
    home = engine_url(url)
    name = f"{_PREFIX}{secrets.token_hex(6)}"
    with ExitStack() as stack:
        server = open_engine(home).execution_options(isolation_level="AUTOCOMMIT")
        stack.callback(server.dispose)
        with _sentences(home):
            keeper = stack.enter_context(server.connect())
            for forgotten in list(keeper.scalars(_FORGOTTEN, {"prefix": _PREFIX})):
                _drop(keeper, forgotten)
            keeper.execute(sa.text(f"set application_name = '{name}'"))
            keeper.execute(sa.text(f'CREATE DATABASE "{name}" TEMPLATE template0'))
        stack.callback(_drop, keeper, name)
        engine = open_engine(home.set(database=name))
        stack.callback(engine.dispose)
        yield engine


def _drop(keeper: Connection, name: str) -> None:
    with _sentences(keeper.engine.url):
        keeper.execute(sa.text(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))


@contextmanager
def _sentences(home: URL) -> Iterator[None]:
    """Makes one of our errors of what the server refuses."""
    try:
        yield
    except DBAPIError as error:
        if (plainly := explained(error)) is not None:
            raise plainly from error
        raise MigrationError(
            f"A database to try the migrations in cannot be made on {shown(home)}: {first_line(error)}. "
            "The account needs leave to create databases."
        ) from error
