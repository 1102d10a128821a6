"""How values of a Python type look on the wire: the one place that knows both.

An annotation is compiled, once, to a `Shape`: the type that msgspec reads and writes in C, strictly and with paths, and small functions
for the few types JSON has no room for. Classes get a twin (`peek_trio.tuples.twins`). What cannot travel is refused when it is
compiled, that is when its class is registered, not when it is sent.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from collections.abc import Sequence as AbstractSequence
from collections.abc import Set as AbstractSet
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from threading import RLock
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, NewType, Union, get_args, get_origin
from uuid import UUID

import msgspec
from msgspec import Meta

from peek_trio.errors import TupleError
from peek_trio.tuples import containers, scalars
from peek_trio.tuples.declaration import BigIntMark
from peek_trio.tuples.fields import is_tuple_shaped
from peek_trio.tuples.misfits import MISFITS, misfit
from peek_trio.tuples.plain import LARGEST_INT, check_integers
from peek_trio.tuples.shape import Shape, to_wire_type
from peek_trio.tuples.twins import twin_shape

__all__ = ["Shapes"]

_INT = Annotated[int, Meta(ge=-LARGEST_INT, le=LARGEST_INT)]
_FLOAT = Annotated[float, Meta(ge=-sys.float_info.max, le=sys.float_info.max)]  # comparing refuses NaN as well
_DATETIME = Annotated[datetime, Meta(tz=True)]

_SCALARS: Mapping[Any, Shape] = {
    None: Shape(None, "null"),
    NoneType: Shape(None, "null"),
    bool: Shape(bool, "bool"),
    str: Shape(str, "str"),
    int: Shape(_INT, "int"),
    float: Shape(_FLOAT, "float"),
    bytes: Shape(bytes, "bytes"),
    datetime: Shape(_DATETIME, "datetime"),
    date: Shape(date, "date"),
    UUID: Shape(UUID, "uuid"),
    Decimal: Shape(str, "decimal", scalars.dump_decimal, scalars.load_decimal),
}

_BIG_INT = Shape(str, "bigint", scalars.dump_big_int, scalars.load_big_int)


class Shapes:
    """Compiles annotations to shapes and remembers them. Safe to use from several threads."""

    def __init__(self) -> None:
        self._known: dict[Any, Shape] = {}
        self._begun: dict[Any, Shape] = {}
        self._level = 0
        self._lock = RLock()

    def of(self, annotation: Any) -> Shape:
        """The shape of an annotation. Raises TupleError, with the path of the field within a class, for what cannot travel."""
        try:
            known = self._known.get(annotation)
        except TypeError:
            raise TupleError(f"{annotation} cannot travel: it is not hashable.") from None
        if known is not None:
            return known
        with self._lock:
            return self._known.get(annotation) or self._begun.get(annotation) or self._complete(annotation)

    def begin(self, cls: type, shape: Shape) -> None:
        """Makes `shape` the answer for `cls` while its own fields are compiled."""
        self._begun[cls] = shape

    def forget(self) -> None:
        """Forgets everything, when classes were replaced."""
        with self._lock:
            self._known = {}

    def _complete(self, annotation: Any) -> Shape:
        self._level += 1
        try:
            shape = self._begun[annotation] = self._compile(annotation)
            if self._level == 1:  # before that, a class around this one is half done and no other thread may see it
                self._known = self._known | self._begun
            return shape
        finally:
            self._level -= 1
            if self._level == 0:
                self._begun.clear()

    def _compile(self, annotation: Any) -> Shape:
        if annotation is Any or annotation is object:
            return Shape(Any, "any", self._dump_any, check_integers, endless=True)
        if annotation in _SCALARS:
            return _SCALARS[annotation]
        if is_tuple_shaped(annotation):
            return twin_shape(annotation, self)
        if isinstance(annotation, type) and issubclass(annotation, Enum):
            values = sorted((member.value for member in annotation), key=repr)
            return _checked(Shape(annotation, f"enum{values!r}"), annotation)
        origin, arguments = get_origin(annotation), get_args(annotation)
        if origin is Annotated:
            marked = any(mark is BigIntMark or isinstance(mark, BigIntMark) for mark in arguments[1:])
            return _BIG_INT if marked else self.of(arguments[0])
        if isinstance(annotation, NewType):
            return self.of(annotation.__supertype__)
        if origin is Literal:
            if not all(value is None or type(value) in (str, int) for value in arguments):
                raise TupleError(f"{annotation} cannot travel; a Literal may hold strings, integers and None.")
            return _checked(Shape(annotation, f"enum{sorted(arguments, key=repr)!r}"), annotation)
        if origin is Union or origin is UnionType:
            return self._union(annotation, arguments)
        return self._container(annotation, origin or annotation, arguments)

    def _union(self, annotation: Any, arguments: tuple[Any, ...]) -> Shape:
        members = [self.of(argument) for argument in arguments if argument is not NoneType]
        if len(members) == 1:
            return containers.nullable(members[0]) if NoneType in arguments else members[0]
        if any(member.dump or member.load for member in members):
            raise TupleError(
                f"{annotation} cannot travel; only None, str, bool, int, float and types like them may share a union."
            )
        wires = [member.wire for member in members] + ([None] if NoneType in arguments else [])
        text = "|".join(sorted(self.of(argument).text for argument in arguments))
        return _checked(Shape(Union[tuple(wires)], text), annotation)  # noqa: UP007  # the members are known at run time only

    def _container(self, annotation: Any, origin: Any, arguments: tuple[Any, ...]) -> Shape:
        if origin in (list, AbstractSequence):
            inner = self.of(arguments[0] if arguments else Any)
            return containers.sequence(inner, list)
        if origin is tuple:
            if len(arguments) == 2 and arguments[1] is Ellipsis:
                return containers.sequence(self.of(arguments[0]), tuple)
            if arguments:
                return containers.fixed_array([self.of(argument) for argument in arguments])
            return containers.sequence(self.of(Any), tuple)
        if origin in (set, frozenset, AbstractSet):
            inner = self.of(arguments[0] if arguments else Any)
            return containers.set_of(inner, set if origin is set else frozenset)
        if origin in (dict, Mapping):
            if arguments and arguments[0] is not str:
                raise TupleError(
                    f"{annotation} cannot travel; the keys of an object on the wire are strings: dict[str, ...]."
                )
            return containers.mapping(self.of(arguments[1] if arguments else Any))
        name = getattr(annotation, "__qualname__", None) or str(annotation)
        raise TupleError(
            f"{name} cannot travel. Use str, bool, int, BigInt, float, Decimal, datetime, date, UUID, bytes, an enum, a Literal, a "
            "tuple class, or list, tuple, set, dict[str, ...] of these."
        )

    def _dump_any(self, value: Any) -> Any:
        """Whatever stands for Any: plain JSON, and within it every value whose class says how it travels."""
        kind = type(value)
        if kind is list or kind is tuple:
            return containers.each(self._dump_any, value)
        if kind is dict:
            return containers.each_value(self._dump_any, value)
        if kind is float:
            return scalars.finite(value)
        if value is None or kind in (str, bool, int):
            return check_integers(value)
        shape = self.of(kind)
        try:
            return to_wire_type(shape.dump(value) if shape.dump else value, shape.wire)
        except MISFITS as error:
            raise misfit(error) from None


def _checked(shape: Shape, annotation: Any) -> Shape:
    """`shape`, once msgspec has agreed that values of its wire type can be told apart."""
    try:
        msgspec.json.Decoder(shape.wire)
    except TypeError as error:
        name = getattr(annotation, "__qualname__", None) or str(annotation)
        raise TupleError(f"{name} cannot travel: {error}.") from None
    return shape
