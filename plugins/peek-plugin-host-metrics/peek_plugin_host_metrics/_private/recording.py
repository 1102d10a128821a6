"""From samples to rows: what is written, raised, cleared and forgotten, each in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from ..tuples import METRICS, Sample
from .alarms import AlarmWatch, Change
from .storage import Alarm, Host, StoredSample, Threshold


def record_samples(
    session: Session, watch: AlarmWatch, host: str, agent_id: str, cores: int, samples: Sequence[Sample]
) -> list[Sample]:
    """Store the samples that are new, and raise and clear alarms after them. Gives the new ones."""
    moments = [sample.at for sample in samples]
    known = set(session.scalars(select(StoredSample.at).where(StoredSample.host == host, StoredSample.at.in_(moments))))
    fresh = [sample for sample in samples if sample.at not in known]
    if not fresh:
        return []
    see_host(session, host, agent_id, cores, fresh[-1].at)
    session.add_all(
        StoredSample(host=host, at=sample.at, **{metric: getattr(sample, metric) for metric in METRICS})
        for sample in fresh
    )
    watch_thresholds(session, watch, host, fresh)
    return fresh


def see_host(session: Session, name: str, agent_id: str, cores: int, at: datetime) -> None:
    row = session.get(Host, name)
    if row is None:
        session.add(Host(name=name, agent_id=agent_id, cores=cores, first_seen=at, last_seen=at))
    else:
        row.agent_id, row.cores, row.last_seen = agent_id, cores, max(row.last_seen, at)


def watch_thresholds(session: Session, watch: AlarmWatch, host: str, samples: Sequence[Sample]) -> None:
    """Raise and clear alarms. An alarm whose threshold was removed is cleared: nothing watches it any more."""
    thresholds = {row.id: row for row in session.scalars(select(Threshold).order_by(Threshold.id))}
    active = list(session.scalars(select(Alarm).where(Alarm.host == host, Alarm.cleared_at.is_(None))))
    for orphan in [alarm for alarm in active if alarm.threshold_id not in thresholds]:
        orphan.cleared_at = samples[-1].at
    by_threshold = {alarm.threshold_id: alarm for alarm in active if alarm.threshold_id is not None}
    ids = {threshold for threshold in by_threshold if threshold in thresholds}
    for change in watch.observe(host, samples, thresholds.values(), ids):
        if change.raised:
            by_threshold[change.threshold_id] = raise_alarm(session, host, thresholds[change.threshold_id], change)
        else:
            by_threshold[change.threshold_id].cleared_at = change.sample.at


def raise_alarm(session: Session, host: str, threshold: Threshold, change: Change) -> Alarm:
    alarm = Alarm(
        threshold_id=threshold.id,
        host=host,
        metric=threshold.metric,
        level=threshold.level,
        limit=threshold.raise_at,
        value=change.value,
        raised_at=change.sample.at,
        cleared_at=None,
        acknowledged_at=None,
        acknowledged_by="",
    )
    session.add(alarm)
    return alarm


def forget_old(session: Session, hours: int) -> int:
    """Remove samples older than `hours`, and alarms that were cleared as long ago. Gives the number of samples removed."""
    before = datetime.now(UTC) - timedelta(hours=hours)
    session.execute(delete(Alarm).where(Alarm.cleared_at < before))
    return session.execute(delete(StoredSample).where(StoredSample.at < before)).rowcount  # type: ignore[attr-defined,no-any-return]
