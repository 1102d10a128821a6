"""Runs in vortexpy's environment: the call and the action that both sides know; vortexpy finds the call by the name of this module."""

from __future__ import annotations

from vortex.rpc.RPC import vortexRPC
from vortex.Tuple import TupleField, addTupleType
from vortex.TupleAction import TupleActionABC


@addTupleType
class Add(TupleActionABC):
    """The action."""

    __tupleType__ = "benchmark.Add"
    key: int = TupleField()
    amount: int = TupleField()


@vortexRPC("benchServer", requiredPermissions=frozenset())
def add(a: int, b: int) -> int:
    """The sum."""
    return a + b
