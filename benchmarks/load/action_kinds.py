"""The actions that the benchmark's devices ask for, as both sides know them."""

from __future__ import annotations

import attrs

from peek_trio import tuple_type

__all__ = ["Add", "AddPlainly", "Count"]


@tuple_type("benchmark.Add")
@attrs.frozen
class Add:
    """Adds to a total with the ORM."""

    key: int
    amount: int


@tuple_type("benchmark.AddPlainly")
@attrs.frozen
class AddPlainly:
    """The same with a plain statement."""

    key: int
    amount: int


@tuple_type("benchmark.Count")
@attrs.frozen
class Count:
    """Does nothing that a database keeps."""

    key: int
    amount: int
