"""Where a schema in a database differs from what the plugin's classes say, in sentences."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy.engine import Connection

__all__ = ["drift", "structure"]


def drift(connection: Connection, schema: str, metadata: sa.MetaData) -> list[str]:
    """What a new revision of `schema` would have to change for it to be what `metadata` says; nothing when they agree."""
    context = MigrationContext.configure(
        connection,
        opts={
            "version_table_schema": schema,
            "include_schemas": True,
            "include_name": lambda name, kind, parents: kind != "schema" or name == schema,
            "compare_type": True,
            "compare_server_default": True,
        },
    )
    differences = compare_metadata(context, metadata)
    connection.rollback()
    return [_sentence(*difference) for difference in _flat(differences)]


_STRUCTURE = sa.text(
    """
    select cls.relname || '.' || att.attname || ' is ' || format_type(att.atttypid, att.atttypmod)
           || case when att.attnotnull then ', not null' else '' end
           || coalesce(', by default ' || pg_get_expr(def.adbin, def.adrelid), '')
    from pg_attribute att
    join pg_class cls on cls.oid = att.attrelid
    left join pg_attrdef def on def.adrelid = att.attrelid and def.adnum = att.attnum
    where cls.relnamespace = to_regnamespace(:schema) and cls.relkind in ('r', 'p', 'v', 'm') and att.attnum > 0 and not att.attisdropped
    union all
    select con.conrelid::regclass::text || ' has ' || pg_get_constraintdef(con.oid)
    from pg_constraint con where con.connamespace = to_regnamespace(:schema) and con.contype <> 'n' and con.conrelid <> 0
    union all
    select indexdef from pg_indexes where schemaname = :schema
    """
)


def structure(connection: Connection, schema: str) -> frozenset[str]:
    """Columns, constraints and indexes of `schema`, a line for each: equal for schemas that are."""
    lines = frozenset(connection.scalars(_STRUCTURE, {"schema": schema}))
    connection.rollback()
    return lines


def _flat(differences: Iterable[Any]) -> Iterable[Any]:
    for difference in differences:
        if isinstance(difference, list):
            yield from _flat(difference)
        else:
            yield difference


def _sentence(kind: str, *what: Any) -> str:
    verb, _, thing = kind.partition("_")
    if verb == "modify":
        _schema, table, column, _existing, old, new = what
        return f"The {thing.replace('_', ' ')} of {table}.{column} is {old!r} in the database and {new!r} in the class."
    missing = "is missing in the database" if verb == "add" else "is in the database and not in the classes"
    if thing == "column":
        _schema, table, column = what
        return f"The column {table}.{column.name} {missing}."
    named = what[0]
    if thing == "table":
        return f"The table {named.name} {missing}."
    thing = {"fk": "foreign key"}.get(thing, thing)
    return f"The {thing} {named.name or 'without a name'} of {named.table.name} {missing}."
