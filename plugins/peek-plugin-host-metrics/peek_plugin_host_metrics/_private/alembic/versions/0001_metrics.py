"""Machines, samples, thresholds with sensible values to begin with, and alarms.

Revision ID: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

SCHEMA = "pl_host_metrics"


def moment(name: str, *, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def number(name: str) -> sa.Column:
    return sa.Column(name, sa.Float, nullable=False)


def text(name: str) -> sa.Column:
    return sa.Column(name, sa.String, nullable=False)


def upgrade() -> None:
    op.create_table(
        "host",
        sa.Column("name", sa.String, primary_key=True),
        text("agent_id"),
        sa.Column("cores", sa.Integer, nullable=False),
        moment("first_seen"),
        moment("last_seen"),
        schema=SCHEMA,
    )
    op.create_table(
        "sample",
        sa.Column("host", sa.String, primary_key=True),
        sa.Column("at", sa.DateTime(timezone=True), primary_key=True),
        number("cpu_percent"),
        number("memory_percent"),
        number("disk_percent"),
        number("net_in"),
        number("net_out"),
        number("disk_read"),
        number("disk_write"),
        schema=SCHEMA,
    )
    op.create_index("ix_pl_host_metrics_sample_at", "sample", ["at"], schema=SCHEMA)
    threshold = op.create_table(
        "threshold",
        sa.Column("id", sa.Integer, primary_key=True),
        text("metric"),
        text("level"),
        number("raise_at"),
        number("clear_at"),
        sa.Column("hold_seconds", sa.Integer, nullable=False),
        schema=SCHEMA,
    )
    op.create_table(
        "alarm",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("threshold_id", sa.Integer, sa.ForeignKey(f"{SCHEMA}.threshold.id", ondelete="SET NULL")),
        text("host"),
        text("metric"),
        text("level"),
        number("limit"),
        number("value"),
        moment("raised_at"),
        moment("cleared_at", nullable=True),
        moment("acknowledged_at", nullable=True),
        text("acknowledged_by"),
        schema=SCHEMA,
    )
    op.create_index("ix_pl_host_metrics_alarm_threshold_id", "alarm", ["threshold_id"], schema=SCHEMA)
    op.create_index("ix_pl_host_metrics_alarm_cleared_at", "alarm", ["cleared_at"], schema=SCHEMA)
    first = [
        ("cpu_percent", "warning", 80.0, 70.0, 10),
        ("cpu_percent", "danger", 95.0, 85.0, 30),
        ("memory_percent", "warning", 80.0, 75.0, 10),
        ("memory_percent", "danger", 92.0, 88.0, 10),
        ("disk_percent", "warning", 85.0, 83.0, 10),
        ("disk_percent", "danger", 95.0, 93.0, 10),
    ]
    names = ("metric", "level", "raise_at", "clear_at", "hold_seconds")
    op.bulk_insert(threshold, [dict(zip(names, row, strict=True)) for row in first])


def downgrade() -> None:
    for table in ("alarm", "threshold", "sample", "host"):
        op.drop_table(table, schema=SCHEMA)
