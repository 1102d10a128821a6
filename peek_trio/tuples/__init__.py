"""Data that crosses between processes: tuple classes, selectors, the codec and the TypeScript that matches them.

A tuple class is an attrs class, a dataclass or a SQLAlchemy mapped class with a name. Nothing in this room knows about links,
databases or plugins; everything above it speaks in these types.
"""

from __future__ import annotations

from peek_trio.tuples.codec import Codec
from peek_trio.tuples.declaration import tuple_name, tuple_type, tuple_version
from peek_trio.tuples.digests import digest
from peek_trio.tuples.registry import TupleRegistry
from peek_trio.tuples.schema import schema_hash
from peek_trio.tuples.selector import TupleSelector
from peek_trio.tuples.travels import BigInt, TravelsAs

__all__ = [
    "BigInt",
    "Codec",
    "TravelsAs",
    "TupleRegistry",
    "TupleSelector",
    "digest",
    "schema_hash",
    "tuple_name",
    "tuple_type",
    "tuple_version",
]
