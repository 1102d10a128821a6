"""What an observer asks for: a tuple type, and a JSON object that says which of its states.

Two selectors are equal when they ask for the same, whatever the order of their keys, so that equal askers share one answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs
import msgspec

from peek_trio.errors import TupleError
from peek_trio.tuples.declaration import tuple_name
from peek_trio.tuples.plain import plain_json

__all__ = ["TupleSelector"]

TupleClass = type[Any]  # within the class `type` is a field
_encode = msgspec.json.Encoder(order="deterministic").encode


@attrs.frozen(init=False, eq=False, repr=False)
class TupleSelector:
    """The address of a state: `type` is the name of a tuple type, `selector` a JSON object.

    `key` is the selector as canonical JSON (keys sorted); selectors are equal, and hash alike, when `type` and `key` are. The object
    is copied, so later changes to what was given do not matter. Raises TupleError for values that are not plain JSON.
    """

    type: str
    selector: Mapping[str, Any]
    key: str = attrs.field(init=False)

    def __init__(self, type: str, selector: Mapping[str, Any] | None = None) -> None:
        given = {} if selector is None else selector
        if not isinstance(given, Mapping):
            raise TupleError(f"A selector is an object, not a {given.__class__.__name__}.", path="$.selector")
        try:
            key = _encode(plain_json(dict(given)))
        except TupleError as error:
            raise error.within(".selector") from None
        object.__setattr__(self, "type", type)
        object.__setattr__(self, "selector", msgspec.json.decode(key))
        object.__setattr__(self, "key", key.decode())

    @classmethod
    def of(cls, tuple_class: TupleClass, /, **selector: Any) -> TupleSelector:
        """The selector for a tuple class: `TupleSelector.of(StringInt, group="a")`."""
        return cls(tuple_name(tuple_class), selector)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, TupleSelector):
            return NotImplemented
        return self.type == other.type and self.key == other.key

    def __hash__(self) -> int:
        return hash((self.type, self.key))

    def __repr__(self) -> str:
        return f"TupleSelector({self.type} {self.key})"
