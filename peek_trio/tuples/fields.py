"""Which data a tuple class holds, whatever made it a class: attrs, dataclasses or SQLAlchemy.

Of a mapped class only the columns count; relationships and computed properties stay at home. SQLAlchemy itself is not imported here:
a mapped class brings its mapper along, and an agent has no database.
"""

from __future__ import annotations

import dataclasses
import functools
import sys
import typing
from collections.abc import Callable, Sequence
from typing import Any

import attrs

from peek_trio.errors import TupleError

__all__ = [
    "TAG",
    "Construction",
    "FieldSpec",
    "construction_of",
    "declared_name",
    "fields_of",
    "is_closed",
    "is_tuple_shaped",
]

TAG = "_t"
"""The key under which an object carries the name of its type where its place does not say it. No field has this name."""


@attrs.frozen
class FieldSpec:
    """One field of a tuple class.

    `name` is the attribute and the key on the wire, `annotation` its resolved type, `optional` whether an incoming object may lack it.
    `filled` is true for columns that the database fills in: they are None in a row that was never stored. `argument` is the name of
    the constructor's parameter, `positional` whether it may be given without that name.
    """

    name: str
    annotation: Any
    optional: bool = False
    filled: bool = False
    argument: str = ""
    positional: bool = False


Construction = Callable[..., object]
"""Makes an instance: positional fields in order, then the others by the name of their argument."""


def is_mapped(cls: type) -> bool:
    """Whether `cls` is a SQLAlchemy mapped class."""
    return hasattr(cls, "__mapper__")


def is_tuple_shaped(cls: Any) -> bool:
    """Whether `cls` is a class whose fields this module can list."""
    return isinstance(cls, type) and (is_mapped(cls) or attrs.has(cls) or dataclasses.is_dataclass(cls))


def declared_name(cls: type) -> str:
    """The name by which `@tuple_type` lets instances of this very class travel; "" when it has none, as its subclasses have not."""
    return str(vars(cls).get("__peek_tuple__", ""))


def is_closed(cls: type) -> bool:
    """Whether an object with a field that `cls` does not have is refused rather than read without it.

    The class says so with `__peek_closed__ = True`. Data outlives its declaration and is open; a request is closed, for whoever gives
    it more than it takes expects something that will not happen.
    """
    return bool(getattr(cls, "__peek_closed__", False))


def fields_of(cls: type) -> Sequence[FieldSpec]:
    """The fields of a tuple class, in the order of their declaration.

    Fields that the constructor does not take (`init=False`) are no data and are left out. Raises TupleError when an annotation names
    something that does not exist.
    """
    if is_mapped(cls):
        return _mapped_fields(cls)
    hints = _hints(cls)
    if attrs.has(cls):
        return [
            FieldSpec(
                field.name,
                hints.get(field.name, Any),
                optional=field.default is not attrs.NOTHING,
                argument=field.alias or field.name,
                positional=not field.kw_only,
            )
            for field in attrs.fields(cls)
            if field.init
        ]
    return [
        FieldSpec(
            field.name,
            hints[field.name],
            optional=field.default is not dataclasses.MISSING or field.default_factory is not dataclasses.MISSING,
            argument=field.name,
            positional=not field.kw_only,
        )
        for field in dataclasses.fields(cls)
        if field.init
    ]


def construction_of(cls: type) -> Construction:
    """What makes instances of `cls` out of field values.

    A mapped instance is made as SQLAlchemy makes one it has loaded, without `__init__`, so that it is transient and holds what was sent.
    """
    if not is_mapped(cls):
        return cls
    new_instance = cls.__mapper__.class_manager.new_instance  # type: ignore[attr-defined]
    filled = {spec.name for spec in fields_of(cls) if spec.filled}

    def make(**values: object) -> object:
        instance = new_instance()
        for name, value in values.items():
            if value is not None or name not in filled:
                setattr(instance, name, value)
        return typing.cast(object, instance)

    return functools.update_wrapper(make, cls, updated=())


def _hints(cls: type) -> dict[str, Any]:
    try:
        return typing.get_type_hints(cls, include_extras=True)
    except NameError as error:
        raise TupleError(
            f"{cls.__qualname__} has an annotation that names something unknown ({error}). Import it at the top of "
            f"{cls.__module__}, not under TYPE_CHECKING."
        ) from None


def _mapped_fields(cls: Any) -> Sequence[FieldSpec]:
    specs = []
    for attribute in cls.__mapper__.column_attrs:
        column = attribute.columns[0]
        table = getattr(column, "table", None)
        if table is None:
            continue  # a property computed by SQL
        filled = (
            column.default is not None
            or column.server_default is not None
            or column is getattr(table, "autoincrement_column", None)
        )
        annotation = _mapped_annotation(cls, attribute.key, column)
        specs.append(
            FieldSpec(
                attribute.key, annotation, optional=filled, filled=filled, argument=attribute.key, positional=False
            )
        )
    return specs


def _mapped_annotation(cls: type, name: str, column: Any) -> Any:
    """What the class says between the brackets of `Mapped[...]`, or else what the column's SQL type is in Python."""
    for base in cls.__mro__:
        declared = vars(base).get("__annotations__", {}).get(name)
        if declared is None:
            continue
        try:
            # This one annotation alone: those of relationships may name classes that exist for type checkers only.
            declared = _resolved(declared, base.__module__)
        except NameError as error:
            raise TupleError(
                f"The annotation of {cls.__qualname__}.{name} names something unknown ({error}). Import it at the top of "
                f"{base.__module__}, not under TYPE_CHECKING."
            ) from None
        if getattr(typing.get_origin(declared), "__name__", "") == "Mapped":
            return typing.get_args(declared)[0]
        return declared
    try:
        python_type = column.type.python_type
    except NotImplementedError:
        raise TupleError(
            f"The column {cls.__qualname__}.{name} has a SQL type without a Python type; declare it as Mapped[...]."
        ) from None
    return python_type | None if column.nullable else python_type


def _resolved(annotation: Any, module: str) -> Any:
    holder = type("holder", (), {"__annotations__": {"it": annotation}})
    names = vars(sys.modules[module]) if module in sys.modules else {}
    return typing.get_type_hints(holder, globalns=names, include_extras=True)["it"]
