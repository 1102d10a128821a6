"""Rehearsing a migration: done, checked and undone on a copy of the schema, before the real one is touched.

The copy is in a database of its own, made for the rehearsal and dropped after it. It has the real structure and some of the real rows, so
that a revision which only fails with data in the tables fails here.
"""

from __future__ import annotations

import time
from pathlib import Path

import attrs
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from peek_trio.errors import MigrationError
from peek_trio.storage.drift import drift, structure
from peek_trio.storage.foreign_keys import unindexed_keys
from peek_trio.storage.schema_clone import clone_schema
from peek_trio.storage.scratch import scratch_database
from peek_trio.storage.upgrade import downgrade, migrate, status

__all__ = ["ROWS", "Rehearsal", "rehearse"]

ROWS = 1000
"""Rows of each table that take part."""


@attrs.frozen
class Rehearsal:
    """How a rehearsal went.

    `before` and `after` are the revisions it went from and to, `rows` how many took part, `seconds` how long the upgrade took. `failure`
    says why the upgrade failed, "" if it did not. `differences` is where its result is not what the plugin's classes say, `unindexed`
    which foreign keys have no index. `irreversible` says why it could not be undone, "" if it could; `not_restored` what was then not as
    before, structure and rows.
    """

    schema: str
    before: str | None
    after: str
    rows: int = 0
    seconds: float = 0.0
    failure: str = ""
    differences: tuple[str, ...] = ()
    unindexed: tuple[str, ...] = ()
    irreversible: str = ""
    not_restored: tuple[str, ...] = ()

    @property
    def good(self) -> bool:
        """Whether the real migration can be expected to succeed and to make what the code needs."""
        return not self.failure and not self.differences

    @property
    def reversible(self) -> bool:
        """Whether it can be taken back without a trace and without a loss."""
        return not self.failure and not self.irreversible and not self.not_restored

    def lines(self) -> list[str]:
        """What people are told, the verdict first."""
        way = f"{self.schema} from {self.before or 'nothing'} to {self.after}"
        if self.failure:
            return [f"The upgrade of {way} fails: {self.failure}"]
        if self.before == self.after:
            verdict = [f"{self.schema} is at {self.after}, the newest revision; there is nothing to upgrade."]
        else:
            verdict = [f"The upgrade of {way} works, with {self.rows} rows in {self.seconds:.1f} s."]
        if self.irreversible:
            verdict.append(f"It cannot be taken back: {self.irreversible}")
        verdict += [f"Taken back, it is not as before: {line}" for line in self.not_restored]
        verdict += [f"It does not make what the classes say. {line}" for line in self.differences]
        return verdict + list(self.unindexed)


def rehearse(
    engine: Engine, schema: str, versions_dir: Path, metadata: sa.MetaData | None = None, *, rows: int = ROWS
) -> Rehearsal:
    """Upgrades a copy of `schema`, with up to `rows` rows of each table, to the newest revision, compares it with `metadata`, goes back.

    Blocks, for as long as the migration takes on so many rows. The real schema is only read. Raises MigrationError when there can be no
    rehearsal: the revisions cannot be read, the database is newer than them, or no copy can be made.
    """
    real = status(engine, schema, versions_dir)
    if real.unknown:
        raise MigrationError(
            f"{schema} is at revision {real.current}, which this code does not know; its newest is {real.newest}."
        )
    report = Rehearsal(schema, real.current, real.newest)
    with scratch_database(engine.url) as scratch:
        report = attrs.evolve(report, rows=clone_schema(engine, scratch, schema, rows=rows))
        before = _picture(scratch, schema)
        began = time.monotonic()
        try:
            migrate(scratch, schema, versions_dir)
        except MigrationError as error:
            return attrs.evolve(report, failure=str(error))
        seconds = time.monotonic() - began
        with scratch.connect() as connection:
            differences = drift(connection, schema, metadata) if metadata is not None else []
            unindexed = tuple(str(key) for key in unindexed_keys(connection, schema))
        report = attrs.evolve(report, seconds=seconds, differences=tuple(differences), unindexed=unindexed)
        if real.current == real.newest:
            return report
        try:
            downgrade(scratch, schema, versions_dir, real.current or "base")
        except MigrationError as error:
            return attrs.evolve(report, irreversible=str(error))
        return attrs.evolve(report, not_restored=_changes(before, _picture(scratch, schema)))


@attrs.frozen
class _Picture:
    """What there is to compare: the structure, and how many rows each table has."""

    structure: frozenset[str]
    rows: dict[str, int]


def _picture(engine: Engine, schema: str) -> _Picture:
    with engine.connect() as connection:
        tables = [name for name in sa.inspect(connection).get_table_names(schema) if name != "alembic_version"]
        counts = {
            name: connection.scalar(sa.select(sa.func.count()).select_from(sa.table(name, schema=schema))) or 0
            for name in tables
        }
        lines = frozenset(line for line in structure(connection, schema) if "alembic_version" not in line)
        return _Picture(lines, counts)


def _changes(before: _Picture, after: _Picture) -> tuple[str, ...]:
    gone = [f"missing: {line}" for line in sorted(before.structure - after.structure)]
    more = [f"left behind: {line}" for line in sorted(after.structure - before.structure)]
    rows = [
        f"{name} had {count} rows and has {after.rows[name]}"
        for name, count in before.rows.items()
        if name in after.rows and after.rows[name] != count
    ]
    return (*gone, *more, *rows)
