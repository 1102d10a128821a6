"""Plain JSON in Python's own types: what may stand where a type says `Any`, how deep it may nest, and how to walk through it.

The first fault ends a walk: a peer that sends a million of them gets one answer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from math import isfinite
from typing import Any

from peek_trio.errors import TupleError
from peek_trio.tuples.misfits import FAULTS, LARGEST_INT, NOT_FINITE, TOO_LARGE, misfit

__all__ = ["DEEPEST", "LARGEST_INT", "check_integers", "each", "each_value", "finite", "plain_json", "refuse_deep"]

DEEPEST = 64
"""Levels of arrays and objects in one JSON text."""

# A string that never ends is taken to the end of the data, and nothing is ever taken back: the time grows with the length only.
_BRACKETS = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[\[\]{}]', re.DOTALL)


def refuse_deep(data: bytes | memoryview, deepest: int = DEEPEST) -> None:
    """Raises TupleError when the JSON text `data` nests deeper than `deepest`. Brackets within strings do not count."""
    text = bytes(data)
    if text.count(b"[") + text.count(b"{") <= deepest:
        return
    level = 0
    for match in _BRACKETS.finditer(text):
        token = match.group()
        if token in b"[{":
            level += 1
            if level > deepest:
                raise TupleError(f"The data nests deeper than {deepest} levels.")
        elif token in b"]}":
            level -= 1


def each(step: Callable[[Any], Any], values: Iterable[Any]) -> list[Any]:
    """`step` of every value. A TupleError has the index of the value that raised it."""
    done: list[Any] = []
    try:
        for value in values:
            done.append(step(value))
    except FAULTS as error:
        raise misfit(error).within(f"[{len(done)}]") from None
    return done


def each_value(step: Callable[[Any], Any], values: Mapping[Any, Any]) -> dict[str, Any]:
    """`step` of every value of a mapping with string keys. A TupleError has the key of the value that raised it."""
    done = {}
    for key, value in values.items():
        if not isinstance(key, str):
            raise TupleError(f"The keys of an object are strings, not {type(key).__name__}.")
        try:
            done[key] = step(value)
        except FAULTS as error:
            raise misfit(error).within(f".{key}") from None
    return done


def check_integers(value: Any) -> Any:
    """`value`, decoded from JSON. Raises TupleError for an integer in it that other readers would round."""
    kind = type(value)
    if kind is int and not -LARGEST_INT <= value <= LARGEST_INT:
        raise TupleError(TOO_LARGE)
    if kind is list:
        return each(check_integers, value)
    if kind is dict:
        return each_value(check_integers, value)
    return value


def finite(value: float) -> float:
    """`value`, which must be neither NaN nor infinite."""
    if not isfinite(value):
        raise TupleError(NOT_FINITE)
    return value


def plain_json(value: Any, level: int = 0) -> Any:
    """`value` as plain JSON: a copy in which whole floats are integers, so that equal data has equal text in every language.

    Raises TupleError, with the path, for everything else: other types, keys that are no strings, NaN, infinity, integers beyond
    ±(2^53 − 1), and nesting deeper than 64 levels.
    """
    kind = type(value)
    if value is None or kind is str or kind is bool:
        return value
    if kind is int:
        return check_integers(value)
    if kind is float:
        return int(value) if finite(value).is_integer() and abs(value) <= LARGEST_INT else value
    if kind is not dict and kind is not list and kind is not tuple:
        raise TupleError(f"Expected plain JSON, got {kind.__name__}.")
    if level >= DEEPEST:
        raise TupleError(f"The data nests deeper than {DEEPEST} levels.")
    walk = each_value if kind is dict else each
    return walk(lambda item: plain_json(item, level + 1), value)
