"""The wire form of one type: what msgspec reads and writes, and what is left to do before and after."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any
from uuid import UUID

import attrs
import msgspec

__all__ = ["Shape", "Step", "to_wire_type"]

Step = Callable[[Any], Any]
"""A function from a value to a value that raises TupleError for one that does not fit."""

_NATIVE = (bytes, datetime, date, UUID)  # while writing, text where one of these belongs is a mistake


@attrs.frozen(eq=False)
class Shape:
    """The wire form of one type.

    `wire` is what msgspec reads and writes; `dump` makes a value ready for it and `load` makes a value of what it read, None where
    nothing is to be done. `text` describes the form, alike in every process. `endless` says that JSON of this form can nest without
    a limit of its own.
    """

    wire: Any
    text: str
    dump: Step | None = None
    load: Step | None = None
    endless: bool = False


def to_wire_type(value: Any, wire: Any) -> Any:
    """`value` as an instance of a wire type, checked: objects are read by their attributes, in C.

    Raises what `peek_trio.tuples.misfits.MISFITS` lists.
    """
    return msgspec.convert(value, wire, from_attributes=True, builtin_types=_NATIVE)
