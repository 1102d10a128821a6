"""How far a task has come."""

from __future__ import annotations

import attrs

from peek_trio.tuples import tuple_type

__all__ = ["TaskProgress"]


@tuple_type("peek.TaskProgress")
@attrs.frozen
class TaskProgress:
    """`fraction` of the work that is done, from 0 to 1, and a `note` for people."""

    fraction: float
    note: str = ""
