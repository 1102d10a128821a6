"""Writing a migration: the difference between a plugin's metadata and what its migrations make so far.

The comparison runs in a database that is made for it and dropped after, so no real data is looked at or touched.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy.engine import URL, Engine

from peek_trio.errors import MigrationError
from peek_trio.storage.scratch import scratch_database
from peek_trio.storage.upgrade import alembic_config, migrate, one_alembic

__all__ = ["make_revision"]


def make_revision(
    metadata: sa.MetaData, schema: str, versions_dir: Path, message: str, scratch_url: str | URL
) -> Path | None:
    """Writes the next revision of `schema` into `versions_dir` and returns its file, or None when nothing has changed.

    `metadata` is what the schema shall become; `scratch_url` names any database of a server on which another may be created.
    Read what was written before using it: a rename, for one, looks like a removal and an addition. Raises MigrationError when the
    existing revisions cannot be applied or `metadata` has tables of another schema.
    """
    strangers = sorted(table.fullname for table in metadata.tables.values() if table.schema != schema)
    if strangers:
        raise MigrationError(
            f'The tables of this plugin belong into the schema {schema}; declare schema="{schema}" for {", ".join(strangers)}.'
        )
    versions_dir.mkdir(parents=True, exist_ok=True)
    with scratch_database(scratch_url) as engine:
        if any(versions_dir.glob("*.py")):
            migrate(engine, schema, versions_dir)
        else:
            _create_schema(engine, schema)
        return _write(engine, metadata, schema, versions_dir, message)


def _create_schema(engine: Engine, schema: str) -> None:
    with engine.begin() as connection:
        connection.execute(sa.schema.CreateSchema(schema, if_not_exists=True))


def _write(engine: Engine, metadata: sa.MetaData, schema: str, versions_dir: Path, message: str) -> Path | None:
    config = alembic_config(schema, versions_dir)
    config.attributes["metadata"] = metadata
    number = sum(1 for _ in ScriptDirectory.from_config(config).walk_revisions()) + 1

    def drop_empty(_context: object, _revision: object, directives: list[Any]) -> None:
        if directives[0].upgrade_ops.is_empty():
            directives.clear()

    with one_alembic(), engine.connect() as connection:
        config.attributes["connection"] = connection
        script = command.revision(
            config,
            message,
            autogenerate=True,
            rev_id=f"{number:04d}",
            version_path=str(versions_dir),
            process_revision_directives=drop_empty,
        )
    scripts = [written for written in (script if isinstance(script, list) else [script]) if written is not None]
    return Path(scripts[0].path) if scripts else None
