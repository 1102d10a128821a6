"""What crosses a link."""

from __future__ import annotations

from collections.abc import AsyncIterator

import attrs

from peek_trio import rpc, tuple_type


@tuple_type("peek_plugin_gauges.Gauge")
@attrs.frozen
class Gauge:
    """A gauge and what it shows."""

    name: str
    value: int


@tuple_type("peek_plugin_gauges.SetGauge")
@attrs.frozen
class SetGauge:
    """Sets a gauge; a negative value breaks its handler."""

    name: str
    value: int


@rpc(served_by="server")
async def add(left: int, right: int) -> int:
    """The sum; fails when it is negative."""
    ...


@rpc(served_by="server")
async def wait(seconds: float) -> None:
    """Takes its time."""
    ...


@rpc(served_by="server")
def count(to: int, fail_at: int) -> AsyncIterator[int]:
    """Counts from one; fails at `fail_at`."""
    ...
