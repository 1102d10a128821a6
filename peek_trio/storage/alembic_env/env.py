"""What Alembic runs for every migration of ours, of the platform's schema and of plugins' alike.

The connection, the schema and, when a revision is written, the metadata come from the caller in `config.attributes`; there is no ini file.
"""

from __future__ import annotations

from typing import Any

from alembic import context

attributes: dict[str, Any] = context.config.attributes
schema: str = attributes["schema"]


def include_name(name: str | None, kind: str, _parents: object) -> bool:
    """Looks at the one schema and nothing beside it."""
    return kind != "schema" or name == schema


context.configure(
    connection=attributes["connection"],
    target_metadata=attributes.get("metadata"),
    version_table_schema=schema,
    include_schemas=True,
    include_name=include_name,
    transaction_per_migration=True,
    compare_type=True,
    compare_server_default=True,
)
with context.begin_transaction():
    context.run_migrations()
