"""Many rows at once, by PostgreSQL's binary COPY: some twenty times as quick as through the ORM.

It is part of the unit of work: what it writes is committed and rolled back with the rest, and announced. Values go as psycopg encodes
them for the type of their column; a table with a column that has no binary form is copied as text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from operator import attrgetter, itemgetter
from typing import Any

import psycopg
import sqlalchemy as sa
from psycopg import pq, sql
from psycopg.postgres import types as driver_types
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Mapper, Session

from peek_trio.errors import StorageError
from peek_trio.storage.unit_of_work import driver_of, notes_of

__all__ = ["bulk_insert"]

Values = Sequence[Any]
Column = sa.Column[Any]

_TYPES = (
    "select attname::text, atttypid from pg_attribute where attrelid = %s::regclass and attnum > 0 and not attisdropped"
)
_USUALLY_TEXT = {
    driver_types["inet"].oid,
    driver_types["cidr"].oid,
}  # in binary, psycopg takes objects of ipaddress only
_MISFITS = (TypeError, ValueError, AttributeError, OverflowError, KeyError)


def bulk_insert(
    session: Session, table: type | sa.Table, rows: Iterable[Any], *, columns: Sequence[str] | None = None
) -> int:
    """Inserts `rows` into the table (or that of a mapped class) and returns how many there were. They are taken one by one.

    Rows are all tuples (a value for each of `columns`, or for every column in its order), all dicts by column name, or all objects of
    the mapped class. All have the columns of the first; those that it lacks, or which are None in it and have a default in the database
    (an autoincrement id), get that default. Defaults that SQLAlchemy would fill in are not: a column that has one must be given.

    Objects stay outside of the session. Raises SQLAlchemy's IntegrityError and DataError as any insert, and StorageError for rows or
    columns that do not fit the table; the transaction is spoilt after each of them.
    """
    target = sa.inspect(table).local_table if isinstance(table, type) else table
    assert isinstance(target, sa.Table)
    iterator = iter(rows)
    first = next(iterator, None)
    if first is None:
        return 0
    session.flush()  # what these rows refer to may still be waiting there
    chosen, values_of = _shape(table, target, first, columns)
    notes = notes_of(session)
    notes.statement_begins()
    notes.writes_to(target)
    given: Iterator[Values] = chain([first], iterator)
    if values_of is not None:
        given = map(values_of, given)
    connection = session.connection()
    name = f"COPY {target.fullname}"
    try:
        count = _copy(driver_of(connection), target, chosen, _processed(given, chosen, connection.dialect))
    except psycopg.Error as error:
        raise DBAPIError.instance(name, None, error, psycopg.Error, hide_parameters=True) from error
    notes.statement_ends(name)
    return count


def _copy(driver: psycopg.Connection[Any], target: sa.Table, chosen: Sequence[Column], rows: Iterator[Values]) -> int:
    name = sql.Identifier(*(part for part in (target.schema, target.name) if part))
    types = dict(driver.execute(_TYPES, (name.as_string(driver),)).fetchall())
    oids = [types[column.name] for column in chosen if column.name in types]
    if len(oids) != len(chosen):
        missing = ", ".join(column.name for column in chosen if column.name not in types)
        raise StorageError(
            f"{target.fullname} has no column {missing} in the database; its revisions do not make what its class says."
        )
    binary = all(_has_binary_form(driver, oid) for oid in oids)
    command = sql.SQL("COPY {} ({}) FROM STDIN{}").format(
        name,
        sql.SQL(", ").join(sql.Identifier(column.name) for column in chosen),
        sql.SQL(" (FORMAT BINARY)" if binary else ""),
    )
    count = 0
    with driver.cursor() as cursor, cursor.copy(command) as copy:
        if binary:
            copy.set_types(oids)
        write = copy.write_row
        try:
            for row in rows:
                write(row)
                count += 1
        except _MISFITS as error:
            raise psycopg.DataError(
                f"Row {count + 1} does not fit {target.fullname}: {type(error).__name__}: {error}"
            ) from error
    return count


def _has_binary_form(driver: psycopg.Connection[Any], oid: int) -> bool:
    if oid in _USUALLY_TEXT:
        return False
    try:
        driver.adapters.get_dumper_by_oid(oid, pq.Format.BINARY)
    except psycopg.ProgrammingError:
        return False
    return True


def _processed(rows: Iterator[Values], chosen: Sequence[Column], dialect: sa.Dialect) -> Iterator[Values]:
    """The rows as the driver wants them, where SQLAlchemy's types do more than name a type of the database (enums, type decorators)."""
    processors = [column.type.dialect_impl(dialect).bind_processor(dialect) for column in chosen]
    if not any(processors):
        return rows
    return (
        tuple(
            value if process is None or value is None else process(value)
            for process, value in zip(processors, row, strict=True)
        )
        for row in rows
    )


def _shape(
    table: type | sa.Table, target: sa.Table, first: Any, columns: Sequence[str] | None
) -> tuple[list[Column], Callable[[Any], Values] | None]:
    """The columns to be written, and what makes the values of a row; None when a row is its values."""
    if isinstance(first, Mapping):
        names = list(columns or first)
        chosen = _columns(target, names)
        return chosen, _from_dict(names, exactly=columns is None)
    if isinstance(first, tuple | list):
        return _columns(target, columns or [column.name for column in target.columns]), None
    if not isinstance(table, type) or not isinstance(first, table):
        raise StorageError(
            f"Rows for {target.fullname} are tuples, dicts or objects of its class, not {type(first).__name__}."
        )
    mapper: Mapper[Any] = sa.inspect(table)
    keys = {attribute.columns[0].name: attribute.key for attribute in mapper.column_attrs}
    left_out = (
        []
        if columns
        else [column.name for column in target.columns if _left_to_database(column, getattr(first, keys[column.name]))]
    )
    names = list(columns or (name for name in keys if name not in left_out))
    chosen = _columns(target, names)
    return chosen, _from_object([keys[column.name] for column in chosen], [keys[name] for name in left_out])


def _columns(target: sa.Table, names: Sequence[str]) -> list[Column]:
    known = {column.name: column for column in target.columns}
    if unknown := [name for name in names if name not in known]:
        raise StorageError(f"{target.fullname} has no column {', '.join(unknown)}; it has {', '.join(known)}.")
    for column in target.columns:
        if column.name not in names and column.default is not None:
            raise StorageError(
                f"{target.fullname}.{column.name} has a default that only SQLAlchemy fills in. Give its values, or use server_default."
            )
    return [known[name] for name in names]


def _left_to_database(column: Column, value: object) -> bool:
    """Whether a column without a value is somebody else's to fill: the database's, or SQLAlchemy's, which `_columns` refuses."""
    filled = column.server_default is not None or column.identity is not None or column.default is not None
    return value is None and (filled or column is column.table.autoincrement_column)


def _from_dict(names: list[str], *, exactly: bool) -> Callable[[Mapping[str, Any]], Values]:
    get: Callable[[Any], Any] = itemgetter(*names)
    single, count = len(names) == 1, len(names)
    if not single and not exactly:
        return get

    def values(row: Mapping[str, Any]) -> Values:
        if exactly and len(row) != count:
            raise KeyError(f"it has other columns than the first row: {', '.join(map(str, row))}")
        return (get(row),) if single else get(row)

    return values


def _from_object(keys: list[str], left_out: list[str]) -> Callable[[Any], Values]:
    get: Callable[[Any], Any] = attrgetter(*keys)
    given: Callable[[Any], Any] = attrgetter(*left_out) if left_out else lambda row: None
    nothing: Any = (None,) * len(left_out) if len(left_out) > 1 else None
    single = len(keys) == 1
    if not single and not left_out:
        return get

    def values(row: Any) -> Values:
        if given(row) != nothing:
            raise ValueError(f"it has a value for {' or '.join(left_out)}, which the first row left to the database")
        return (get(row),) if single else get(row)

    return values
