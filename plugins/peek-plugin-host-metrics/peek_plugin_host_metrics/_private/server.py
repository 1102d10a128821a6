"""The part on the server: takes samples in, keeps them, raises alarms, and shows all of it live."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial

import trio
from sqlalchemy import select
from sqlalchemy.orm import Session

from peek_trio import Principal, Rejected, ServerContext, TupleSelector, admin, hookimpl, services, signed_in

from .. import contract
from ..tuples import AcknowledgeAlarm, HostNow, MetricSummary, Process, Sample, Series
from .alarms import AlarmWatch
from .recording import forget_old, record_samples
from .reports import read_series, summarise_hours
from .storage import Alarm, Host, Threshold

SECONDS_BETWEEN_CLEAN_UPS = 60.0
CLEARED_ALARMS_SHOWN = 50


@hookimpl
async def peek_start(ctx: ServerContext) -> None:
    ctx.settings.declare(
        "retention_hours",
        int,
        default=24,
        title="Keep samples for",
        help="Hours. Older samples, and alarms cleared as long ago, are removed every minute.",
        minimum=1,
        maximum=8760,
    )
    take_samples(ctx)
    show_alarms(ctx)
    ctx.loaders.table(Threshold, allow=admin, before_save=check_threshold)
    ctx.nursery.start_soon(clean_up, ctx)


def take_samples(ctx: ServerContext) -> None:
    """Samples come in from agents; the newest of each machine, its past and its percentiles go out."""
    now: dict[str, HostNow] = {}
    watch = AlarmWatch()
    one_at_a_time = trio.Lock()  # the watch remembers values in their order

    async def record(host: str, agent_id: str, cores: int, samples: list[Sample], processes: list[Process]) -> None:
        async with one_at_a_time:
            fresh = await ctx.storage.run(
                lambda session: record_samples(session, watch, host, agent_id, cores, samples)
            )
        if fresh:
            now[host] = HostNow(host, agent_id, cores, fresh[-1], processes)
            ctx.observables.notify(HostNow)

    @ctx.observables.provider(HostNow, allow=signed_in)
    async def hosts_now(selector: TupleSelector) -> Sequence[HostNow]:
        return [now[host] for host in sorted(now)]

    @ctx.observables.provider(Host, follows=[Host], allow=admin)
    def hosts(selector: TupleSelector, session: Session) -> Sequence[Host]:
        return session.scalars(select(Host).order_by(Host.name)).all()

    async def history(host: str, minutes: int, points: int) -> Series:
        if not (1 <= minutes <= 7 * 24 * 60 and 2 <= points <= 5000):
            raise Rejected("The period must be 1 minute to 7 days, with 2 to 5000 points.")
        return await ctx.storage.run(lambda session: read_series(session, host, minutes, points), read_only=True)

    async def summarise(host: str, hours: int, principal: Principal) -> list[MetricSummary]:
        if not 1 <= hours <= 24 * 7:
            raise Rejected("The period must be 1 to 168 hours.")
        return await ctx.tasks.call(summarise_hours, host, hours, timeout=120, asked_by=principal.name)

    ctx.rpc.serve(contract.record, record, allow=services)
    ctx.rpc.serve(contract.history, history, allow=signed_in)
    ctx.rpc.serve(contract.summarise, summarise, allow=admin)


def show_alarms(ctx: ServerContext) -> None:
    """Active alarms first, then the last cleared ones; anyone signed in may acknowledge."""

    @ctx.observables.provider(Alarm, follows=[Alarm], allow=signed_in)
    def alarms(selector: TupleSelector, session: Session) -> Sequence[Alarm]:
        active = session.scalars(select(Alarm).where(Alarm.cleared_at.is_(None)).order_by(Alarm.raised_at.desc())).all()
        cleared = session.scalars(
            select(Alarm)
            .where(Alarm.cleared_at.is_not(None))
            .order_by(Alarm.cleared_at.desc())
            .limit(CLEARED_ALARMS_SHOWN)
        ).all()
        return [*active, *cleared]

    @ctx.observables.provider(Threshold, follows=[Threshold], allow=signed_in)
    def thresholds(selector: TupleSelector, session: Session) -> Sequence[Threshold]:
        return session.scalars(select(Threshold).order_by(Threshold.metric, Threshold.raise_at)).all()

    @ctx.actions.handler(AcknowledgeAlarm, allow=signed_in)
    def acknowledge(action: AcknowledgeAlarm, session: Session, principal: Principal) -> None:
        alarm = session.get(Alarm, action.alarm_id, with_for_update=True)
        if alarm is None:
            raise Rejected("This alarm is no longer kept.")
        if alarm.acknowledged_at is not None:
            raise Rejected(f"{alarm.acknowledged_by} has acknowledged this alarm already.")
        alarm.acknowledged_at = datetime.now(UTC)
        alarm.acknowledged_by = principal.title or principal.name


def check_threshold(row: Threshold, session: Session) -> None:
    """What an administrator may save. The sentence is shown at the form."""
    if row.metric not in ("cpu_percent", "memory_percent", "disk_percent"):
        raise Rejected("The metric must be cpu_percent, memory_percent or disk_percent.")
    if row.level not in ("warning", "danger"):
        raise Rejected("The level must be warning or danger.")
    if not 0 <= row.clear_at < row.raise_at <= 100:
        raise Rejected("The values must be percentages, and the lower one below the upper one.")
    if not 0 <= row.hold_seconds <= 3600:
        raise Rejected("The hold time must be 0 to 3600 seconds.")


async def clean_up(ctx: ServerContext) -> None:
    """Forget what is older than the setting says, once a minute."""
    while True:
        hours = await ctx.settings.get("retention_hours")
        removed = await ctx.storage.run(partial(forget_old, hours=hours))
        ctx.log.debug("removed %d samples older than %d hours", removed, hours)
        await trio.sleep(SECONDS_BETWEEN_CLEAN_UPS)
