"""Types that neither JSON nor msgspec know: they travel as a type that both know, by a pair of functions.

`TravelsAs` says so in an annotation, so that the plugin which writes the annotation owns it, and no two plugins have to agree on it.
Decimals and integers of any size travel this way themselves.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Annotated, Any, get_args, get_origin

import attrs

from peek_trio.errors import TupleError

__all__ = ["BigInt", "TravelsAs", "traveller", "travels"]

_DECIMAL = re.compile(
    r"-?+[0-9]{1,500}+(?:\.[0-9]{1,500}+)?+(?:[eE][+-]?+[0-9]{1,4}+)?+"
)  # nothing is taken back: it is quicker
_BIG_INT = re.compile(r"-?[0-9]{1,1000}")  # Python itself refuses to read integers of more than 4300 digits


@attrs.frozen(eq=False)
class TravelsAs:
    """Marks an annotation whose values travel as values of another: the pair of hooks that makes one of the other.

        Address = Annotated[IPv4Address, TravelsAs(str, unstructure=str, structure=IPv4Address)]

    `wire` is the annotation of what travels, checked as strictly as everywhere. `structure` makes a value of what arrived. A TypeError,
    ValueError, LookupError or ArithmeticError of either function becomes a TupleError with the path. `name` stands for the type in schema
    hashes, by default `wire` does: give one, and another one whenever the meaning of what travels changes.
    """

    wire: Any
    unstructure: Callable[[Any], Any] = attrs.field(kw_only=True)
    structure: Callable[[Any], Any] = attrs.field(kw_only=True)
    name: str = attrs.field(default="", kw_only=True)


def travels(annotation: Any) -> bool:
    """Whether a TravelsAs says how values of an annotation travel."""
    return annotation is Decimal or (
        get_origin(annotation) is Annotated and any(isinstance(mark, TravelsAs) for mark in get_args(annotation))
    )


def traveller(annotation: Any) -> tuple[Any, TravelsAs]:
    """The type of such values, and how they travel."""
    if annotation is Decimal:
        return Decimal, _AS_DECIMAL
    kind, *marks = get_args(annotation)
    return kind, next(mark for mark in marks if isinstance(mark, TravelsAs))


def _dump_decimal(value: Decimal) -> str:
    if not value.is_finite():
        raise TupleError(f"Expected a finite Decimal, got {value!r}.")
    return str(value)


def _load_decimal(text: str) -> Decimal:
    if not _DECIMAL.fullmatch(text):
        raise TupleError('Expected a decimal number as a string, like "12.50".')
    return Decimal(text)


def _dump_big_int(value: int) -> str:
    if isinstance(value, bool):
        raise TupleError("Expected an int, got bool.")
    if abs(value) >= 10**1000:
        raise TupleError("Expected an integer of at most 1000 digits.")
    return str(value)


def _load_big_int(text: str) -> int:
    if not _BIG_INT.fullmatch(text):
        raise TupleError('Expected an integer as a string, like "9007199254740993".')
    return int(text)


_AS_DECIMAL = TravelsAs(str, unstructure=_dump_decimal, structure=_load_decimal, name="decimal")

BigInt = Annotated[int, TravelsAs(str, unstructure=_dump_big_int, structure=_load_big_int, name="bigint")]
"""An integer of any size, up to 1000 digits. It travels as a string, because JavaScript's numbers end at 2^53 − 1."""
