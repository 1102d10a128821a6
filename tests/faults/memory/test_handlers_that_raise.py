"""A handler that raises fails the request that it was called for, and nothing else."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from trio.testing import MockClock

from peek_trio.errors import RemoteError


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL)


@pytest.fixture(params=[(), ("client",)], ids=["at-the-server", "through-a-client"])
async def home(request: pytest.FixtureRequest, gauges: Any, world: Any) -> Any:
    """A platform with a phone, and the contract of the gauges."""
    world.gauges["a"] = 1
    async with gauges(*request.param) as peek:
        yield Home(peek, await peek.device(name="joe"), await peek.device(name="ann"))


class Home:
    """Joe's phone, whose requests fail, and Ann's, who notices nothing."""

    def __init__(self, peek: Any, joe: Any, ann: Any) -> None:
        from peek_plugin_gauges import contract

        self.peek, self.joe, self.ann, self.contract = peek, joe, ann, contract

    async def goes_on(self) -> None:
        """Everybody's links are the ones that they had, and everything else is answered."""
        for phone in (self.joe, self.ann):
            assert len(phone.link.came_up_at) == 1
            assert await phone.call(self.contract.add, 2, 3) == 5
            assert (await phone.latest(self.contract.Gauge)).rows
        assert self.peek.server.status("peek_plugin_gauges").restarts == 0


async def test_a_call_fails_alone(home: Home, autojump_clock: MockClock) -> None:
    with pytest.raises(RemoteError, match="Out of fingers"):
        await home.joe.call(home.contract.add, 2, -3)
    await home.goes_on()


async def test_a_stream_fails_alone_and_behind_its_items(home: Home, autojump_clock: MockClock) -> None:
    async with home.joe.stream(home.contract.count, 5, 3) as numbers:
        assert [await anext(numbers), await anext(numbers)] == [1, 2]
        with pytest.raises(RemoteError, match="Lost count"):
            await anext(numbers)
    await home.goes_on()


async def test_an_action_is_to_be_sent_again(home: Home, world: Any, autojump_clock: MockClock) -> None:
    result = await home.joe.act(home.contract.SetGauge("a", -1))
    assert result.status == "retry"
    assert (await home.joe.act(home.contract.SetGauge("a", 7))).status == "applied"
    assert world.gauges == {"a": 7}
    await home.goes_on()


async def test_a_listener_fails_the_message_alone(home: Home, world: Any, autojump_clock: MockClock) -> None:
    with pytest.raises(RemoteError, match="Nobody wants to hear this"):
        await home.joe.send_message({"topic": "gauge"}, [home.contract.Gauge("a", -1)])
    assert await home.ann.send_message({"topic": "gauge"}, [home.contract.Gauge("b", 2)]) == 1
    assert world.gauges == {"a": 1, "b": 2}
    await home.goes_on()


async def test_a_provider_that_never_gave_a_state_fails_its_observers(
    home: Home, world: Any, autojump_clock: MockClock
) -> None:
    world.broken = True
    with pytest.raises(RemoteError, match="cable to the gauges is broken"):
        async with home.joe.observe(home.contract.Gauge) as states:
            await anext(states)
    world.broken = False
    await home.goes_on()


async def test_a_provider_that_fails_later_leaves_its_rows_stale_until_it_works_again(
    home: Home, world: Any, autojump_clock: MockClock
) -> None:
    Gauge = home.contract.Gauge
    async with home.joe.observe(Gauge) as states:
        assert (await anext(states)).stale is None
        world.broken = True
        home.peek.server.board.notify("peek_plugin_gauges.Gauge")
        stale = await anext(states)
        assert stale.rows == [Gauge("a", 1)]
        assert stale.stale is not None
        assert "cable to the gauges is broken" in stale.stale.reason
        world.broken, world.gauges["a"] = False, 2
        async for state in states:
            if state.stale is None:
                break
        assert state.rows == [Gauge("a", 2)]
    await home.goes_on()
