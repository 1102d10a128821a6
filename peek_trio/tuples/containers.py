"""Shapes of arrays and objects, made of the shapes of what they hold.

Where an element needs help neither to be written nor to be read, msgspec does the whole container alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from peek_trio.errors import TupleError
from peek_trio.tuples.shape import Shape, Step

__all__ = ["each", "each_value", "fixed_array", "mapping", "nullable", "sequence", "set_of"]


def each(step: Step, values: Iterable[Any]) -> list[Any]:
    """`step` of every value. A TupleError gets the index of the value that raised it."""
    done: list[Any] = []
    try:
        for value in values:
            done.append(step(value))
    except TupleError as error:
        raise error.within(f"[{len(done)}]") from None
    return done


def each_value(step: Step, values: Mapping[Any, Any]) -> dict[str, Any]:
    """`step` of every value of a mapping with string keys. A TupleError gets the key of the value that raised it."""
    done = {}
    for key, value in values.items():
        if not isinstance(key, str):
            raise TupleError(f"The keys of an object are strings, not {type(key).__name__}.")
        try:
            done[key] = step(value)
        except TupleError as error:
            raise error.within(f".{key}") from None
    return done


def nullable(inner: Shape) -> Shape:
    """What `inner` holds, or None."""

    def unless_none(step: Step) -> Step:
        return lambda value: None if value is None else step(value)

    return Shape(
        inner.wire if inner.wire is Any else inner.wire | None,
        inner.text + "?",
        inner.dump and unless_none(inner.dump),
        inner.load and unless_none(inner.load),
        inner.endless,
    )


def sequence(inner: Shape, kind: type[list[Any]] | type[tuple[Any, ...]]) -> Shape:
    """An array of any length; `kind` is what it is in Python."""
    wire: Any = list[inner.wire] if kind is list else tuple[inner.wire, ...]  # type: ignore[name-defined]
    dump, load = inner.dump, inner.load
    return Shape(
        wire,
        f"[{inner.text}]",
        dump and (lambda values: each(dump, values) if isinstance(values, list | tuple) else values),
        load and (lambda values: kind(each(load, values))),
        inner.endless,
    )


def fixed_array(inner: Sequence[Shape]) -> Shape:
    """An array of as many elements as there are shapes, a tuple in Python."""

    def stepwise(steps: Sequence[Step | None], values: Sequence[Any]) -> tuple[Any, ...]:
        numbered = iter(steps)
        return tuple(each(lambda value: value if (step := next(numbered)) is None else step(value), values))

    def dump(values: Any) -> Any:
        fits = isinstance(values, list | tuple) and len(values) == len(inner)
        return stepwise([shape.dump for shape in inner], values) if fits else values  # msgspec says what is wrong

    def load(values: Any) -> Any:
        return stepwise([shape.load for shape in inner], values)

    wires = tuple(shape.wire for shape in inner)
    return Shape(
        tuple[wires],  # type: ignore[valid-type]
        f"({','.join(shape.text for shape in inner)})",
        dump if any(shape.dump for shape in inner) else None,
        load if any(shape.load for shape in inner) else None,
        any(shape.endless for shape in inner),
    )


def set_of(inner: Shape, kind: type[set[Any]] | type[frozenset[Any]]) -> Shape:
    """An array, sorted, so that equal sets are equal text."""
    dump, load = inner.dump, inner.load

    def dump_sorted(values: Any) -> Any:
        if not isinstance(values, set | frozenset):
            raise TupleError(f"Expected a set, got {type(values).__name__}.")
        try:
            ordered = sorted(values)
        except TypeError:  # values of types that have no order
            ordered = sorted(values, key=msgspec.json.encode)
        return each(dump, ordered) if dump else ordered

    def load_set(values: Any) -> Any:
        return kind(each(load, values) if load else values)

    return Shape(list[inner.wire], f"[{inner.text}]", dump_sorted, load_set, inner.endless)  # type: ignore[name-defined]


def mapping(inner: Shape) -> Shape:
    """An object with any keys."""
    dump, load = inner.dump, inner.load
    return Shape(
        dict[str, inner.wire],  # type: ignore[name-defined]
        f"{{{inner.text}}}",
        dump and (lambda values: each_value(dump, values) if isinstance(values, Mapping) else values),
        load and (lambda values: each_value(load, values)),
        inner.endless,
    )
