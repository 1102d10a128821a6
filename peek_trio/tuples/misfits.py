"""What a strict reader or writer says about data that does not fit, turned into one sentence and a path.

msgspec does the checking and says things like "Expected `int`, got `str` - at `$.rows[3].name`"; people and peers get a TupleError.
"""

from __future__ import annotations

import re

import msgspec

from peek_trio.errors import TupleError
from peek_trio.tuples.plain import LARGEST_INT

__all__ = ["MISFITS", "misfit"]

MISFITS = (msgspec.MsgspecError, UnicodeError, RecursionError, OverflowError)
"""What msgspec raises for data at fault."""

_WHERE = re.compile(r" - at (?:`key` in )?`(\$.*)`$")
_MISSING = re.compile(r"Object missing required field `(.+)`")
_UNKNOWN = re.compile(r"Object contains unknown field `(.+)`")


def misfit(error: Exception, *, root: str = "$") -> TupleError:
    """The TupleError for one of MISFITS. `root` is the path of the whole that was being read or written."""
    if isinstance(error, UnicodeError):
        return TupleError("The text is not valid Unicode.", path=root)
    if isinstance(error, RecursionError):
        return TupleError("The data nests too deeply, or contains itself.", path=root)
    text = str(error)
    path = root
    if where := _WHERE.search(text):
        text = text[: where.start()]
        path = root + where.group(1).removeprefix("$")
    if missing := _MISSING.fullmatch(text):
        return TupleError("This field is missing.", path=f"{path}.{missing.group(1)}")
    if unknown := _UNKNOWN.fullmatch(text):
        return TupleError("There is no such field.", path=f"{path}.{unknown.group(1)}")
    return TupleError(_sentence(text), path=path)


def _sentence(text: str) -> str:
    if str(LARGEST_INT) in text:
        return "Expected an integer within ±(2^53 − 1); a field declared BigInt may hold larger ones."
    if "e+308" in text:
        return "Expected a finite number."
    if "timezone" in text:
        return "Expected a datetime with an offset from UTC; this one has none."
    return text.replace("`", "").rstrip(".") + "."
