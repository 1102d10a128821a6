"""What msgspec reads and writes alone, it does, in C and with every check: primitives, and containers, unions, enums and literals of
them. These are its hooks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from math import isfinite
from typing import Any
from uuid import UUID

from msgspec import MsgspecError, convert, defstruct

from peek_trio.tuples.forms import Form, form_of
from peek_trio.tuples.instants import whole_minutes
from peek_trio.tuples.misfits import LARGEST_INT

__all__ = ["PRIMITIVES", "TEXTS", "Hook", "checker", "native_reader", "native_writer"]

Hook = Callable[..., Any]
"""A function of a value and, where cattrs calls it, of the value's type. It raises one of FAULTS for a value that does not fit."""

_NOT_TEXT = (bytes, datetime, date, UUID)  # while writing, a str where one of these belongs is a mistake


def native_reader(form: Form) -> Hook:
    """The hook that reads plain JSON of a form that msgspec knows."""
    quickly = _boxed(form.wire)

    def read(value: Any, _type: Any = None) -> Any:
        try:
            return quickly(value)
        except MsgspecError:
            return convert(value, form.wire)  # raises the same with the right path

    return read


def native_writer(form: Form) -> Hook:
    """The hook that checks a value of a form that msgspec knows, and makes it one that msgspec writes."""

    def write(value: Any) -> Any:
        checked = convert(value, form.wire, builtin_types=_NOT_TEXT)
        return whole_minutes(checked) if form.dated else checked

    return write


def checker(wire: Any) -> Hook:
    """The function that makes a value one of the type `wire`, which msgspec writes, taking attributes for fields."""
    return _boxed(wire, from_attributes=True, builtin_types=_NOT_TEXT)


def _boxed(wire: Any, **options: Any) -> Hook:
    # msgspec remembers what it has learnt of a Struct; any other type it studies anew each time, which takes longer than the conversion.
    box: Any = defstruct("Box", [("it", wire)], gc=False)
    return lambda value: convert({"it": value}, box, **options).it


def _strict(kind: type, fits: Callable[[Any], bool] | None = None) -> Hook:
    """A hook for a primitive type, quick where a value is of this very type and `fits`; msgspec has the say about all others."""
    by_msgspec = native_writer(form_of(kind))

    def hook(value: Any, _type: Any = None) -> Any:
        return value if type(value) is kind and (fits is None or fits(value)) else by_msgspec(value)

    return hook


PRIMITIVES: Mapping[Any, Hook] = {
    str: _strict(str),
    bool: _strict(bool),
    int: _strict(int, lambda value: -LARGEST_INT <= value <= LARGEST_INT),
    float: _strict(float, isfinite),
}
"""The hooks for what JSON has itself: reading is writing."""

TEXTS: Mapping[Any, Hook] = {
    bytes: _strict(bytes),
    datetime: native_writer(form_of(datetime)),
    date: _strict(date),
    UUID: _strict(UUID),
}
"""The hooks for writing what JSON has as text."""
