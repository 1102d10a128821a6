"""The tables: machines, samples, thresholds, alarms."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import DateTime, ForeignKey, MetaData
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from peek_trio import tuple_type


class Base(DeclarativeBase):
    """Everything is in the schema `pl_host_metrics`. Times carry their zone."""

    metadata = MetaData(schema="pl_host_metrics")
    type_annotation_map = {datetime: DateTime(timezone=True)}  # noqa: RUF012 - SQLAlchemy reads it from the class


@tuple_type("peek_plugin_host_metrics.Host")
class Host(Base):
    """A machine that an agent has reported."""

    __tablename__ = "host"

    name: Mapped[str] = mapped_column(primary_key=True)
    agent_id: Mapped[str]
    cores: Mapped[int]
    first_seen: Mapped[datetime]
    last_seen: Mapped[datetime]


class StoredSample(Base):
    """One reading; the field names are those of `Sample`."""

    __tablename__ = "sample"

    host: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(primary_key=True, index=True)
    cpu_percent: Mapped[float]
    memory_percent: Mapped[float]
    disk_percent: Mapped[float]
    net_in: Mapped[float]
    net_out: Mapped[float]
    disk_read: Mapped[float]
    disk_write: Mapped[float]


@tuple_type("peek_plugin_host_metrics.Threshold")
class Threshold(Base):
    """When a metric is too high: raised at or above `raise_at`, cleared at or below `clear_at`, each held for `hold_seconds`."""

    __tablename__ = "threshold"

    id: Mapped[int] = mapped_column(primary_key=True)
    metric: Mapped[str]
    level: Mapped[str]
    raise_at: Mapped[float]
    clear_at: Mapped[float]
    hold_seconds: Mapped[int]


@tuple_type("peek_plugin_host_metrics.Alarm")
class Alarm(Base):
    """A threshold that was crossed on a machine; active until `cleared_at`."""

    __tablename__ = "alarm"

    id: Mapped[int] = mapped_column(primary_key=True)
    threshold_id: Mapped[int | None] = mapped_column(ForeignKey(Threshold.id, ondelete="SET NULL"), index=True)
    host: Mapped[str]
    metric: Mapped[str]
    level: Mapped[str]
    limit: Mapped[float]
    value: Mapped[float]
    raised_at: Mapped[datetime]
    cleared_at: Mapped[datetime | None] = mapped_column(index=True)
    acknowledged_at: Mapped[datetime | None]
    acknowledged_by: Mapped[str]
