"""Scalars that JSON has no room for and that travel as text: decimals and integers of any size."""

from __future__ import annotations

import re
from decimal import Decimal
from math import isfinite
from typing import Any

from peek_trio.errors import TupleError

__all__ = ["dump_big_int", "dump_decimal", "finite", "load_big_int", "load_decimal"]

_DECIMAL = re.compile(r"-?[0-9]{1,500}(\.[0-9]{1,500})?([eE][+-]?[0-9]{1,4})?")
_BIG_INT = re.compile(r"-?[0-9]{1,1000}")  # Python itself refuses to read integers of more than 4300 digits


def dump_decimal(value: Any) -> str:
    """A finite Decimal as text."""
    if not isinstance(value, Decimal) or not value.is_finite():
        raise TupleError(f"Expected a finite Decimal, got {_name(value)}.")
    return str(value)


def load_decimal(text: str) -> Decimal:
    """The Decimal that `dump_decimal` wrote."""
    if not _DECIMAL.fullmatch(text):
        raise TupleError('Expected a decimal number as a string, like "12.50".')
    return Decimal(text)


def dump_big_int(value: Any) -> str:
    """An integer of at most 1000 digits as text."""
    if type(value) is not int:
        raise TupleError(f"Expected an int, got {_name(value)}.")
    if abs(value) >= 10**1000:
        raise TupleError("Expected an integer of at most 1000 digits.")
    return str(value)


def load_big_int(text: str) -> int:
    """The integer that `dump_big_int` wrote."""
    if not _BIG_INT.fullmatch(text):
        raise TupleError('Expected an integer as a string, like "9007199254740993".')
    return int(text)


def finite(value: float) -> float:
    """`value`, which must be neither NaN nor infinite."""
    if not isfinite(value):
        raise TupleError("Expected a finite number.")
    return value


def _name(value: Any) -> str:
    return repr(value) if isinstance(value, Decimal) else type(value).__name__
