"""What is read back: the past of a machine for a chart, and its percentiles for the administrator."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from statistics import fmean, quantiles

from sqlalchemy import select
from sqlalchemy.orm import Session

from peek_trio import TaskContext, task

from ..tuples import METRICS, MetricSummary, Series
from .storage import StoredSample


def read_series(session: Session, host: str, minutes: int, points: int) -> Series:
    """Samples of the last `minutes`, averaged over equal steps of time so that at most `points` remain.

    A step without samples has no point: a gap.
    """
    now = datetime.now(UTC)
    columns = [getattr(StoredSample, metric) for metric in METRICS]
    rows = session.execute(
        select(StoredSample.at, *columns)
        .where(StoredSample.host == host, StoredSample.at >= now - timedelta(minutes=minutes))
        .order_by(StoredSample.at)
    ).all()
    step = max(1.0, minutes * 60 / points)
    buckets: dict[int, list[Sequence[float]]] = {}
    for at, *values in rows:
        buckets.setdefault(int(at.timestamp() // step), []).append(values)
    averaged = {bucket: [fmean(column) for column in zip(*found, strict=True)] for bucket, found in buckets.items()}
    return Series(
        host=host,
        times=[bucket * step for bucket in averaged],
        metrics={metric: [values[index] for values in averaged.values()] for index, metric in enumerate(METRICS)},
    )


@task
def summarise_hours(ctx: TaskContext, host: str, hours: int) -> list[MetricSummary]:
    """Percentiles of every metric of one machine over the last hours, telling how far it is."""
    since = datetime.now(UTC) - timedelta(hours=hours)
    found: list[MetricSummary] = []
    with ctx.session() as session:
        for number, metric in enumerate(METRICS, start=1):
            ctx.progress((number - 1) / len(METRICS), f"reading {metric}")
            column = getattr(StoredSample, metric)
            values = list(session.scalars(select(column).where(StoredSample.host == host, StoredSample.at >= since)))
            if values:
                found.append(summary_of(metric, values))
    ctx.progress(1.0, f"{len(found)} metrics")
    return found


def summary_of(metric: str, values: Sequence[float]) -> MetricSummary:
    """Extremes and percentiles; with one sample all are that sample."""
    hundredths = quantiles(values, n=100, method="inclusive") if len(values) > 1 else [values[0]] * 99
    return MetricSummary(metric, len(values), min(values), hundredths[49], hundredths[89], hundredths[98], max(values))
