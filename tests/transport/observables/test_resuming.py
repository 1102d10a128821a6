"""Whatever breaks and whenever: in the end every device has the rows of the server, knows how many changes it did not see, and knows that
what it wrote itself is there."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterator

import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st
from trio.testing import MockClock

from tests.transport.network import Reading
from tests.transport.observables.stepping import World

Happening = Callable[[World], Awaitable[None]]


class Warnings(logging.Handler):
    """Whatever a relay complains of: in these stories nothing that it is sent is unfit."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.heard: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.heard.append(record.getMessage())


@pytest.fixture(autouse=True, scope="module")
def _no_complaints() -> Iterator[None]:
    warnings, relay = Warnings(), logging.getLogger("peek_trio.transport.observables.relay")
    relay.addHandler(warnings)
    yield
    relay.removeHandler(warnings)
    assert warnings.heard == []


def run(scenario: Happening) -> World:
    """Plays a scenario, heals what it broke and checks every device."""
    clock = MockClock()
    worlds: list[World] = []

    async def play() -> None:
        async with trio.open_nursery() as nursery:
            world = World(nursery, clock)
            worlds.append(world)
            await world.start()
            await scenario(world)
            await world.heal()
            world.check()
            nursery.cancel_scope.cancel()

    trio.run(play, clock=clock)
    return worlds[0]


@st.composite
def changes(draw: st.DrawFn) -> Happening:
    """Another answer of the provider: a few edits, something else altogether, or what was there before."""
    kind = draw(st.sampled_from(["edit", "edit", "edit", "insert", "remove", "move", "all", "none", "back", "same"]))
    place, other = draw(st.integers(0, 30)), draw(st.integers(0, 30))

    async def change(world: World) -> None:
        rows, number = list(world.rows), len(world.past)
        spot = place % len(rows) if rows else 0
        if kind == "edit" and rows:
            rows[spot] = Reading(rows[spot].meter, 1000 + number)
        elif kind == "insert":
            rows.insert(spot, Reading(f"meter {number} is new", number))
        elif kind == "remove" and rows:
            del rows[spot]
        elif kind == "move" and rows:
            rows.insert(other % len(rows), rows.pop(spot))
        elif kind == "all":
            rows = [Reading(f"meter {each}", 10_000 * number + each) for each in range(place)]
        elif kind == "none":
            rows = []
        elif kind == "back":
            rows = world.past[place % len(world.past)]
        await world.change(rows)

    return change


LINKS = st.integers(0, 4)
happenings: st.SearchStrategy[Happening] = st.one_of(
    changes(),
    changes(),
    st.builds(lambda link, down: lambda world: world.cross(link, down), LINKS, st.booleans()),
    st.builds(lambda link, down: lambda world: world.cross(link, down), LINKS, st.booleans()),
    st.builds(lambda link: lambda world: world.cut(link), LINKS),
    st.builds(lambda link: lambda world: world.link(link), LINKS),
    st.builds(lambda seconds: lambda world: world.wait(seconds), st.sampled_from([0.5, 5, 100])),
    st.just(lambda world: world.settle()),
    st.just(lambda world: world.restart_server()),
    st.builds(lambda client: lambda world: world.restart_client(client), st.integers(0, 1)),
    st.just(lambda world: world.stop_plugin()),
    st.just(lambda world: world.start_plugin()),
    st.builds(lambda device: lambda world: world.watch_anew(device), st.integers(0, 2)),
    st.builds(lambda device: lambda world: world.begin(device), st.integers(0, 2)),
    st.builds(lambda which: lambda world: world.commit(which), st.integers(0, 5)),
    st.builds(lambda which: lambda world: world.commit(which), st.integers(0, 5)),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(happenings, max_size=50))
def test_whatever_happens_the_device_ends_with_the_rows_of_the_server(story: list[Happening]) -> None:
    async def tell(world: World) -> None:
        for happening in story:
            await happening(world)

    run(tell)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.one_of(changes(), st.builds(lambda link: lambda world: world.cross(link, True), LINKS)), max_size=50)
)
def test_while_nothing_breaks_every_change_is_seen_or_counted(story: list[Happening]) -> None:
    async def tell(world: World) -> None:
        for happening in story:
            await happening(world)

    assert run(tell).undisturbed


async def story(world: World, broken: int | None = None, at: int | None = None) -> None:
    """Ten changes that arrive everywhere. After the frame number `at` the link `broken` is cut, and made again two frames later."""
    for number in range(10):
        rows = list(world.rows)
        rows[number] = Reading(rows[number].meter, 1000 + number)
        rows.insert(0, rows.pop())
        await world.begin(number % 3)
        await world.change(rows)
        await world.commit(0)
        moved = True
        while moved:
            moved = False
            for link in range(len(world.links)):
                for down in (False, True):
                    while await world.cross(link, down):
                        moved = True
                        if at is not None and broken is not None:
                            if world.crossed == at:
                                await world.cut(broken)
                            if world.crossed == at + 2:
                                await world.link(broken)


def test_a_link_may_be_cut_after_any_frame() -> None:
    frames = run(story).crossed
    assert frames > 50
    for broken in (0, 2):
        for at in range(1, frames + 1, 3):
            run(lambda world, broken=broken, at=at: story(world, broken, at))
