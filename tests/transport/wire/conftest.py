"""Two ends to test with: streams, links that are not running yet, and links that are, on every transport there is."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from random import Random

import pytest
import trio

from peek_trio.errors import LinkLost
from peek_trio.security import Principal
from peek_trio.testing.wires import Way, connection
from peek_trio.transport.wire import (
    Frame,
    Hello,
    Limits,
    Link,
    LinkTiming,
    MessageStream,
    accept_link,
    accept_websocket,
    connect_websocket,
    dial_link,
    memory_stream_pair,
)

WITHIN = 5.0
SERVER = Hello("server", "s1", "Centre", "0.1.0")
AGENT = Hello("agent", "a1", "Yard", "0.1.0", {"peek_plugin_noop": "0.1.0"}, {"peek.Person": "abc"}, token="secret")

StreamPair = tuple[MessageStream, MessageStream]


@asynccontextmanager
async def websocket_pair(limits: Limits = Limits.SERVICE) -> AsyncIterator[StreamPair]:
    """A dialling and an accepting end over a real socket."""
    accepted, take_accepted = trio.open_memory_channel[MessageStream](1)
    (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
    port = listener.socket.getsockname()[1]

    async def accept_one() -> None:
        stream = await listener.accept()
        async with accept_websocket(stream, allowed_origins=lambda origin: True, limits=limits) as websocket:
            await accepted.send(websocket)
            await trio.sleep_forever()

    async with listener, trio.open_nursery() as nursery:
        nursery.start_soon(accept_one)
        async with connect_websocket(f"ws://127.0.0.1:{port}/vortex") as dialled:
            yield dialled, await take_accepted.receive()
        nursery.cancel_scope.cancel()


def harness_pair() -> StreamPair:
    """A dialling and an accepting end of the testing harness, on which nothing goes wrong."""
    accepting, dialling = connection(Way(Random(1)), Way(Random(2)))
    return dialling, accepting


@pytest.fixture(params=["memory", "websocket", "harness"])
async def streams(request: pytest.FixtureRequest) -> AsyncIterator[StreamPair]:
    """The dialling and the accepting end of one stream."""
    if request.param == "memory":
        yield memory_stream_pair()
    elif request.param == "harness":
        yield harness_pair()
    else:
        async with websocket_pair() as pair:
            yield pair


async def admit_agent(hello: Hello) -> Principal:
    return Principal.for_service(hello.service, hello.id, hello.name)


async def link_up(pair: StreamPair, *, dialler: Hello = AGENT, timing: LinkTiming | None = None) -> tuple[Link, Link]:
    """Both ends of a link, the dialling one first, with the hello done."""
    accepted: list[Link] = []

    async def accept() -> None:
        accepted.append(await accept_link(pair[1], SERVER, admit_agent, address="here", timing=timing))

    with trio.fail_after(WITHIN):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(accept)
            dialled = await dial_link(pair[0], dialler, timing=timing)
    return dialled, accepted[0]


class RunningLink:
    """A link that runs: what arrived on it, and how it ended."""

    def __init__(self, link: Link) -> None:
        self.link = link
        self.lost: LinkLost | None = None
        self._arrived, self._arrivals = trio.open_memory_channel[Frame](10_000)
        self._ended = trio.Event()
        self.scope = trio.CancelScope()

    async def run(self) -> None:
        with self.scope:
            try:
                await self.link.run(self._arrived.send_nowait)
            except LinkLost as lost:
                self.lost = lost
        self._ended.set()

    async def next(self) -> Frame:
        with trio.fail_after(WITHIN):
            return await self._arrivals.receive()

    async def end(self) -> LinkLost | None:
        with trio.fail_after(WITHIN):
            await self._ended.wait()
        return self.lost


Connected = tuple[RunningLink, RunningLink]


@pytest.fixture
async def links(streams: StreamPair) -> tuple[Link, Link]:
    """A dialled and an accepted link that do not run yet."""
    return await link_up(streams)


@pytest.fixture
async def connected(links: tuple[Link, Link], nursery: trio.Nursery) -> Connected:
    """A dialled and an accepted link that run."""
    left, right = RunningLink(links[0]), RunningLink(links[1])
    nursery.start_soon(left.run)
    nursery.start_soon(right.run)
    return left, right


@pytest.fixture
async def links_in_memory() -> Link:
    """The dialled end of an in-memory link that does not run."""
    return (await link_up(memory_stream_pair()))[0]


@pytest.fixture
def connect(nursery: trio.Nursery) -> Callable[..., object]:
    """Runs two ends of a link over a pair of streams, with a timing of their own."""

    async def make(pair: StreamPair, timing: LinkTiming | None = None, dialler: Hello = AGENT) -> Connected:
        both = await link_up(pair, dialler=dialler, timing=timing)
        left, right = RunningLink(both[0]), RunningLink(both[1])
        nursery.start_soon(left.run)
        nursery.start_soon(right.run)
        return left, right

    return make
