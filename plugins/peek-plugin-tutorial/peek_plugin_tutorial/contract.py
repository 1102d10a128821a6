"""The calls between the services of this plugin.

Each is declared once; the named service serves it, every other calls it like a function.
"""

from __future__ import annotations

from peek_trio import rpc

from .tuples import Total


@rpc(served_by="server")
async def add_ints(a: int, b: int) -> int:
    """The sum. The agent asks the server for it."""
    ...


@rpc(served_by="agent")
async def subtract_ints(a: int, b: int) -> int:
    """The difference. The server asks an agent for it."""
    ...


@rpc(served_by="server")
async def ask_agent(a: int, b: int) -> int:
    """Has an agent subtract `b` from `a`: from the administrator's page to the server, on to an agent, and back."""
    ...


@rpc(served_by="server")
async def count_all() -> Total:
    """Has a worker go through the whole table."""
    ...
