"""Values as a table of a statement: for thousands of keys to join with, where a list of parameters would be slow and at last too long.

Each column travels as one array, so the statement reads the same whatever the number of rows: it is compiled and planned once. PostgreSQL
joins with it as with any table.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.selectable import TableValuedAlias
from sqlalchemy.types import TypeEngine

__all__ = ["among", "values_table"]

ColumnType = TypeEngine[Any] | sa.ColumnElement[Any] | InstrumentedAttribute[Any]


def values_table(name: str, columns: Mapping[str, ColumnType], rows: Iterable[Sequence[Any]]) -> TableValuedAlias:
    """A table called `name` with `rows`, to select from and join with; `columns` has their names and types, in the order of the values.

    A type is one of SQLAlchemy's, or a column or mapped attribute that has it::

        wanted = values_table("wanted", {"meter": Reading.meter, "day": sa.Date()}, pairs)
        select(Reading).join(wanted, (Reading.meter == wanted.c.meter) & (Reading.day == wanted.c.day))
    """
    types = {column: _type_of(given) for column, given in columns.items()}
    lists: list[list[Any]] = [[] for _ in types]
    for row in rows:
        for values, value in zip(lists, row, strict=True):
            values.append(value)
    arrays = [
        sa.cast(sa.bindparam(None, values, type_=ARRAY(kind)), ARRAY(kind))
        for values, kind in zip(lists, types.values(), strict=True)
    ]
    table = sa.func.unnest(*arrays).table_valued(
        *(sa.column(column, kind) for column, kind in types.items()), name=name
    )
    return table.render_derived()


def among(column: sa.ColumnElement[Any] | InstrumentedAttribute[Any], values: Iterable[Any]) -> sa.ColumnElement[bool]:
    """The condition that `column` is one of `values`, however many: `select(Reading).where(among(Reading.meter, meters))`."""
    table = values_table("among_values", {"value": column}, ((value,) for value in values))
    return column.in_(sa.select(table.c.value))


def _type_of(given: ColumnType) -> TypeEngine[Any]:
    return given if isinstance(given, TypeEngine) else given.type
