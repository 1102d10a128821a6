"""Migrations: a schema is brought to the newest revision its code knows, or left alone with a sentence that says why not.

Alembic does the work, driven from code. Every schema keeps its own version table, is migrated under an advisory lock, and each
revision has its own transaction, so an interrupted migration goes on where it stopped.
"""

from __future__ import annotations

import argparse
import hashlib
import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import attrs
import psycopg
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.schema import CreateSchema

from peek_trio.errors import MigrationError
from peek_trio.storage.driver_errors import explained, is_interruption, sqlstate_of
from peek_trio.storage.foreign_keys import unindexed_keys
from peek_trio.storage.interruptible import Interrupted, Interruption
from peek_trio.storage.unit_of_work import driver_of

__all__ = [
    "PLATFORM_SCHEMA",
    "PLATFORM_VERSIONS",
    "SchemaStatus",
    "alembic_config",
    "downgrade",
    "first_line",
    "lock_key",
    "migrate",
    "one_alembic",
    "status",
]

log = logging.getLogger(__name__)

PLATFORM_SCHEMA = "peek"
"""The platform's own schema."""

PLATFORM_VERSIONS = Path(__file__).parent / "migrations" / "versions"
"""The platform's own revisions."""

_ENVIRONMENT = Path(__file__).parent / "alembic_env"
_LOCK_WAIT = 60.0  # seconds
_LOCK_NOT_AVAILABLE = "55P03"

# Alembic keeps the migration under way in module globals (`alembic.op`, `alembic.context`): one at a time in a process.
_alembic_is_global = threading.Lock()


@attrs.frozen
class SchemaStatus:
    """Where a schema is: its revision in the database (None: it has none), the newest one the code has, and what is between them.

    `unknown` says that the database is at a revision that the code does not know: it was made by newer code.
    """

    schema: str
    current: str | None
    newest: str
    pending: tuple[str, ...]
    unknown: bool = False


def migrate(engine: Engine, schema: str, versions_dir: Path, interruption: Interruption | None = None) -> str:
    """Creates `schema` if need be, brings it to the newest revision in `versions_dir` and returns that revision.

    Blocks; concurrent migrations of one schema, from any process, wait for each other up to 60 s. Foreign keys of it that no index
    serves are told to the log, every time: it is read at every start. Raises MigrationError when a
    revision fails, when the revisions have no single newest one, or when the database is newer than the code; DatabaseUnavailable.
    """
    with _connected(engine, schema, versions_dir, interruption) as (connection, config):
        return _upgrade(connection, config, schema, versions_dir)


def downgrade(engine: Engine, schema: str, versions_dir: Path, revision: str) -> str | None:
    """Brings `schema` back to `revision` ("base": to nothing, "-1": by one), and returns where it is then.

    Blocks. Data in what the revisions had added is gone. Raises MigrationError when a revision cannot be undone: it stays where it was
    when that one was reached.
    """
    with _connected(engine, schema, versions_dir) as (connection, config), _advisory_lock(connection, schema):
        current = _current(connection, schema)
        _refuse_newer(config, schema, current, _only_head(config, schema, versions_dir))
        _run(
            connection,
            schema,
            versions_dir,
            f"Taking {schema} back to {revision}",
            lambda: command.downgrade(config, revision),
        )
        return next(iter(_current(connection, schema)), None)


def status(engine: Engine, schema: str, versions_dir: Path) -> SchemaStatus:
    """Where `schema` is, compared with the revisions in `versions_dir`. Blocks. Changes nothing."""
    with _connected(engine, schema, versions_dir) as (connection, config):
        head = _only_head(config, schema, versions_dir)
        current = next(iter(_current(connection, schema)), None)
        revisions = [
            script.revision for script in ScriptDirectory.from_config(config).walk_revisions()
        ]  # from the newest on
        if current is not None and current not in revisions:
            return SchemaStatus(schema, current, head, (), unknown=True)
        pending = revisions[: revisions.index(current)] if current is not None else revisions
        return SchemaStatus(schema, current, head, tuple(reversed(pending)))


@contextmanager
def _connected(
    engine: Engine, schema: str, versions_dir: Path, interruption: Interruption | None = None
) -> Iterator[tuple[Connection, Config]]:
    """A connection for Alembic, which nobody else in this process uses meanwhile. What goes wrong comes out as one of our errors."""
    interruption = interruption or Interruption()
    config = alembic_config(schema, versions_dir)
    try:
        with one_alembic(interruption), engine.connect() as connection:
            interruption.aim(driver_of(connection))
            try:
                config.attributes["connection"] = connection
                yield connection, config
            finally:
                interruption.release()
    except (DBAPIError, psycopg.Error) as error:
        if is_interruption(error) and interruption.requested:
            raise Interrupted from error
        if (plainly := explained(error)) is not None:
            raise plainly from error
        raise MigrationError(f"Migrating the schema {schema} failed: {first_line(error)}") from error


def alembic_config(schema: str, versions_dir: Path) -> Config:
    """Alembic's configuration for the revisions of one schema. The caller adds `connection` to its attributes."""
    if not versions_dir.is_dir():
        raise MigrationError(
            f"The migrations of the schema {schema} are missing: there is no directory {versions_dir}."
        )
    config = Config(attributes={"schema": schema}, cmd_opts=argparse.Namespace(quiet=True))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("script_location", str(_ENVIRONMENT).replace("%", "%%"))
    config.set_main_option("version_locations", str(versions_dir).replace("%", "%%"))
    return config


@contextmanager
def one_alembic(interruption: Interruption | None = None) -> Iterator[None]:
    """Keeps Alembic to one migration at a time in this process. Raises MigrationError after 60 s of waiting for another one."""
    until = time.monotonic() + _LOCK_WAIT
    while not _alembic_is_global.acquire(timeout=0.1):
        if interruption is not None:
            interruption.check()
        if time.monotonic() > until:
            raise MigrationError(
                f"Another migration in this process has not ended within {_LOCK_WAIT:.0f} s. Try again."
            )
    try:
        yield
    finally:
        _alembic_is_global.release()


def _upgrade(connection: Connection, config: Config, schema: str, versions_dir: Path) -> str:
    head = _only_head(config, schema, versions_dir)
    with _advisory_lock(connection, schema):
        connection.execute(CreateSchema(schema, if_not_exists=True))
        connection.commit()
        current = _current(connection, schema)
        _refuse_newer(config, schema, current, head)
        if current != (head,):
            _run(
                connection,
                schema,
                versions_dir,
                f"Migrating the schema {schema} to revision {head}",
                lambda: command.upgrade(config, "head"),
            )
        for key in unindexed_keys(connection, schema):
            log.warning("%s", key)
        connection.rollback()
    return head


def _run(connection: Connection, schema: str, versions_dir: Path, doing: str, do: Callable[[], None]) -> None:
    try:
        do()
    except Exception as error:
        if explained(error) is not None or is_interruption(error):
            raise
        connection.rollback()
        stays = ", ".join(_current(connection, schema)) or "nothing"
        raise MigrationError(
            f"{doing} failed: {first_line(error)}. It stays at {stays}; the revisions are in {versions_dir}."
        ) from error
    finally:
        if connection.in_transaction() and not connection.invalidated:
            connection.rollback()


def _only_head(config: Config, schema: str, versions_dir: Path) -> str:
    try:
        heads = ScriptDirectory.from_config(config).get_heads()
    except Exception as error:  # a revision file is code of the plugin's and is imported here
        raise MigrationError(f"The migrations in {versions_dir} cannot be read: {first_line(error)}") from error
    if len(heads) != 1:
        found = " and ".join(sorted(heads)) or "none"
        raise MigrationError(
            f"The migrations of the schema {schema} need one newest revision; {versions_dir} has {found}."
        )
    return heads[0]


def _current(connection: Connection, schema: str) -> tuple[str, ...]:
    context = MigrationContext.configure(connection, opts={"version_table_schema": schema})
    current = context.get_current_heads()
    connection.rollback()
    return current


def _refuse_newer(config: Config, schema: str, current: tuple[str, ...], head: str) -> None:
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if unknown := [revision for revision in current if revision not in known]:
        raise MigrationError(
            f"The schema {schema} is at revision {unknown[0]}, which this code does not know: its newest is {head}. "
            "The database is newer than the code; install the version that made it, or a later one."
        )


@contextmanager
def _advisory_lock(connection: Connection, schema: str) -> Iterator[None]:
    key = lock_key(schema)
    connection.execute(sa.text(f"set local lock_timeout = {int(_LOCK_WAIT * 1000)}"))
    try:
        connection.execute(sa.select(sa.func.pg_advisory_lock(key)))
    except DBAPIError as error:
        if sqlstate_of(error) != _LOCK_NOT_AVAILABLE:
            raise
        raise MigrationError(
            f"Another server migrates the schema {schema} and has not ended within {_LOCK_WAIT:.0f} s. Try again when it has."
        ) from error
    connection.commit()
    try:
        yield
    finally:
        # A connection that is lost has given its lock back already.
        if not connection.invalidated and not connection.closed:
            connection.rollback()
            connection.execute(sa.select(sa.func.pg_advisory_unlock(key)))
            connection.commit()


def lock_key(schema: str) -> int:
    """The advisory lock that whoever migrates `schema` holds."""
    return int.from_bytes(hashlib.blake2b(f"peek.migrate {schema}".encode(), digest_size=8).digest(), signed=True)


def first_line(error: BaseException) -> str:
    """What an error says, without the statement and what else follows, and without a full stop."""
    original = error.orig if isinstance(error, DBAPIError) and error.orig else error
    lines = str(original).strip().splitlines()
    return (lines[0] if lines else type(original).__name__).rstrip(".")
