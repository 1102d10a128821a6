"""Tables that other programs write to as well: triggers tell the change feed of it, as a commit of ours tells of itself.

A table says so by `info={"foreign_writers": True}`. Connections of the platform carry a mark, by which the trigger leaves alone what
announces itself.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

import psycopg
import sqlalchemy as sa
from psycopg import sql
from sqlalchemy.orm import Session

from peek_trio.storage.changes import CHANNEL

__all__ = ["foreign_tables", "keep_triggers", "mark_as_ours"]

_TRIGGER = "peek_tell_of_change"
_LONGEST_WAIT = "10s"  # for writers of the table, whom a new trigger has to wait for

_FUNCTION = """
create or replace function {function}() returns trigger language plpgsql as $body$
begin
    if current_setting('peek.writer', true) is distinct from 'platform' then
        perform pg_notify({channel}, json_build_object(
            'origin', '', 'tables', json_build_array(tg_table_schema || '.' || tg_table_name))::text);
    end if;
    return null;
end
$body$
"""
_CREATE = """
create trigger {trigger} after insert or update or delete or truncate on {table}
for each statement execute function {function}()
"""
_THERE = """
select cls.relname::text from pg_trigger trigger join pg_class cls on cls.oid = trigger.tgrelid
where trigger.tgname = %s and cls.relnamespace = to_regnamespace(%s)
"""


def mark_as_ours(connection: psycopg.Connection[Any], *_: object) -> None:
    """Marks a new connection as one of the platform."""
    connection.pgconn.exec_(b"set peek.writer to 'platform'")


def foreign_tables(tables: Iterable[sa.Table], schema: str) -> set[str]:
    """The names of those of `schema` that say they have foreign writers."""
    return {table.name for table in tables if table.schema == schema and table.info.get("foreign_writers")}


def keep_triggers(session: Session, schema: str, wanted: Collection[str]) -> tuple[set[str], set[str]]:
    """Gives the `wanted` tables of `schema` the trigger if they lack it, and takes it from all others; returns whom it gave and took it.

    Changes nothing when all is as it should be. Two that do it at the same time wait for each other.
    """
    driver = session.connection().connection.driver_connection
    assert isinstance(driver, psycopg.Connection)
    driver.execute("select pg_advisory_xact_lock(hashtext(%s))", (f"{_TRIGGER} {schema}",))
    there = {name for (name,) in driver.execute(_THERE, (_TRIGGER, schema))}
    given, taken = set(wanted) - there, there - set(wanted)
    if not given and not taken:
        return given, taken
    trigger, function = sql.Identifier(_TRIGGER), sql.Identifier(schema, _TRIGGER)
    driver.execute(f"set local lock_timeout = '{_LONGEST_WAIT}'".encode())
    if given:
        driver.execute(sql.SQL(_FUNCTION).format(function=function, channel=sql.Literal(CHANNEL)))
    for name in sorted(given):
        table = sql.Identifier(schema, name)
        driver.execute(sql.SQL(_CREATE).format(trigger=trigger, table=table, function=function))
    for name in sorted(taken):
        driver.execute(sql.SQL("drop trigger {} on {}").format(trigger, sql.Identifier(schema, name)))
    if not wanted:
        driver.execute(sql.SQL("drop function {}()").format(function))
    return given, taken
