"""Wrong bytes of every kind: they are refused as documented, and whoever was sent them serves everybody else. See also `tests/fuzz`."""

from __future__ import annotations

import json

import pytest
import trio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from peek_trio.errors import LinkError
from peek_trio.transport.wire import Frame, Hello, connect_websocket, dial_link
from tests.fuzz.mutations import Mutator, framed
from tests.fuzz.targets import TARGETS, Target
from tests.fuzz.world import ATTACKERS, DOCUMENTED, FRAMES, World
from tests.whole.device import device
from tests.whole.running import Running

QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
EVERY_TARGET = pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=8,
)


@EVERY_TARGET
@QUICK
@given(data=st.binary(max_size=200))
def test_any_bytes_are_refused_as_documented(target: Target, data: bytes) -> None:
    said = "something"
    try:
        target.take(data)
    except target.refuses as refusal:
        said = str(refusal)
    assert said


@EVERY_TARGET
@QUICK
@given(seed=st.integers(0, 2**32))
def test_what_is_nearly_right_is_refused_as_documented(target: Target, seed: int) -> None:
    mutator = Mutator(seed)
    for _ in range(10):
        assert target.attack(mutator) != "refused without a word"


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    headers=st.lists(
        st.tuples(st.sampled_from(FRAMES), st.dictionaries(st.sampled_from("citmsdpwfnto"), json_values, max_size=3)),
        min_size=10,
        max_size=10,
    )
)
def test_frames_with_anything_in_their_headers(headers: list[tuple[Frame, dict[str, object]]]) -> None:
    messages = [framed(json.dumps({**frame.header, **odd}).encode(), frame.body) for frame, odd in headers]
    trio.run(through_every_link, messages)


@pytest.mark.parametrize("seed", [1, 2])
def test_frames_that_are_nearly_right_cost_their_sender_the_link_and_nobody_else(seed: int) -> None:
    mutator = Mutator(seed)
    trio.run(through_every_link, [mutator.message(FRAMES) for _ in range(300)])


async def through_every_link(messages: list[bytes]) -> None:
    """Send them as every kind of peer, and see that it ends as documented."""
    world = World()
    async with trio.open_nursery() as nursery:
        await nursery.start(world.run)
        for who in ATTACKERS:
            attack = await world.attack(who)
            for message in messages:
                if not await attack.send(message):
                    assert attack.code in DOCUMENTED, (attack.reason, message)
                    assert attack.reason
                    attack = await world.attack(who)
            attack.stream.cut()
        assert await world.honest_answer() == "res"
        nursery.cancel_scope.cancel()
    assert world.complaints == []


REAL = [
    *FRAMES,
    Frame({"k": "call", "i": 21, "m": "peek_plugin_tutorial.ask_agent", "d": 5.0}, b'{"a":5,"b":3}'),
    Frame(
        {"k": "call", "i": 22, "m": "peek.loader_list", "d": 5.0},
        b'{"type":"peek_plugin_tutorial.StringInt","limit":1}',
    ),
    Frame({"k": "sub", "i": 23, "t": "peek_plugin_tutorial.StringInt", "s": {}}),
    Frame({"k": "sub", "i": 24, "t": "peek.UiPlugin", "s": {"site": "desktop"}}),
]


@pytest.mark.parametrize("seed", [3])
async def test_the_whole_platform_survives_a_device_that_sends_anything(
    platform: Running, cookie: str, seed: int
) -> None:
    mutator, url = Mutator(seed), f"ws://127.0.0.1:{platform.homes.desktop}/vortex"
    before = platform.homes.log("client"), platform.homes.log("server")
    hello = Hello("device", "hostile", version="0.1.0", site="desktop")

    async def rage(messages: int) -> None:
        while messages > 0:
            try:
                async with connect_websocket(url, headers=[("Cookie", cookie)]) as stream:
                    if mutator.random() < 0.9:
                        await dial_link(stream, hello)
                    for _ in range(20):
                        messages -= 1
                        await stream.send(mutator.message(REAL))
                        await trio.lowlevel.checkpoint()
            except LinkError:
                continue

    async with device(platform.homes.desktop, "desktop", cookie) as bystander, trio.open_nursery() as nursery:
        for _ in range(4):
            nursery.start_soon(rage, 500)
        for _ in range(5):
            assert await bystander.result("peek_plugin_tutorial.ask_agent", a=5, b=3) == 2
    async with device(platform.homes.desktop, "desktop", cookie) as newcomer:
        assert await newcomer.result("peek_plugin_tutorial.ask_agent", a=7, b=3) == 4
    for service, log in zip(("client", "server"), before, strict=True):
        assert "Traceback" not in platform.homes.log(service)[len(log) :]
