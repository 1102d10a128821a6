"""Somebody sets the clock of a machine back: nothing that is under way is dropped, and nothing new is taken for old."""

from __future__ import annotations

import datetime as real
import importlib
from typing import Any

import attrs
import pytest
import trio
from trio.testing import MockClock

READ_THE_CLOCK = (
    "transport.asking",
    "transport.observables.provided",
    "transport.observables.relay",
    "transport.wire.hello",
)
"""Modules that ask what time it is, to tell people."""


@attrs.define
class WallClock:
    """The clock on the wall of every machine here; `behind` is how far it has been set back."""

    behind: real.timedelta = real.timedelta()

    def set_back(self, **by: float) -> None:
        self.behind += real.timedelta(**by)


@pytest.fixture
def wall_clock(monkeypatch: pytest.MonkeyPatch) -> WallClock:
    clock = WallClock()

    class Shifted(real.datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return real.datetime.now(tz) - clock.behind

    for name in READ_THE_CLOCK:
        module = importlib.import_module(f"peek_trio.{name}")
        assert module.datetime is real.datetime  # type: ignore[attr-defined]
        monkeypatch.setattr(module, "datetime", Shifted)
    return clock


async def test_states_calls_and_taps_go_on_across_every_step_back(
    gauges: Any, world: Any, wall_clock: WallClock, autojump_clock: MockClock
) -> None:
    from peek_plugin_gauges.contract import Gauge, SetGauge, add

    async with gauges("client") as peek:
        phone = await peek.device()
        await phone.latest(Gauge)
        times = []
        for step in range(1, 6):
            wall_clock.set_back(days=step)
            assert (await phone.tap(SetGauge("a", step))).status == "applied"
            await phone.sees(Gauge, lambda rows, now=step: rows == [Gauge("a", now)], within=1)
            times.append((await phone.latest(Gauge)).at)
            assert await phone.call(add, step, 1) == step + 1
            await trio.sleep(60)
        assert times == sorted(times, reverse=True)  # the clock did go back
        assert world.applied == [SetGauge("a", step) for step in range(1, 6)]
        assert len(phone.link.came_up_at) == 1
        assert len(peek.client.link.came_up_at) == 1


async def test_a_link_that_was_lost_before_the_step_resumes_after_it(
    gauges: Any, world: Any, wall_clock: WallClock, autojump_clock: MockClock
) -> None:
    from peek_plugin_gauges.contract import Gauge

    world.gauges["a"] = 1
    async with gauges("client") as peek:
        phone = await peek.device()
        since = (await phone.latest(Gauge)).at
        peek.client.link.unplug()
        await peek.client.link.down()
        await phone.sees(Gauge, lambda rows: rows == [Gauge("a", 1)], stale=True)
        wall_clock.set_back(days=400)
        world.gauges["a"] = 2
        await trio.sleep(60)
        peek.client.link.restore()
        await phone.sees(Gauge, lambda rows: rows == [Gauge("a", 2)], stale=False, within=1)
        assert (await phone.latest(Gauge)).at < since


async def test_an_entry_that_nobody_watches_is_kept_as_long_as_without_it(
    gauges: Any, world: Any, wall_clock: WallClock, autojump_clock: MockClock
) -> None:
    from peek_plugin_gauges.contract import Gauge

    world.gauges["a"] = 1
    async with gauges("client") as peek:
        phone = await peek.device()
        async with phone.observe(Gauge) as states:
            await anext(states)
        wall_clock.set_back(hours=5)
        await trio.sleep(230)  # the phone keeps it for two minutes, and the client for two more
        assert peek.client.board.statistics().relay.entries == 1
        await trio.sleep(20)
        assert peek.client.board.statistics().relay.entries == 0
