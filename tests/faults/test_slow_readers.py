"""A client that stops reading, over real sockets: what waits for it is bounded, it is sent away, and the others notice nothing."""

from __future__ import annotations

import secrets
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

import attrs
import pytest
import trio

from peek_trio.errors import LinkLost
from peek_trio.transport.wire import LinkStatistics, LinkTiming
from tests.protocol.client import Link, WebSocket, linked, written
from tests.protocol.house import DEVICE, READING, House, open_house

OTHERS = 10
UPDATES = 100
STATE = 40_000
"""Characters of a state that cannot be compressed away."""
P99_WITHIN = 0.05
GIVEN_UP_AFTER = 1.0


@attrs.define
class Reader:
    """A device that watches everything and reads at once."""

    link: Link
    number: int

    async def sees_next(self, since: float) -> float:
        """Waits for the next frame; how many seconds it took since then."""
        await self.link.answer(self.number)
        return trio.current_time() - since


@pytest.fixture
async def house(nursery: trio.Nursery, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    monkeypatch.setattr(LinkTiming, "DEVICE", LinkTiming(idle=10, send=GIVEN_UP_AFTER))
    house = await open_house(nursery, tmp_path)
    house.values = dict.fromkeys(range(4), 0)
    return house


@asynccontextmanager
async def readers(house: House) -> AsyncIterator[list[Reader]]:
    cookie = await house.cookie()
    async with AsyncExitStack() as stack:
        everybody = []
        for number in range(OTHERS):
            link = await stack.enter_async_context(linked(house.site, DEVICE | {"id": f"reader-{number}"}, cookie))
            everybody.append(Reader(link, await link.open("sub", t=READING, s={})))
            await link.answer(everybody[-1].number)
        yield everybody


@asynccontextmanager
async def who_stops_reading(house: House) -> AsyncIterator[WebSocket]:
    """A device that subscribes, and reads nothing from then on."""
    with socket.socket() as small:
        small.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        small.connect(("127.0.0.1", house.site))
        small.setblocking(False)
        async with trio.SocketStream(trio.socket.from_stdlib_socket(small.dup())) as stream:
            websocket = await WebSocket.open(stream, await house.cookie())
            await websocket.send(written({"k": "hello", "protocol": 1, **DEVICE, "id": "slow"}))
            await websocket.receive()
            await websocket.send(written({"k": "sub", "i": 1, "t": READING, "s": {}}))
            yield websocket


def of_the_slow_one(house: House) -> LinkStatistics | None:
    """How the house sees the link of who stopped reading; None when it is no longer there."""
    links = [link for link in house.board._links if link.peer.id == "slow"]
    return links[0].statistics() if links else None


async def update(house: House, everybody: list[Reader]) -> list[float]:
    """A new state for everybody; the seconds until each has it."""
    times: list[float] = []

    async def see(reader: Reader, since: float) -> None:
        times.append(await reader.sees_next(since))

    house.notes = secrets.token_hex(STATE // 4)
    async with trio.open_nursery() as nursery:
        since = trio.current_time()
        for reader in everybody:
            nursery.start_soon(see, reader, since)
        house.show(0, house.values[0] + 1)
    return times


def p99(times: list[float]) -> float:
    return sorted(times)[int(len(times) * 0.99)]


async def test_what_waits_is_bounded_and_the_others_are_as_fast_as_without_it(house: House) -> None:
    with trio.fail_after(50):
        async with readers(house) as everybody:
            alone = [time for _ in range(UPDATES // 4) for time in await update(house, everybody)]
            async with who_stops_reading(house):
                while of_the_slow_one(house) is None:
                    await trio.testing.wait_all_tasks_blocked(0.001)
                beside: list[float] = []
                most_bytes = most_frames = replaced = 0
                for _ in range(UPDATES):
                    beside += await update(house, everybody)
                    if (slow := of_the_slow_one(house)) is not None:
                        most_bytes = max(most_bytes, slow.waiting_bytes)
                        most_frames = max(most_frames, slow.waiting_frames)
                        replaced = max(replaced, slow.replaced)
            assert replaced > 0, "it was never behind"
            assert most_frames <= 2
            assert most_bytes <= 2 * STATE
            # The machine may be busy with other things: then it was just as busy a moment ago.
            assert p99(beside) <= max(P99_WITHIN, 3 * p99(alone))


async def test_it_is_sent_away_with_a_sentence_and_a_fresh_link_is_live_at_once(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended: list[LinkLost] = []
    serve_link = type(house.board).serve_link

    async def serve(board: object, link: object, **options: object) -> None:
        try:
            await serve_link(house.board, link, **options)  # type: ignore[arg-type]
        except LinkLost as lost:
            ended.append(lost)
            raise

    monkeypatch.setattr(type(house.board), "serve_link", serve)
    with trio.fail_after(50):
        async with readers(house) as everybody:
            async with who_stops_reading(house) as websocket:
                while not ended:
                    await update(house, everybody)
                    with suppress(trio.BrokenResourceError):  # sent away meanwhile
                        await websocket.send(written({"k": "ping", "n": 1}))  # it lives, and sends
            assert (ended[0].code, ended[0].reason) == (1013, "The peer takes too long to receive.")
            async with linked(house.site, DEVICE | {"id": "slow"}, await house.cookie()) as again:
                number = await again.open("sub", t=READING, s={})
                header, _ = await again.answer(number)
                assert header["k"] == "state"
            assert max(await update(house, everybody)) < 10
