"""A lost link comes back: soon, but not all at once with everybody else's."""

import bisect
import logging
import random
from contextlib import asynccontextmanager

import pytest
import trio

from peek_trio.errors import ConfigError, LinkLost, LinkRefused
from peek_trio.transport.wire import Backoff, Wake, keep_linked, spread_of


@pytest.mark.parametrize(
    ("spread", "ceilings"),
    [(0, [1, 2, 4, 8, 12, 12]), (1, [1, 2, 4, 8, 12, 12]), (5, [5, 10, 12, 12]), (99, [12, 12])],
)
def test_delays_grow_from_the_spread_to_twelve_seconds_and_are_random(spread, ceilings):
    for seed in range(50):
        backoff = Backoff(spread=spread, random=random.Random(seed))
        assert 0.5 <= backoff.next() <= ceilings[0]
        for ceiling in ceilings[1:]:
            assert 0.75 * ceiling <= backoff.next() <= ceiling
    assert len({Backoff(random=random.Random(seed)).next() for seed in range(50)}) == 50


def test_the_spread_grows_with_the_number_of_links_within_bounds():
    assert [spread_of(links) for links in (0, 17, 170, 204, 10_000)] == [1, 1, 10, 12, 12]


@pytest.mark.parametrize("away", [0.5, 3, 20, 120])
def test_those_who_lose_a_server_return_soon_and_not_all_at_once(away):
    devices = 200
    busiest = []
    for seed in range(100):
        chance = random.Random(seed)
        returns = sorted(return_after(away, Backoff(spread=spread_of(devices), random=chance)) for _ in range(devices))
        assert returns[-1] <= 12.5
        busiest.append(busiest_second(returns) / devices)
    # Chance alone puts a little more than a fifth of them into one second once in a few hundred times.
    assert sorted(busiest)[-3] <= 0.20
    assert max(busiest) <= 0.23


def return_after(away: float, backoff: Backoff) -> float:
    """When a device links again after the return of a server that refused it for `away` seconds."""
    now = backoff.next()
    while now < away:
        now += backoff.next()
    return now - away


def busiest_second(times: list[float]) -> int:
    """The most of `times`, which are sorted, that lie within one second."""
    return max(at - bisect.bisect_left(times, time - 1) + 1 for at, time in enumerate(times))


def test_after_a_success_delays_begin_small_again():
    backoff = Backoff()
    for _ in range(10):
        backoff.next()
    backoff.reset()
    assert backoff.next() <= 1


class Dialled:
    """A `connect` that fails in the ways it is told, and notes when it was asked."""

    def __init__(self, *outcomes):
        self.outcomes = list(outcomes)
        self.times = []
        self.enough = trio.Event()

    @asynccontextmanager
    async def __call__(self):
        self.times.append(trio.current_time())
        outcome = self.outcomes.pop(0)
        if not self.outcomes:
            self.enough.set()
        if isinstance(outcome, Exception):
            raise outcome
        yield outcome

    @property
    def waits(self):
        return [later - earlier for earlier, later in zip(self.times, self.times[1:], strict=False)]


async def until_enough(dialled, nursery, serve=None, **options):
    async def never(link):
        raise AssertionError("nothing to serve")

    nursery.start_soon(lambda: keep_linked(dialled, serve or never, **options))
    await dialled.enough.wait()


async def test_it_tries_again_with_growing_waits(autojump_clock, nursery):
    dialled = Dialled(*[LinkLost("Nothing answers.")] * 9)
    await until_enough(dialled, nursery, backoff=Backoff(random=random.Random(1)))
    assert all(0.5 <= wait <= 12 for wait in dialled.waits)
    assert max(dialled.waits) > 8


async def test_a_refusal_is_tried_again_slowly(autojump_clock, nursery, caplog):
    dialled = Dialled(*[LinkRefused("The token is not ours.", code="token")] * 3)
    states = []
    with caplog.at_level(logging.WARNING):
        await until_enough(dialled, nursery, on_state=states.append)
    assert dialled.waits == [pytest.approx(30), pytest.approx(30)]
    assert states[:2] == ["connecting", "refused"]
    assert caplog.text.count("The token is not ours.") == 1


async def test_a_busy_peer_is_tried_again_like_one_that_is_away(autojump_clock, nursery):
    dialled = Dialled(*[LinkRefused("Try again later.", code="busy")] * 2)
    states = []
    await until_enough(dialled, nursery, on_state=states.append)
    assert dialled.waits[0] <= 1
    assert states[:2] == ["connecting", "away"]


async def test_the_peer_says_over_how_long_to_spread_the_return(autojump_clock, nursery, links_in_memory):
    dialled = Dialled(*[links_in_memory] * 20)
    links_in_memory.told_spread = 9.5

    async def serve(link):
        await trio.sleep(11)
        raise LinkLost("The cable was pulled.")

    await until_enough(dialled, nursery, serve)
    waits = [wait - 11 for wait in dialled.waits]
    assert all(0.5 <= wait <= 9.5 for wait in waits)
    assert max(waits) > 2


async def test_a_link_that_lived_long_is_redialled_soon(autojump_clock, nursery, links_in_memory):
    failures = [LinkLost("Nothing answers.")] * 8
    dialled = Dialled(*failures, links_in_memory, LinkLost("Gone."), LinkLost("Gone."))
    states = []

    async def serve(link):
        await trio.sleep(11)
        raise LinkLost("The cable was pulled.")

    await until_enough(dialled, nursery, serve, on_state=states.append)
    assert dialled.waits[8] - 11 <= 1
    assert "live" in states


async def test_a_link_that_dies_at_once_does_not_reset_the_waits(autojump_clock, nursery, links_in_memory):
    backoff = Backoff()
    dialled = Dialled(*[links_in_memory] * 6)

    async def serve(link):
        raise LinkLost("Closed again.")

    await until_enough(dialled, nursery, serve, backoff=backoff)
    assert backoff.attempts >= 5


async def test_a_group_that_holds_a_lost_link_is_a_lost_link(autojump_clock, nursery, links_in_memory):
    dialled = Dialled(links_in_memory, LinkLost("x"))

    async def serve(link):
        raise ExceptionGroup("nursery", [LinkLost("Inside.")])

    await until_enough(dialled, nursery, serve)
    assert len(dialled.times) == 2


async def test_a_signal_that_the_network_is_back_ends_the_wait(autojump_clock, nursery):
    wake = Wake()
    dialled = Dialled(*[LinkRefused("No.", code="token")] * 2)
    nursery.start_soon(until_enough, dialled, nursery)
    other = Dialled(*[LinkRefused("No.", code="token")] * 2)

    async def signal():
        await trio.sleep(3)
        wake.set()

    nursery.start_soon(signal)
    await until_enough(other, nursery, wake=wake)
    assert other.waits == [pytest.approx(3)]


async def test_what_is_no_matter_of_links_passes():
    dialled = Dialled(ConfigError('"x" is not a websocket address.'))
    with pytest.raises(ConfigError):
        await keep_linked(dialled, lambda link: trio.sleep_forever())  # noqa: ASYNC105  # it is awaited by whom it is given to
