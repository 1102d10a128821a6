"""Streams as their consumer sees them: order, pace, and every way they end."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import trio
import trio.testing
from trio.testing import wait_all_tasks_blocked

from peek_trio.errors import DeadlineExceeded, PeekError, Rejected, Unavailable
from peek_trio.transport import Switchboard, rpc
from peek_trio.transport.calls.caller import WINDOW
from tests.transport.network import Network


@rpc(served_by="server")
async def count(to: int) -> AsyncIterator[int]:
    """Counts from 0."""
    ...


async def pair(network: Network) -> tuple[Switchboard, Switchboard]:
    server, client = await network.board("server"), await network.board("client")
    await network.link(server, client)
    return server, client


async def test_a_stream_gives_every_item_in_order(any_network: Network) -> None:
    server, client = await pair(any_network)

    async def count_here(to: int) -> AsyncIterator[int]:
        for number in range(to):
            yield number

    server.scope("p").serve(count, count_here)
    for board in (client, server):
        async with board.streamer(count)(500) as numbers:
            assert [number async for number in numbers] == list(range(500))


async def test_a_slow_consumer_holds_the_callee_back(network: Network) -> None:
    server, client = await pair(network)
    made = 0

    async def count_here(to: int) -> AsyncIterator[int]:
        nonlocal made
        for number in range(to):
            made += 1
            yield number

    server.scope("p").serve(count, count_here)
    async with client.streamer(count)(10_000) as numbers:
        await wait_all_tasks_blocked()
        assert made == WINDOW
        for _ in range(WINDOW // 2):
            await anext(numbers)
        await wait_all_tasks_blocked()
        assert made == WINDOW + WINDOW // 2


async def test_leaving_a_stream_cancels_the_callee(any_network: Network) -> None:
    server, client = await pair(any_network)
    ended = trio.Semaphore(0)

    async def count_here(to: int) -> AsyncIterator[int]:
        try:
            async with trio.open_nursery():
                for number in range(to):
                    yield number
        finally:
            ended.release()

    server.scope("p").serve(count, count_here)
    for board in (client, server):
        async with board.streamer(count)(10_000) as numbers:
            assert await anext(numbers) == 0
        with trio.fail_after(5):
            await ended.acquire()


async def test_an_error_ends_a_stream_after_its_items(network: Network) -> None:
    server, client = await pair(network)

    async def count_here(to: int) -> AsyncIterator[int]:
        yield 0
        raise Rejected("No more numbers.")

    server.scope("p").serve(count, count_here)
    for board in (client, server):
        async with board.streamer(count)(5) as numbers:
            assert await anext(numbers) == 0
            with pytest.raises(Rejected, match="No more numbers"):
                await anext(numbers)


async def test_a_stream_has_one_deadline_for_all_of_it(
    network: Network, autojump_clock: trio.testing.MockClock
) -> None:
    server, client = await pair(network)

    async def count_here(to: int) -> AsyncIterator[int]:
        for number in range(to):
            yield number
            await trio.sleep(4)

    server.scope("p").serve(count, count_here)
    for board in (client, server):
        async with board.streamer(count, timeout=10)(5) as numbers:
            with pytest.raises(DeadlineExceeded):
                assert [number async for number in numbers] == []
        assert trio.current_time() == pytest.approx(10 if board is client else 20)


async def test_a_lost_link_ends_a_stream(network: Network) -> None:
    server, client = await network.board("server"), await network.board("client")
    connection = await network.link(server, client)

    async def count_here(to: int) -> AsyncIterator[int]:
        yield 0
        await trio.sleep_forever()

    server.scope("p").serve(count, count_here)
    async with client.streamer(count)(5) as numbers:
        assert await anext(numbers) == 0
        await connection.cut()
        with pytest.raises(Unavailable, match="was lost"):
            await anext(numbers)


async def test_a_streaming_contract_needs_a_streamer_and_another_one_a_caller(network: Network) -> None:
    @rpc(served_by="server")
    async def total() -> int: ...

    _, client = await pair(network)
    with pytest.raises(PeekError, match="count streams: use a streamer"):
        await client.caller(count)(1)
    with pytest.raises(PeekError, match="total does not stream: use a caller"):
        async with client.streamer(total)():  # type: ignore[arg-type, var-annotated]
            raise AssertionError
