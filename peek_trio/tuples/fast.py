"""The fast path: how values of an annotation pass by msgspec, with a step in Python only where msgspec does not know the type.

It takes what is right and nothing else, and for what is wrong it may raise what it likes: the plain way by cattrs has the last word then,
and tells what does not fit (`peek_trio.tuples.converter`). So the two can never disagree about a refusal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet
from datetime import datetime
from functools import lru_cache
from itertools import chain
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin

from msgspec import MsgspecError

from peek_trio.errors import TupleError
from peek_trio.tuples.converter import TupleConverter
from peek_trio.tuples.families import Families
from peek_trio.tuples.fields import fields_of, is_tuple_shaped
from peek_trio.tuples.forms import ARRAYS, OBJECTS, SETS, bare, form_of, inner_of, is_fixed_array
from peek_trio.tuples.instants import vet_instants
from peek_trio.tuples.steps import each, each_member, each_place, skipping, then
from peek_trio.tuples.travels import traveller, travels
from peek_trio.tuples.twins import Place, Twin, Vet, satisfied

__all__ = ["DOUBTS", "FastPaths"]

DOUBTS = (TupleError, MsgspecError, TypeError, ValueError, LookupError, ArithmeticError, AttributeError, RecursionError)
"""What may be raised on the fast path by a value that does not fit."""


class FastPaths:
    """Finds the place of every annotation. `plain` does what has to go by cattrs within it."""

    def __init__(self, plain: TupleConverter, families: Families) -> None:
        self._plain = plain
        self._families = families
        self._twin = lru_cache(maxsize=None)(self._make_twin)
        self.place = lru_cache(maxsize=None)(self._place)

    def has_twin(self, cls: Any) -> bool:
        """Whether `cls` is a class whose instances go this way."""
        return is_tuple_shaped(cls) and self._twin(cls) is not None

    def _place(self, annotation: Any) -> Place:
        form = form_of(annotation)
        if form.native and not form.dated:
            return Place(form.wire, written=form.wire)
        if annotation is datetime:
            return Place(form.wire, written=form.wire, vet=vet_instants)
        if (inside := bare(annotation)) is not annotation:
            return self.place(inside)
        if travels(annotation):
            _, way = traveller(annotation)
            inner = self.place(way.wire)
            return Place(inner.read, then(inner.finish, way.structure), settle=self._plain.writing(annotation))
        if is_tuple_shaped(annotation) and (twin := self._twin(annotation)):
            return twin.place
        origin = get_origin(annotation) or annotation
        if origin in (Union, UnionType) and len(get_args(annotation)) == 2 and NoneType in get_args(annotation):
            return self._optional_place(annotation)
        if origin in (*ARRAYS, *SETS, *OBJECTS):
            return self._container_place(annotation, origin)
        if form.native:
            return Place(form.wire, settle=self._plain.writing(annotation))
        return Place(Any, self._plain.reading(annotation), settle=self._plain.writing(annotation))

    def _optional_place(self, annotation: Any) -> Place:
        (kind,) = (argument for argument in get_args(annotation) if argument is not NoneType)
        inner = self.place(kind)
        return Place(
            Union[inner.read, None],  # noqa: UP007  # known at run time only
            skipping(None, inner.finish),
            vet=_vet(inner.vet, lambda values: [value for value in values if value is not None]),
            written=Union[inner.written, None],  # noqa: UP007
            settle=skipping(None, inner.settle),
        )

    def _container_place(self, annotation: Any, origin: Any) -> Place:
        if is_fixed_array(annotation):
            places = [self.place(argument) for argument in get_args(annotation)]
            read: Any = tuple.__class_getitem__(tuple(place.read for place in places))
            return Place(read, each_place([place.finish for place in places]), settle=self._plain.writing(annotation))
        inner = self.place(inner_of(annotation))
        if origin in SETS:
            kind = frozenset if origin is AbstractSet else origin
            return Place(list[inner.read], then(inner.finish_all, kind), settle=self._plain.writing(annotation))  # type: ignore[name-defined]
        if origin in OBJECTS:
            return Place(
                dict[str, inner.read],  # type: ignore[name-defined]
                each_member(inner.finish),
                vet=_vet(inner.vet, _all_members),
                written=dict[str, inner.written],  # type: ignore[name-defined]
                settle=each_member(inner.settle),
            )
        return Place(
            list[inner.read],  # type: ignore[name-defined]
            then(inner.finish_all, tuple) if origin is tuple else inner.finish_all,
            vet=_vet(inner.vet, _all_items),
            written=list[inner.written],  # type: ignore[name-defined]
            settle=each(inner.settle),
        )

    def _make_twin(self, cls: type) -> Twin | None:
        specs = sorted(fields_of(cls), key=lambda spec: not spec.positional)
        if self._families.has_heirs(cls) or any(cls in form_of(spec.annotation).classes for spec in specs):
            return None  # the object says which class it is of, or holds more of its kind: a Struct does neither
        return Twin(cls, specs, [self.place(spec.annotation) for spec in specs])


def _vet(vet: Vet, inside: Callable[[Iterable[Any]], Iterable[Any]]) -> Vet:
    """The vet for what holds values, given the one for the values `inside`."""
    return vet if vet is satisfied else lambda values: vet(inside(values))


def _all_items(arrays: Iterable[Any]) -> Iterable[Any]:
    arrays = list(arrays)
    if set(map(type, arrays)) - {list, tuple}:
        raise TypeError("These are not all arrays.")
    return chain.from_iterable(arrays)


def _all_members(objects: Iterable[Any]) -> Iterable[Any]:
    return chain.from_iterable(map(dict.values, objects))
