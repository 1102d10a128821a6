"""What a reader of a table asks for, checked against its columns and made into SQL."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapper
from sqlalchemy.sql.elements import ColumnElement

from peek_trio.errors import BadRequest, TupleError
from peek_trio.tuples import Codec

__all__ = ["MOST_ROWS", "TableQuery", "key_of"]

MOST_ROWS = 1000
"""Rows in one page."""


class TableQuery:
    """Sorted and filtered rows of one mapped class. Raises BadRequest, naming the column, for what does not fit."""

    def __init__(
        self, mapper: Mapper[Any], codec: Codec, sort: Sequence[tuple[str, str]], filter: Mapping[str, Any]
    ) -> None:
        self._mapper = mapper
        self._codec = codec
        self._conditions = [
            condition for name, wanted in filter.items() for condition in self._conditions_of(name, wanted)
        ]
        # The key comes last, so that pages do not overlap where all else is equal.
        self._order = [self._ordered(name, direction) for name, direction in sort] + [*mapper.primary_key]

    def count(self) -> sa.Select[int]:
        """How many rows match."""
        return sa.select(sa.func.count()).select_from(self._mapper.class_).where(*self._conditions)

    def page(self, offset: int, limit: int) -> sa.Select[Any]:
        """The matching rows from `offset` on."""
        if offset < 0 or not 1 <= limit <= MOST_ROWS:
            raise BadRequest(
                f"A page begins at 0 or later and has 1 to {MOST_ROWS} rows; asked for {limit} from {offset}."
            )
        return self.every().offset(offset).limit(limit)

    def every(self) -> sa.Select[Any]:
        """All matching rows."""
        return sa.select(self._mapper.class_).where(*self._conditions).order_by(*self._order)

    def _column(self, name: str) -> ColumnElement[Any]:
        if name not in self._mapper.column_attrs:
            known = ", ".join(sorted(attribute.key for attribute in self._mapper.column_attrs))
            raise BadRequest(f'{self._mapper.class_.__name__} has no column "{name}"; it has {known}.')
        column: ColumnElement[Any] = self._mapper.column_attrs[name].columns[0]
        return column

    def _ordered(self, name: str, direction: str) -> ColumnElement[Any]:
        if direction not in ("asc", "desc"):
            raise BadRequest(f'The column "{name}" can be sorted "asc" or "desc", not "{direction}".')
        column = self._column(name)
        return column.desc() if direction == "desc" else column.asc()

    def _conditions_of(self, name: str, wanted: Any) -> list[ColumnElement[bool]]:
        column = self._column(name)
        if not isinstance(wanted, Mapping):
            return [column.is_(None) if wanted is None else column == self._value(name, column, wanted)]
        conditions = []
        for comparison, operand in wanted.items():
            if comparison not in _COMPARISONS:
                raise BadRequest(
                    f'The column "{name}" cannot be filtered by "{comparison}"; there are {", ".join(_COMPARISONS)}.'
                )
            if comparison == "contains" and column.type.python_type is not str:
                raise BadRequest(f'The column "{name}" is no text and cannot be filtered by "contains".')
            conditions.append(_COMPARISONS[comparison](column, self._value(name, column, operand)))
        return conditions

    def _value(self, name: str, column: ColumnElement[Any], value: Any) -> Any:
        return _typed(self._codec, column, value, f'The filter of the column "{name}"')


_COMPARISONS: dict[str, Callable[[ColumnElement[Any], Any], ColumnElement[bool]]] = {
    "contains": lambda column, value: column.icontains(value, autoescape=True),
    "min": lambda column, value: column >= value,
    "max": lambda column, value: column <= value,
}


def key_of(mapper: Mapper[Any], codec: Codec, key: Any) -> list[Any]:
    """The values of a primary key as it came over the wire: one value, or a list when the key has several columns."""
    values = key if isinstance(key, list) else [key]
    if len(values) != len(mapper.primary_key):
        names = ", ".join(column.name for column in mapper.primary_key)
        raise BadRequest(f"The key of {mapper.class_.__name__} is {names}.")
    return [_typed(codec, column, value, "The key") for column, value in zip(mapper.primary_key, values, strict=True)]


def _typed(codec: Codec, column: ColumnElement[Any], value: Any, what: str) -> Any:
    try:
        return codec.from_builtins(value, column.type.python_type)
    except NotImplementedError:
        raise BadRequest(f"{what} cannot be used: values of its type have no order.") from None
    except TupleError as error:
        raise BadRequest(f"{what} does not fit: {error.message}") from None
