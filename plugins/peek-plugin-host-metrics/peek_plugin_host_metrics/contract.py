"""The calls of this plugin. All are served by the server."""

from __future__ import annotations

from peek_trio import rpc

from .tuples import MetricSummary, Process, Sample, Series


@rpc(served_by="server")
async def record(host: str, agent_id: str, cores: int, samples: list[Sample], processes: list[Process]) -> None:
    """Samples of one machine, oldest first. A sample that was recorded before is not recorded again, so an agent may send it twice."""
    ...


@rpc(served_by="server")
async def history(host: str, minutes: int, points: int) -> Series:
    """The last `minutes` of one machine, thinned to at most `points`."""
    ...


@rpc(served_by="server")
async def summarise(host: str, hours: int) -> list[MetricSummary]:
    """Has a worker compute percentiles of the last hours of one machine."""
    ...
