"""What this plugin measures and shows. Rates are per second, sizes in bytes, shares in percent of the whole (0 to 100)."""

from __future__ import annotations

from datetime import datetime

import attrs

from peek_trio import tuple_type

METRICS = ("cpu_percent", "memory_percent", "disk_percent", "net_in", "net_out", "disk_read", "disk_write")
"""The fields of `Sample` that are stored, charted and summarised."""


@tuple_type("peek_plugin_host_metrics.Sample")
@attrs.frozen
class Sample:
    """One reading of one machine."""

    at: datetime
    cpu_percent: float
    memory_percent: float
    memory_used: float
    memory_total: float
    disk_percent: float
    disk_used: float
    disk_total: float
    net_in: float
    net_out: float
    disk_read: float
    disk_write: float


@tuple_type("peek_plugin_host_metrics.Process")
@attrs.frozen
class Process:
    """One of the busiest processes. `cpu_percent` is of one core and can exceed 100."""

    pid: int
    name: str
    cpu_percent: float
    memory: float


@tuple_type("peek_plugin_host_metrics.HostNow")
@attrs.frozen
class HostNow:
    """One machine at this moment."""

    host: str
    agent_id: str
    cores: int
    sample: Sample
    processes: list[Process]


@tuple_type("peek_plugin_host_metrics.Series")
@attrs.frozen
class Series:
    """The past of one machine, thinned to a given number of points.

    `times` are seconds since 1970; `metrics` has a list of equal length for each metric.
    """

    host: str
    times: list[float]
    metrics: dict[str, list[float]]


@tuple_type("peek_plugin_host_metrics.MetricSummary")
@attrs.frozen
class MetricSummary:
    """One metric over a period: extremes and percentiles."""

    metric: str
    samples: int
    lowest: float
    median: float
    p90: float
    p99: float
    highest: float


@tuple_type("peek_plugin_host_metrics.AcknowledgeAlarm")
@attrs.frozen
class AcknowledgeAlarm:
    """Somebody has seen the alarm and takes care of it."""

    alarm_id: int
