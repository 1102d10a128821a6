"""Plain JSON in Python's own types: what may stand where a type says `Any`, and how deep JSON may nest."""

from __future__ import annotations

import re
from math import isfinite
from typing import Any

from peek_trio.errors import TupleError

__all__ = ["DEEPEST", "LARGEST_INT", "check_integers", "plain_json", "refuse_deep"]

LARGEST_INT = 2**53 - 1
"""The largest integer that every JSON reader, JavaScript's among them, takes as it is."""

DEEPEST = 64
"""Levels of arrays and objects in one JSON text."""

# A string that never ends is taken to the end of the data, and nothing is ever taken back: the time grows with the length only.
_BRACKETS = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[\[\]{}]', re.DOTALL)

_TOO_LARGE = "Expected an integer within ±(2^53 − 1); a field declared BigInt may hold larger ones."


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


def check_integers(value: Any) -> Any:
    """`value`, decoded from JSON, as it is. Raises TupleError for an integer in it that other readers would round."""
    kind = type(value)
    if kind is int:
        if not -LARGEST_INT <= value <= LARGEST_INT:
            raise TupleError(_TOO_LARGE)
    elif kind is list:
        for index, item in enumerate(value):
            try:
                check_integers(item)
            except TupleError as error:
                raise error.within(f"[{index}]") from None
    elif kind is dict:
        for key, item in value.items():
            try:
                check_integers(item)
            except TupleError as error:
                raise error.within(f".{key}") from None
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
        if not isfinite(value):
            raise TupleError("Expected a finite number.")
        return check_integers(int(value)) if value.is_integer() and abs(value) <= LARGEST_INT else value
    if kind is not dict and kind is not list and kind is not tuple:
        raise TupleError(f"Expected plain JSON, got {kind.__name__}.")
    if level >= DEEPEST:
        raise TupleError(f"The data nests deeper than {DEEPEST} levels.")
    if kind is dict:
        return {_text_key(key): _step(f".{key}", item, level) for key, item in value.items()}
    return [_step(f"[{index}]", item, level) for index, item in enumerate(value)]


def _step(step: str, value: Any, level: int) -> Any:
    try:
        return plain_json(value, level + 1)
    except TupleError as error:
        raise error.within(step) from None


def _text_key(key: object) -> str:
    if not isinstance(key, str):
        raise TupleError(f"The keys of an object are strings, not {type(key).__name__}.")
    return key
