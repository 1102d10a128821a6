"""A small copy of a plugin's schema in another database: all of its structure, and some of its rows.

The structure is PostgreSQL's own dump. Rows come between the tables and their keys: the first few of each table, and the rows that those
refer to. What then still refers to nothing refers to nobody, or is left out, so that the copy is as consistent as the original.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, LiteralString

import attrs
import psycopg
from psycopg import sql
from sqlalchemy.engine import Engine

from peek_trio.errors import ConfigError, MigrationError
from peek_trio.storage.embedded.binaries import installed

__all__ = ["clone_schema"]

Driver = psycopg.Connection[Any]

_MOST_ROUNDS = 20  # of fetching rows that rows refer to

_SCHEMAS: LiteralString = """
    with recursive needed(oid) as (
        select to_regnamespace(%s)::oid
        union
        select other.relnamespace from needed
        join pg_class cls on cls.relnamespace = needed.oid
        join pg_constraint con on con.conrelid = cls.oid and con.contype = 'f'
        join pg_class other on other.oid = con.confrelid
    )
    select oid::regnamespace::text from needed where oid is not null
"""
_TABLES: LiteralString = """
    select cls.oid, cls.relnamespace::regnamespace::text, cls.relname::text,
           array(select attname::text from pg_attribute
                 where attrelid = cls.oid and attnum > 0 and not attisdropped and attgenerated = '' order by attnum)
    from pg_class cls where cls.relkind = 'r' and cls.relnamespace = any(%s::regnamespace[])
"""
_KEYS: LiteralString = """
    select conrelid, confrelid,
           array(select attname::text from unnest(conkey) with ordinality k (number, place)
                 join pg_attribute on attrelid = conrelid and attnum = number order by place),
           array(select attname::text from unnest(confkey) with ordinality k (number, place)
                 join pg_attribute on attrelid = confrelid and attnum = number order by place),
           (select min(attname::text) from pg_attribute
            where attrelid = conrelid and attnum = any(conkey) and not attnotnull and attgenerated = '')
    from pg_constraint where contype = 'f' and conrelid = any(%s::oid[]) and confrelid = any(%s::oid[])
"""
_SEQUENCES: LiteralString = (
    "select schemaname::text, sequencename::text, last_value from pg_sequences where schemaname = any(%s)"
)


@attrs.frozen
class _Table:
    name: sql.Identifier
    columns: sql.Composed
    own: bool


@attrs.frozen
class _Key:
    """A foreign key: `columns` of `table` refer to `others` of `other`. `optional` is one of the columns that may be null, or None."""

    table: _Table
    other: _Table
    columns: tuple[str, ...]
    others: tuple[str, ...]
    optional: str | None


def clone_schema(source: Engine, target: Engine, schema: str, *, rows: int) -> int:
    """Copies `schema`, and what it refers to, with up to `rows` rows of each of its tables; returns how many rows there are now.

    `target` must be an empty database. Raises MigrationError when the structure cannot be copied, ConfigError without pg_dump.
    """
    with _drivers(source, target) as (there, here):
        schemas = [name for (name,) in there.execute(_SCHEMAS, (schema,))]
        if not schemas:
            return 0
        with tempfile.TemporaryDirectory(prefix="peek-clone-") as folder:
            dump = Path(folder) / "structure"
            _run(
                "pg_dump",
                there,
                f"--file={dump}",
                "--format=custom",
                "--schema-only",
                *(f"--schema={name}" for name in schemas),
            )
            for (extension,) in there.execute("select extname::text from pg_extension").fetchall():
                here.execute(sql.SQL("create extension if not exists {}").format(sql.Identifier(extension)))
            restore = ("--no-owner", "--no-privileges", "--exit-on-error", str(dump))
            _run("pg_restore", here, "--section=pre-data", *restore)
            count = _copy_rows(there, here, schema, schemas, rows)
            _run("pg_restore", here, "--section=post-data", *restore)
        return count


@contextmanager
def _drivers(source: Engine, target: Engine) -> Iterator[tuple[Driver, Driver]]:
    """Two connections: one that sees the source as it is now and cannot change it, one that commits every statement."""
    with _connect(source) as there, _connect(target) as here:
        there.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        there.read_only = True
        here.autocommit = True
        yield there, here


def _connect(engine: Engine) -> Driver:
    arguments, options = engine.dialect.create_connect_args(engine.url)
    return psycopg.connect(*arguments, **options)


def _copy_rows(there: Driver, here: Driver, schema: str, schemas: list[str], rows: int) -> int:
    tables = {
        oid: _Table(sql.Identifier(space, name), sql.SQL(", ").join(map(sql.Identifier, columns)), own=space == schema)
        for oid, space, name, columns in there.execute(_TABLES, (schemas,))
    }
    oids = list(tables)
    keys = [
        _Key(tables[table], tables[other], tuple(columns), tuple(others), optional)
        for table, other, columns, others, optional in there.execute(_KEYS, (oids, oids))
    ]
    for table in tables.values():
        if table.own:
            _copy(there, here, table, sql.SQL("limit {}").format(rows))
    for _ in range(_MOST_ROUNDS):
        if not any([_fetch_missing(there, here, key, rows) for key in keys]):
            break
    while any([_settle_dangling(here, key) for key in keys]):
        pass
    for space, name, last in there.execute(_SEQUENCES, (schemas,)):
        if last is not None:
            here.execute("select setval(%s::regclass, %s)", (sql.Identifier(space, name).as_string(here), last))
    counts = [
        here.execute(sql.SQL("select count(*) from {}").format(table.name)).fetchone() for table in tables.values()
    ]
    return sum(count[0] for count in counts if count)


def _copy(there: Driver, here: Driver, table: _Table, which: sql.Composable) -> None:
    """Streams rows from one database to the other."""
    query = sql.SQL("copy (select {} from {} {}) to stdout (format binary)").format(table.columns, table.name, which)
    command = sql.SQL("copy {} ({}) from stdin (format binary)").format(table.name, table.columns)
    with there.cursor().copy(query) as rows, here.cursor().copy(command) as copy:
        for data in rows:
            copy.write(data)


def _fetch_missing(there: Driver, here: Driver, key: _Key, most: int) -> bool:
    """Fetches rows that rows of the copy refer to and that are not there; whether there were any."""
    query = sql.SQL("select distinct {} from {} c where {} limit {}").format(
        _list("c", key.columns), key.table.name, _dangling(key), max(most, 1)
    )
    wanted = here.execute(query).fetchall()
    if not wanted:
        return False
    values = sql.SQL(", ").join(sql.SQL("({})").format(sql.SQL(", ").join(map(sql.Literal, row))) for row in wanted)
    before = here.execute(sql.SQL("select count(*) from {}").format(key.other.name)).fetchone()
    others = sql.SQL(", ").join(map(sql.Identifier, key.others))
    _copy(there, here, key.other, sql.SQL("where ({}) in ({})").format(others, values))
    return before != here.execute(sql.SQL("select count(*) from {}").format(key.other.name)).fetchone()


def _settle_dangling(here: Driver, key: _Key) -> bool:
    """Has rows refer to nobody, or removes them, that refer to a row which was not fetched; whether there were any."""
    if key.optional is not None:
        cut = sql.SQL("update {} c set {} = null where {}")
        with suppress(psycopg.errors.CheckViolation):
            return here.execute(cut.format(key.table.name, sql.Identifier(key.optional), _dangling(key))).rowcount > 0
    return here.execute(sql.SQL("delete from {} c where {}").format(key.table.name, _dangling(key))).rowcount > 0


def _dangling(key: _Key) -> sql.Composed:
    """The condition that row c refers to a row that is not there."""
    given = sql.SQL(" and ").join(sql.SQL("c.{} is not null").format(sql.Identifier(name)) for name in key.columns)
    same = sql.SQL(" and ").join(
        sql.SQL("c.{} = o.{}").format(sql.Identifier(name), sql.Identifier(other))
        for name, other in zip(key.columns, key.others, strict=True)
    )
    return sql.SQL("{} and not exists (select 1 from {} o where {})").format(given, key.other.name, same)


def _list(alias: LiteralString, names: tuple[str, ...]) -> sql.Composed:
    return sql.SQL(", ").join(sql.SQL(alias + ".{}").format(sql.Identifier(name)) for name in names)


def _run(program: str, driver: Driver, *arguments: str) -> None:
    """Runs one of PostgreSQL's programs on the database of a connection."""
    where = driver.info.get_parameters() | {"dbname": driver.info.dbname}
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    done = subprocess.run(
        [
            _program(program, driver.info.server_version // 10_000),
            "--no-password",
            f"--dbname={psycopg.conninfo.make_conninfo(**where)}",
            *arguments,
        ],
        env=environment | ({"PGPASSWORD": driver.info.password} if driver.info.password else {}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    if done.returncode != 0:
        said = done.stdout.decode(errors="replace").strip().splitlines() or ["it did not say why"]
        raise MigrationError(f"The structure of the schema could not be copied by {program}: {said[0]}")


def _program(name: str, server: int) -> str:
    """One of PostgreSQL's programs, for a server of that major version: those of an older version refuse it.

    That of the embedded PostgreSQL if it is installed and new enough, else the system's.
    """
    try:
        binaries = installed()
    except ConfigError:
        binaries = None
    if binaries is not None and binaries.major >= server:
        return str(binaries.root / "bin" / name)
    if (found := shutil.which(name)) is not None:
        return found
    raise ConfigError(
        f"A rehearsal needs the program {name} of PostgreSQL {server} or later. Install the PostgreSQL client tools of your system, "
        'or the embedded PostgreSQL: pip install "peek-trio[embedded]".'
    )
