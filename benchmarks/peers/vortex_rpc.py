"""Runs in vortexpy's environment: the call that both sides know, which vortexpy finds by the name of this module."""

from __future__ import annotations

from vortex.rpc.RPC import vortexRPC


@vortexRPC("benchServer", requiredPermissions=frozenset())
def add(a: int, b: int) -> int:
    """The sum."""
    return a + b
