"""Tuple classes that hold everything a field may hold, and hypothesis strategies for their values."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum
from typing import Any, Literal
from uuid import UUID

import attrs
from hypothesis import strategies as st

from peek_trio.tuples import BigInt, tuple_type

__all__ = ["Everything", "Kind", "Node", "Reading", "everything", "nodes", "readings"]


class Kind(Enum):
    PUMP = "pump"
    VALVE = "valve"


@tuple_type("x.Reading")
@attrs.define
class Reading:
    id: int
    name: str
    value: float
    at: datetime


@tuple_type("x.Node")
@attrs.define
class Node:
    """Contains itself."""

    name: str
    children: list[Node] = attrs.Factory(list)
    twin: Node | None = None


@tuple_type("x.Everything")
@attrs.frozen(kw_only=True)
class Everything:
    text: str
    flag: bool
    number: int
    ratio: float
    big: BigInt
    price: Decimal
    at: datetime
    day: date
    key: UUID
    raw: bytes
    kind: Kind
    mode: Literal["on", "off", 3, None]
    maybe: str | None
    mixed: int | str | bool | None
    names: list[str]
    pair: tuple[int, Decimal]
    many: tuple[Decimal, ...]
    tags: set[str]
    codes: frozenset[int]
    limits: dict[str, Decimal]
    nested: Node
    optional_nested: Node | None
    deep: dict[str, list[Reading]]
    anything: Any


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
ints = st.integers(-(2**53) + 1, 2**53 - 1)
floats = st.floats(allow_nan=False, allow_infinity=False)
offsets = st.integers(-86399, 86399).map(lambda seconds: timezone(timedelta(seconds=seconds))) | st.just(UTC)
# Fixed offsets: Python finds a moment that a time zone has twice (the clocks go back) unlike the same moment of any other zone.
moments = st.datetimes(timezones=offsets, min_value=datetime(2, 1, 1), max_value=datetime(9998, 1, 1))
decimals = st.decimals(allow_nan=False, allow_infinity=False, places=3)
# JavaScript writes a whole float as an integer, and one beyond these is none that may stand for anything.
plain = st.recursive(
    st.none() | st.booleans() | ints | st.floats(-(2.0**53) + 1, 2.0**53 - 1) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
readings = st.builds(Reading, ints, texts, floats, moments)
nodes = st.recursive(
    st.builds(Node, texts),
    lambda inner: st.builds(Node, texts, st.lists(inner, max_size=2), st.none() | inner),
    max_leaves=4,
)
everything = st.builds(
    Everything,
    text=texts,
    flag=st.booleans(),
    number=ints,
    ratio=floats,
    big=st.integers(),
    price=decimals,
    at=moments,
    day=st.dates(),
    key=st.uuids(),
    raw=st.binary(max_size=20),
    kind=st.sampled_from(Kind),
    mode=st.sampled_from(["on", "off", 3, None]),
    maybe=st.none() | texts,
    mixed=st.none() | texts | ints | st.booleans(),
    names=st.lists(texts, max_size=3),
    pair=st.tuples(ints, decimals),
    many=st.lists(decimals, max_size=3).map(tuple),
    tags=st.sets(texts, max_size=3),
    codes=st.frozensets(ints, max_size=3),
    limits=st.dictionaries(texts, decimals, max_size=3),
    nested=nodes,
    optional_nested=st.none() | nodes,
    deep=st.dictionaries(texts, st.lists(readings, max_size=2), max_size=2),
    anything=plain,
)
