"""Twins: a tuple class has one msgspec Struct for reading and one for writing, each with the fields of the class.

JSON is read into twins, in C, and each instance is built from its twin by the class's own constructor, so that its defaults, converters
and validators hold. Writing goes the other way, and is checked as strictly.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import starmap
from operator import attrgetter
from typing import Any, Union

import attrs
from msgspec import UNSET, UnsetType, defstruct
from msgspec.structs import astuple

from peek_trio.tuples.fields import TAG, FieldSpec, construction_of, declared_name, is_closed
from peek_trio.tuples.steps import Step, each, skipping, unchanged

__all__ = ["Place", "Twin", "Vet", "satisfied"]

Vet = Callable[[Iterable[Any]], None]
"""Looks at all values that stand in one place, together because that is cheap, and raises when one may not pass."""


def satisfied(_values: Iterable[Any]) -> None:
    """The vet for what msgspec checks by itself."""


@attrs.frozen(eq=False)
class Place:
    """How values of one annotation pass by msgspec, wherever they stand.

    To read one: msgspec reads the type `read`, and `finish` makes a value of it (`finish_all` of many). To write one: `vet` sees what
    msgspec cannot, msgspec converts it to the type `written` with every check, and `settle` makes what msgspec writes of that.
    """

    read: Any
    finish: Step = unchanged
    finish_all: Step = attrs.Factory(lambda self: each(self.finish), takes_self=True)
    vet: Vet = attrs.field(default=satisfied, kw_only=True)
    written: Any = attrs.field(default=Any, kw_only=True)
    settle: Step = attrs.field(default=unchanged, kw_only=True)


class Twin:
    """The twins of one class: `place` is how its instances pass.

    `places` are those of the fields that `specs` lists, in the same order; positional ones come first.
    """

    def __init__(self, cls: type, specs: Sequence[FieldSpec], places: Sequence[Place]) -> None:
        self._cls = cls
        self._specs = specs
        self._construct = construction_of(cls)
        self._positional = all(spec.positional for spec in specs)
        whole = self._positional and not any(spec.optional for spec in specs)
        self._make = self._construct if whole else self._make_of_present
        fields = list(zip(specs, places, strict=True))
        self._finishing = _steps((spec, place.finish) for spec, place in fields)
        self._settling = _steps((spec, place.settle) for spec, place in fields)
        self._vetting = [_vetted(spec, place.vet) for spec, place in fields if place.vet is not satisfied]
        # An object may say its type's name where it need not. Another name than this one does not fit.
        named: dict[str, Any] = {} if is_closed(cls) else {"tag_field": TAG, "tag": declared_name(cls)}
        reading = [_field(spec, place.read) for spec, place in fields]
        writing = [_field(spec, place.written) for spec, place in fields]
        self.place = Place(
            _struct(cls, reading, forbid_unknown_fields=is_closed(cls), **named),
            self._finish if self._finishing else self._build,
            each(self._finish) if self._finishing else self._build_all,
            vet=self._vet,
            written=_struct(cls, writing, omit_defaults=True),
            settle=self._settle if self._settling else unchanged,
        )

    def _build(self, twin: Any) -> object:
        return self._make(*astuple(twin))

    def _build_all(self, twins: Iterable[Any]) -> list[object]:
        return list(starmap(self._make, map(astuple, twins)))

    def _finish(self, twin: Any) -> object:
        for name, step in self._finishing:
            setattr(twin, name, step(getattr(twin, name)))
        return self._make(*astuple(twin))

    def _settle(self, twin: Any) -> Any:
        for name, step in self._settling:
            setattr(twin, name, step(getattr(twin, name)))
        return twin

    def _vet(self, instances: Iterable[object]) -> None:
        instances = list(instances)
        if set(map(type, instances)) - {self._cls}:
            raise TypeError(f"These are not all of {self._cls.__name__}.")
        for column, vet in self._vetting:
            vet(column(instances))

    def _make_of_present(self, *values: Any) -> object:
        if self._positional and UNSET not in values:
            return self._construct(*values)  # half the cost of named arguments
        present = zip(self._specs, values, strict=True)
        return self._construct(**{spec.argument: value for spec, value in present if value is not UNSET})


def _struct(cls: type, fields: Sequence[Any], **options: Any) -> type:
    # A twin is part of a tree and lives for one message: the garbage collector need not know of it.
    return defstruct(cls.__name__, fields, kw_only=True, gc=False, **options)


def _field(spec: FieldSpec, kind: Any) -> tuple[str, Any, Any] | tuple[str, Any]:
    if not spec.optional:
        return spec.name, kind
    if spec.filled:
        return spec.name, Union[kind, None], None  # noqa: UP007  # a type may be None itself
    return spec.name, Union[kind, UnsetType], UNSET  # noqa: UP007


def _steps(of: Iterable[tuple[FieldSpec, Step]]) -> list[tuple[str, Step]]:
    """The steps to take, by field; an object may lack some fields."""
    return [
        (spec.name, skipping(None if spec.filled else UNSET, step) if spec.optional else step)
        for spec, step in of
        if step is not unchanged
    ]


def _vetted(spec: FieldSpec, vet: Vet) -> tuple[Callable[[Iterable[object]], Iterable[Any]], Vet]:
    """What the field holds in many instances, and the vet for it."""
    value = attrgetter(spec.name)
    if spec.filled:
        return lambda instances: [found for found in map(value, instances) if found is not None], vet
    return lambda instances: map(value, instances), vet
