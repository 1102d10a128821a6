"""Twins: for every tuple class, a msgspec Struct with the same fields.

msgspec reads JSON straight into twins, refusing unknown, missing and mistyped fields with their path, all in C. The instance is then
built from its twin through the class's own constructor, so that its defaults, converters and validators hold. Writing goes the other
way, and is checked as strictly.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import UNSET, UnsetType

from peek_trio.errors import TupleError
from peek_trio.tuples.fields import FieldSpec, construction_of, fields_of
from peek_trio.tuples.shape import Shape, Step

if TYPE_CHECKING:
    from peek_trio.tuples.shapes import Shapes

__all__ = ["twin_shape"]


def twin_shape(cls: type, shapes: Shapes) -> Shape:
    """The shape of a tuple class. Raises TupleError, with the name of the field, when one of its types cannot travel."""
    specs = sorted(fields_of(cls), key=lambda spec: not spec.positional)
    twin = msgspec.defstruct(
        cls.__name__,
        [(spec.name, Any, None if spec.filled else UNSET) if spec.optional else (spec.name, Any) for spec in specs],
        kw_only=True,
        forbid_unknown_fields=True,
        omit_defaults=True,
        gc=False,  # a twin is part of a tree and lives for one message
    )
    # A field may lead back to the class itself: whoever meets it again meanwhile gets a shape that reads on through this one.
    shapes.begin(cls, Shape(twin, f"^{cls.__name__}", lambda it: dump(it), lambda it: load(it), endless=True))
    inner = [_field_shape(spec, shapes) for spec in specs]
    twin.__annotations__ = {spec.name: _field_wire(spec, shape) for spec, shape in zip(specs, inner, strict=True)}
    dump = _reader(specs, inner)
    load = _builder(cls, specs, inner)
    texts = (f"{spec.name}{'?' * spec.optional}:{shape.text}" for spec, shape in zip(specs, inner, strict=True))
    return Shape(
        twin,
        f"{cls.__name__}{{{','.join(sorted(texts))}}}",
        dump if any(shape.dump for shape in inner) else None,
        load,
        any(shape.endless for shape in inner),
    )


def _field_shape(spec: FieldSpec, shapes: Shapes) -> Shape:
    try:
        return shapes.of(spec.annotation)
    except TupleError as error:
        raise error.within(f".{spec.name}") from None


def _field_wire(spec: FieldSpec, shape: Shape) -> Any:
    if shape.wire is Any or not spec.optional:
        return shape.wire
    return shape.wire | (None if spec.filled else UnsetType)


def _reader(specs: Sequence[FieldSpec], inner: Sequence[Shape]) -> Step:
    """Reads an instance into a mapping for its twin, for classes with fields that msgspec cannot write alone."""

    def read(instance: Any) -> dict[str, Any]:
        values = {}
        for spec, shape in zip(specs, inner, strict=True):
            try:
                value = getattr(instance, spec.name)
                unstored = spec.filled and value is None
                values[spec.name] = shape.dump(value) if shape.dump and not unstored else value
            except TupleError as error:
                raise error.within(f".{spec.name}") from None
            except AttributeError:
                raise TupleError(f"{type(instance).__name__} has no such field.", path=f"$.{spec.name}") from None
        return values

    return read


def _builder(cls: type, specs: Sequence[FieldSpec], inner: Sequence[Shape]) -> Step:
    """Builds an instance from its twin."""
    construct = construction_of(cls)
    get = _getter([spec.name for spec in specs])
    loads = [(index, specs[index].name, shape.load) for index, shape in enumerate(inner) if shape.load is not None]
    positional = all(spec.positional for spec in specs)

    def build_simple(twin: Any) -> object:
        try:
            return construct(*get(twin))  # half the cost of named arguments
        except (TypeError, ValueError) as error:
            raise TupleError(f"{cls.__name__} does not accept these values: {error}") from error

    def build(twin: Any) -> object:
        values = list(get(twin))
        for index, name, load in loads:
            if not _absent(specs[index], values[index]):
                try:
                    values[index] = load(values[index])
                except TupleError as error:
                    raise error.within(f".{name}") from None
        try:
            if positional and UNSET not in values:
                return construct(*values)
            present = [pair for pair in zip(specs, values, strict=True) if not _absent(*pair)]
            return construct(**{spec.argument: value for spec, value in present})
        except (TypeError, ValueError) as error:
            raise TupleError(f"{cls.__name__} does not accept these values: {error}") from error

    return build_simple if positional and not loads and not any(spec.optional for spec in specs) else build


def _absent(spec: FieldSpec, value: Any) -> bool:
    return value is UNSET or (spec.filled and value is None)


def _getter(names: Sequence[str]) -> Callable[[Any], Sequence[Any]]:
    if len(names) > 1:
        return attrgetter(*names)
    return lambda twin: [getattr(twin, name) for name in names]
