"""What a strict reader or writer says about data that does not fit, turned into one sentence and a path.

msgspec says things like "Expected `int`, got `str` - at `$.rows[3].name`", cattrs notes the field on each of a group of errors; people
and peers get one TupleError.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec
from cattrs import ClassValidationError, ForbiddenExtraKeysError

from peek_trio.errors import TupleError

__all__ = [
    "FAULTS",
    "LARGEST_INT",
    "MISFITS",
    "NOT_FINITE",
    "TOO_LARGE",
    "expected",
    "misfit",
    "missing",
    "of_class",
    "refused",
]

LARGEST_INT = 2**53 - 1
"""The largest integer that every JSON reader, JavaScript's among them, takes as it is."""

TOO_LARGE = "Expected an integer within ±(2^53 − 1); a field declared BigInt may hold larger ones."
NOT_FINITE = "Expected a finite number."

FAULTS = (TupleError, msgspec.MsgspecError, OverflowError)
"""What is raised for one value at fault; whoever holds the value adds the step that leads to it."""

MISFITS = (*FAULTS, UnicodeError, RecursionError)
"""What is raised for data at fault. In that which nests too deep no step leads to the fault."""

_WHERE = re.compile(r" - at (?:`key` in )?`(\$.*)`$")
_MISSING = re.compile(r"Object missing required field `(.+)`")
_UNKNOWN = re.compile(r"Object contains unknown field `(.+)`")
_JSON_NAMES = {"NoneType": "null", "list": "array", "tuple": "array", "dict": "object"}


def misfit(error: Exception, *, root: str = "$") -> TupleError:
    """The TupleError for one of MISFITS. `root` is the path of the whole that was being read or written."""
    if isinstance(error, TupleError):
        return error
    if isinstance(error, UnicodeError):
        return TupleError("The text is not valid Unicode.", path=root)
    if isinstance(error, RecursionError):
        return TupleError("The data nests too deeply, or contains itself.", path=root)
    text = str(error)
    path = root
    if where := _WHERE.search(text):
        text = text[: where.start()]
        path = root + where.group(1).removeprefix("$")
    if absent := _MISSING.fullmatch(text):
        return missing().within(f"{path.removeprefix('$')}.{absent.group(1)}")
    if unknown := _UNKNOWN.fullmatch(text):
        return TupleError("There is no such field.", path=f"{path}.{unknown.group(1)}")
    return TupleError(_sentence(text), path=path)


def of_class(group: ClassValidationError) -> TupleError:
    """The TupleError for the first fault that cattrs found in an object.

    Raises what the class itself raised, when that is no complaint about its values.
    """
    in_fields, in_whole = group.group_exceptions()
    for error, note in in_fields:
        if isinstance(error, FAULTS):
            return misfit(error).within(f".{note.name}")
        if isinstance(error, KeyError):
            return missing().within(f".{note.name}")
        raise error
    error = in_whole[0]
    if isinstance(error, ForbiddenExtraKeysError):
        return TupleError("There is no such field.", path=f"$.{min(map(str, error.extra_fields))}")
    if isinstance(error, TypeError | ValueError):
        return refused(group.cl, error)
    raise error


def missing() -> TupleError:
    """The TupleError for a field that is not there."""
    return TupleError("This field is missing.")


def refused(cls: type, error: Exception) -> TupleError:
    """The TupleError for the complaint of a class about its values."""
    return TupleError(f"{cls.__name__} does not accept these values: {error}")


def expected(what: str, value: Any) -> TupleError:
    """The TupleError for a value of another type."""
    name = type(value).__name__
    return TupleError(f"Expected {what}, got {_JSON_NAMES.get(name, name)}.")


def _sentence(text: str) -> str:
    if str(LARGEST_INT) in text:
        return TOO_LARGE
    if "e+308" in text:
        return NOT_FINITE
    if "timezone" in text:
        return "Expected a datetime with an offset from UTC; this one has none."
    return text.replace("`", "").rstrip(".") + "."
