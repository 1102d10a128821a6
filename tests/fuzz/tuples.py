"""A tuple class with a field of everything that may be in one."""

from __future__ import annotations

import enum
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

import attrs

from peek_trio.tuples import BigInt, TupleRegistry, tuple_type

__all__ = ["EVERYTHING", "Everything", "Flat", "registry"]


class Colour(enum.Enum):
    RED = "red"
    GREEN = "green"


@tuple_type("fuzz.Inner")
@attrs.frozen
class Inner:
    name: str
    values: list[float] = attrs.field(factory=list)


@tuple_type("fuzz.Flat")
@attrs.frozen
class Flat:
    """Takes the shortest way through the codec."""

    id: int
    name: str
    at: datetime
    value: float | None = None


@tuple_type("fuzz.Everything")
@attrs.frozen
class Everything:
    """Takes the long one."""

    name: str
    number: int = 0
    real: float = 0.5
    flag: bool = False
    big: BigInt = 0
    amount: Decimal = Decimal("1.50")
    at: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    day: date = date(2026, 1, 1)
    id: UUID | None = None
    data: bytes = b"\0\xff"
    colour: Colour = Colour.RED
    way: Literal["in", "out"] = "in"
    inner: Inner | None = None
    inners: list[Inner] = attrs.field(factory=list)
    by_name: dict[str, int] = attrs.field(factory=dict)
    tags: set[str] = attrs.field(factory=set)
    pair: tuple[int, str] = (1, "one")
    anything: Any = None


EVERYTHING = [
    Everything("one"),
    Everything(
        "two",
        2**53 - 1,
        1e300,
        True,
        10**40,
        id=UUID(int=5),
        inner=Inner("in", [1.5, 2.0]),
        inners=[Inner("a"), Inner("b", [0.0])],
        by_name={"x": 1, "": 2},
        tags={"a", "b"},
        anything={"deep": [1, None, {"er": True}]},
    ),
    Flat(1, "é\0\U0001f600", datetime(2026, 1, 1, tzinfo=UTC), 0.25),
    Flat(2, "", datetime(1, 1, 1, tzinfo=UTC)),
    Inner("alone"),
]


def registry() -> TupleRegistry:
    """A registry that knows them."""
    made = TupleRegistry()
    for cls in (Inner, Flat, Everything):
        made.add(cls, owner="fuzz")
    return made
