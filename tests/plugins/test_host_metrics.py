"""The host metrics plugin on a whole platform: real readings of this machine, and made-up ones where time matters."""

from __future__ import annotations

import socket
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import trio
from peek_plugin_host_metrics import contract
from peek_plugin_host_metrics._private.agent import Waiting
from peek_plugin_host_metrics._private.alarms import AlarmWatch
from peek_plugin_host_metrics._private.recording import forget_old, record_samples
from peek_plugin_host_metrics._private.reports import read_series, summary_of
from peek_plugin_host_metrics._private.storage import Alarm, StoredSample, Threshold
from peek_plugin_host_metrics.tuples import AcknowledgeAlarm, HostNow, Process, Sample
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from peek_trio import Rejected, TupleSelector
from peek_trio.testing import Platform, platform
from peek_trio.transport.loader import loader_save
from peek_trio.tuples import tuple_name

PLUGIN = "peek_plugin_host_metrics"
DEADLINE = 15.0


def readings(cpu: float, seconds: int, *, since: datetime) -> list[Sample]:
    """One sample a second with this processor share."""
    return [
        Sample(since + timedelta(seconds=second), cpu, 10.0, 1.0, 2.0, 10.0, 1.0, 2.0, 0.0, 0.0, 0.0, 0.0)
        for second in range(seconds)
    ]


async def record(peek: Platform, samples: list[Sample], host: str = "substation-7") -> None:
    """Send samples as an agent does."""
    await peek.server.board.caller(contract.record)(host, "agent-1", 4, samples, [Process(1, "init", 0.0, 1.0)])


async def test_an_agent_reports_this_machine_within_seconds(database_url: str) -> None:
    with trio.fail_after(DEADLINE):
        async with platform(plugins=[PLUGIN], services=("agent", "client"), database_url=database_url) as peek:
            desktop = await peek.device(roles={"user"}, site="desktop")
            async with desktop.observe(TupleSelector.of(HostNow)) as states:
                async for state in states:
                    if state.rows:
                        break
            (now,) = state.rows
            assert now.host == socket.gethostname()
            assert now.sample.memory_total > 2**20
            assert now.processes
            series = await desktop.caller(contract.history)(now.host, 10, 600)
            assert series.times
            assert len(series.metrics["cpu_percent"]) == len(series.times)


async def test_an_alarm_is_raised_acknowledged_on_a_phone_and_cleared(database_url: str) -> None:
    start = datetime.now(UTC) - timedelta(minutes=2)
    with trio.fail_after(DEADLINE):
        async with platform(plugins=[PLUGIN], services=("client",), database_url=database_url) as peek:
            phone = await peek.device(name="ada", roles={"user"})
            async with phone.observe(TupleSelector.of(Alarm)) as states:
                assert (await anext(states)).rows == []
                await record(peek, readings(90.0, 12, since=start))
                (raised,) = (await anext(states)).rows
                assert (raised.metric, raised.level, raised.cleared_at) == ("cpu_percent", "warning", None)
                assert (await phone.act(AcknowledgeAlarm(raised.id))).status == "applied"
                (seen,) = (await anext(states)).rows
                assert (seen.acknowledged_by, seen.cleared_at) == ("ada", None)
                await record(peek, readings(20.0, 12, since=start + timedelta(seconds=12)))
                (cleared,) = (await anext(states)).rows
                assert cleared.cleared_at is not None
            again = await phone.act(AcknowledgeAlarm(raised.id))
            assert (again.status, again.message) == ("rejected", "ada has acknowledged this alarm already.")


async def test_a_sample_sent_twice_is_stored_once(database_url: str) -> None:
    samples = readings(10.0, 5, since=datetime.now(UTC) - timedelta(minutes=1))
    with trio.fail_after(DEADLINE):
        async with platform(plugins=[PLUGIN], database_url=database_url) as peek:
            await record(peek, samples[:3])
            await record(peek, samples)

            def stored(session: Session) -> int:
                return session.scalar(select(func.count()).select_from(StoredSample)) or 0

            assert peek.server.parts.database is not None
            assert await peek.server.parts.database.run(stored, read_only=True) == 5


async def test_old_samples_are_forgotten_and_the_series_has_no_point_where_nothing_was_read(database_url: str) -> None:
    now = datetime.now(UTC)
    with trio.fail_after(DEADLINE):
        async with platform(plugins=[PLUGIN], database_url=database_url) as peek:
            database = peek.server.parts.database
            assert database is not None
            watch = AlarmWatch()
            for since in (now - timedelta(hours=30), now - timedelta(minutes=5), now - timedelta(minutes=1)):
                await database.run(
                    lambda session, at=since: record_samples(session, watch, "h", "a", 1, readings(40.0, 2, since=at))  # type: ignore[misc]
                )
            await database.run(lambda session: forget_old(session, 24))  # the plugin does so too, when it likes
            oldest = await database.run(
                lambda session: session.scalar(select(func.min(StoredSample.at))), read_only=True
            )
            assert oldest is not None
            assert oldest > now - timedelta(hours=24)
            series = await database.run(lambda session: read_series(session, "h", 10, 600), read_only=True)
            assert len(series.times) in (3, 4)  # two pairs of seconds; a pair may share one step
            assert max(after - before for before, after in zip(series.times, series.times[1:], strict=False)) > 200
            assert set(series.metrics["cpu_percent"]) == {40.0}


async def test_a_worker_summarises_the_last_hour(database_url: str) -> None:
    with trio.fail_after(2 * DEADLINE):
        async with platform(plugins=[PLUGIN], services=("worker",), database_url=database_url) as peek:
            await record(peek, readings(50.0, 20, since=datetime.now(UTC) - timedelta(minutes=2)))
            browser = await peek.device(roles={"admin"}, site="admin")
            summaries = await browser.caller(contract.summarise)("substation-7", 1)
            (cpu,) = [one for one in summaries if one.metric == "cpu_percent"]
            assert (cpu.samples, cpu.lowest, cpu.median, cpu.highest) == (20, 50.0, 50.0, 50.0)
            with pytest.raises(Rejected, match="1 to 168 hours"):
                await browser.caller(contract.summarise)("substation-7", 0)


async def test_a_threshold_that_makes_no_sense_is_refused_with_a_sentence(database_url: str) -> None:
    def threshold(raise_at: float, clear_at: float) -> dict[str, Any]:
        return {
            "id": None,
            "metric": "cpu_percent",
            "level": "warning",
            "raise_at": raise_at,
            "clear_at": clear_at,
            "hold_seconds": 1,
        }

    with trio.fail_after(DEADLINE):
        async with platform(plugins=[PLUGIN], database_url=database_url) as peek:
            browser = await peek.device(roles={"admin"}, site="admin")
            save = browser.caller(loader_save)
            with pytest.raises(Rejected, match="the lower one below the upper one"):
                await save(tuple_name(Threshold), threshold(70.0, 80.0), None)
            saved = await save(tuple_name(Threshold), threshold(60.0, 50.0), None)
            assert saved.row["raise_at"] == 60.0


def test_percentiles_are_those_of_the_definition() -> None:
    summary = summary_of("cpu_percent", [float(value) for value in range(101)])
    assert (summary.lowest, summary.median, summary.p90, summary.p99, summary.highest) == (0.0, 50.0, 90.0, 99.0, 100.0)
    assert summary_of("cpu_percent", [7.0]).p99 == 7.0


def test_an_agent_without_a_server_keeps_the_newest_ten_minutes() -> None:
    waiting = Waiting()
    waiting.samples.extend(readings(1.0, 700, since=datetime(2026, 1, 1, tzinfo=UTC)))
    assert len(waiting.samples) == 600
    assert waiting.samples[0].at == datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=100)
