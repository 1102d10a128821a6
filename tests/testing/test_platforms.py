"""The platform as a whole: its services and their lives, what travelled, and runs that can be repeated."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from peek_trio.errors import PeekError
from peek_trio.testing import Delivery, Platform, platform, seeded
from peek_trio.testing.schedule import is_available
from tests.testing.conftest import Count, Counter, Raise, Running, double


async def test_there_are_as_many_services_as_asked_for(counting: Running, autojump_clock: MockClock) -> None:
    async with counting("client", "agent", clients=2, agents=3) as (peek, _):
        assert [service.id for service in peek.all_services] == [
            "server-1",
            "agent-1",
            "agent-2",
            "agent-3",
            "client-1",
            "client-2",
        ]
        assert len(peek.server.board.peers()) == 5
        assert (peek.client, peek.agent) == (peek.clients[0], peek.agents[0])
        with pytest.raises(PeekError, match=r'There is no worker here; ask for one: platform\(services=\["worker"\]'):
            _ = peek.worker
        with pytest.raises(PeekError, match="The server has no link of its own"):
            _ = peek.server.link


async def test_two_platforms_know_nothing_of_each_other(counting: Running, autojump_clock: MockClock) -> None:
    async with counting("client", seed=1) as (one, first), counting("client", seed=2) as (other, second):
        phone, stranger = await one.device(), await other.device()
        await phone.tap(Raise(1))
        assert (first.value, second.value) == (1, 0)
        assert (await stranger.latest(Count)).rows == [Count(0)]


async def test_a_killed_service_takes_its_links_along_and_comes_back_anew(
    counting: Running, autojump_clock: MockClock
) -> None:
    async with counting("client") as (peek, counter):
        phone = await peek.device()
        before = peek.server.board
        await peek.server.kill()
        assert not peek.server.is_running
        await peek.client.link.down(within=0.1)
        with pytest.raises(PeekError, match="server-1 does not run"):
            _ = peek.server.board
        await peek.server.start()
        counter.offer_at(peek.server)
        assert peek.server.board is not before
        await peek.client.link.up()
        assert (await phone.tap(Raise(1))).status == "applied"


async def test_a_stopped_service_says_so_and_a_killed_one_does_not(
    counting: Running, autojump_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    async with counting("client") as (peek, _):
        phone = await peek.device()
        await peek.client.stop()
        await trio.sleep(0.1)
        assert "stopping" in caplog.text
        await peek.client.start()
        await phone.link.up()
        caplog.clear()
        await peek.client.kill()
        await trio.sleep(0.1)
        assert "stopping" not in caplog.text
        assert "The connection was cut." in caplog.text
        await peek.client.start()
        await phone.link.up()


async def test_a_restart_is_a_stop_and_a_start(counting: Running, autojump_clock: MockClock) -> None:
    async with counting("client") as (peek, _):
        phone = await peek.device()
        await peek.client.restart()
        await phone.link.up()
        assert await phone.call(double, 3) == 6
        with pytest.raises(PeekError, match="client-1 runs already"):
            await peek.client.start()


async def test_what_travelled_is_recorded_from_then_on(counting: Running, autojump_clock: MockClock) -> None:
    async with counting("client") as (peek, _):
        phone = await peek.device()
        travelled = peek.record()
        await phone.call(double, 3)
        assert [(each.link, each.towards, each.kinds) for each in travelled] == [
            ("device-1", "server", ["call"]),
            ("client-1", "server", ["call"]),
            ("client-1", "client", ["res"]),
            ("device-1", "device", ["res"]),
        ]
        assert travelled[0].frames[0].body == b'{"number":3}'
        assert travelled[-1].at == trio.current_time()


async def test_a_plugin_that_does_not_start_fails_the_test_with_its_reason(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    with pytest.raises(AssertionError, match=r"peek_plugin_nowhere on server-1 is failed: "):
        async with platform(plugins=["peek_plugin_nowhere"]):
            pytest.fail("it was said to have started")
    async with platform(plugins=["peek_plugin_nowhere"], all_start=False, home=tmp_path) as peek:
        assert peek.server.status("peek_plugin_nowhere").state == "failed"
        with pytest.raises(PeekError, match="peek_plugin_other is not enabled"):
            peek.server.status("peek_plugin_other")


async def test_the_error_of_a_test_is_its_own_and_names_the_seed(counting: Running, capfd: object) -> None:
    with pytest.raises(ZeroDivisionError) as raised:
        async with counting(seed=77):
            _ = 1 / 0
    assert raised.value.__notes__ == ["The platform ran with the seed 77; PEEK_SEED=77 runs it like that again."]


async def test_the_seed_comes_from_the_environment_if_nobody_gives_one(
    counting: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PEEK_SEED", "4711")
    async with counting() as (peek, _):
        assert peek.seed == 4711
    async with counting(seed=5) as (peek, _):
        assert peek.seed == 5


async def busy(seed: int) -> Sequence[tuple[float, str, str, list[str]]]:
    """What travels when several devices do things on links that are reordered, cut and dialled again."""
    async with platform(services=["client"], clients=2, seed=seed) as peek:
        counter = Counter()
        counter.offer_at(peek.server)
        travelled = peek.record()
        phones = await peek.devices(4)
        peek.reorder(phones, within=0.5)
        phones[0].link.cut(after=2)
        async with trio.open_nursery() as nursery:
            for number, phone in enumerate(phones):
                nursery.start_soon(phone.tap, Raise(number))
                nursery.start_soon(phone.latest, Count)
        await peek.clients[0].kill()
        await peek.clients[0].start()
        for phone in phones:
            await phone.sees(Count, lambda rows: rows == [Count(6)], stale=False, within=60)
        return [described(each) for each in travelled]


def described(delivery: Delivery) -> tuple[float, str, str, list[str]]:
    return round(delivery.at, 6), delivery.link, delivery.towards, delivery.kinds


def test_the_same_seed_makes_the_same_run_and_another_one_another() -> None:
    runs = [trio.run(busy, seed, clock=MockClock(autojump_threshold=0)) for seed in (3, 3, 4)]
    assert is_available(), (
        "Trio does not let itself be told any more how to schedule; see peek_trio/testing/schedule.py"
    )
    assert len(runs[0]) > 50
    assert timeless(runs[0]) == timeless(runs[1])
    assert timeless(runs[0]) != timeless(runs[2])


def timeless(run: Sequence[tuple[float, str, str, list[str]]]) -> list[tuple[float, str, str, list[str]]]:
    start = run[0][0]
    return [(round(at - start, 6), link, towards, kinds) for at, link, towards, kinds in run]


def test_a_seeded_block_leaves_randomness_as_it_was() -> None:
    random.seed(1)
    expected = random.random()
    random.seed(1)
    with seeded(99):
        inside = random.random()
    assert random.random() == expected
    with seeded(99):
        assert random.random() == inside


async def test_nothing_is_left_when_the_block_ends(counting: Running, autojump_clock: MockClock) -> None:
    async with counting("client", "agent") as (peek, _):
        await peek.devices(3)
        during = trio.lowlevel.current_statistics().tasks_living
        services = list(peek.all_services)
    assert trio.lowlevel.current_statistics().tasks_living < during / 2
    assert not any(service.is_running for service in services)


async def test_a_platform_runs_on_a_real_clock_as_well(counting: Running) -> None:
    async with counting("client") as (peek, _):
        ann, ben = await peek.devices(2)
        await ann.tap(Raise(3))
        await ben.sees(Count, lambda rows: rows == [Count(3)])


def test_the_harness_offers_what_its_guide_says() -> None:
    import peek_trio.testing as harness

    guide = (Path(__file__).parents[2] / "docs" / "testing.md").read_text()
    for name in harness.__all__:
        assert name in guide, f"docs/testing.md does not name {name}."
    for owner in (harness.Platform, harness.Device, harness.Uplink, harness.Service):
        for name in vars(owner):
            public = not name.startswith("_") and name not in ("run", "accept", "seen_above")
            assert not public or f"`{name}" in guide or f".{name}" in guide, (
                f"docs/testing.md does not name {owner.__name__}.{name}."
            )
    assert Platform.__doc__
