"""The way a call finds: to a kind, to one service, through the client service and the server."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from peek_trio.errors import NotAllowed, Unavailable
from peek_trio.security import Principal, services, signed_in
from peek_trio.transport import Switchboard, rpc
from peek_trio.transport.calls.caller import WINDOW
from tests.transport.network import JOE, Network


@rpc(served_by="server")
async def add(a: int, b: int = 10) -> int:
    """The sum."""
    ...


@rpc(served_by="agent")
async def whose() -> str:
    """Who asked whom."""
    ...


async def star(network: Network) -> tuple[Switchboard, Switchboard, list[Switchboard]]:
    """A server with a client service, a device on that, and two agents."""
    server, client = await network.board("server"), await network.board("client")
    device = await network.board("device")
    await network.link(server, client)
    await network.link(client, device, JOE)
    agents = []
    for name in ("agent-a", "agent-b"):
        agent = await network.board("agent", name)
        await network.link(server, agent)

        async def whose_here(principal: Principal, name: str = name) -> str:
            return f"{principal.name} asked {name}"

        agent.scope("p").serve(whose, whose_here, allow=signed_in)
        agents.append(agent)
    return server, device, agents


async def test_services_of_a_kind_are_called_in_turn(network: Network) -> None:
    server, _, _ = await star(network)
    answers = [await server.caller(whose)() for _ in range(4)]
    assert sorted(set(answers)) == ["server-1 asked agent-a", "server-1 asked agent-b"]
    assert answers[:2] == answers[2:]


async def test_one_service_is_called_by_its_id(network: Network) -> None:
    server, device, _ = await star(network)
    assert await server.caller(whose, to="agent-b")() == "server-1 asked agent-b"
    assert await device.caller(whose, to="agent-a")() == "joe asked agent-a"


async def test_a_device_reaches_an_agent_in_its_own_name(any_network: Network) -> None:
    _, device, _ = await star(any_network)
    assert (await device.caller(whose)()).startswith("joe asked agent-")


async def test_a_forwarded_call_is_cancelled_all_the_way(network: Network) -> None:
    _, device, agents = await star(network)
    began, ended = trio.Event(), trio.Event()

    @rpc(served_by="agent")
    async def hang() -> None: ...

    async def hang_here() -> None:
        try:
            began.set()
            await trio.sleep_forever()
        finally:
            ended.set()

    agents[0].scope("q").serve(hang, hang_here, allow=signed_in)
    with trio.CancelScope() as scope:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(device.caller(hang, to="agent-a"))
            await began.wait()
            scope.cancel()
    with trio.fail_after(5):
        await ended.wait()


async def test_an_agent_that_is_lost_fails_the_device_that_called_it(network: Network) -> None:
    server, client, device, agent = [await network.board(kind) for kind in ("server", "client", "device", "agent")]
    await network.link(server, client)
    await network.link(client, device, JOE)
    connection = await network.link(server, agent)
    began = trio.Event()

    async def hang() -> str:
        began.set()
        await trio.sleep_forever()
        raise AssertionError

    agent.scope("p").serve(whose, hang, allow=signed_in)
    with trio.fail_after(5):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(expect_unavailable, device)
            await began.wait()
            await connection.cut()


async def expect_unavailable(board: Switchboard) -> None:
    with pytest.raises(Unavailable, match="agent-1 was lost"):
        await board.caller(whose)()


async def test_a_stream_is_forwarded_with_its_pace(network: Network) -> None:
    _, device, agents = await star(network)
    made = 0

    @rpc(served_by="agent")
    async def ticks() -> AsyncIterator[int]: ...

    async def ticks_here() -> AsyncIterator[int]:
        nonlocal made
        for number in range(10_000):
            made += 1
            yield number

    agents[0].scope("q").serve(ticks, ticks_here, allow=signed_in)
    async with device.streamer(ticks, to="agent-a")() as numbers:
        await wait_all_tasks_blocked()
        assert made == WINDOW
        assert [await anext(numbers) for _ in range(200)] == list(range(200))


async def test_a_device_that_calls_itself_an_agent_is_none(network: Network) -> None:
    server = await network.board("server")
    impostor = await network.board("agent", "agent-x")
    await network.link(server, impostor, JOE)
    with pytest.raises(Unavailable, match="No agent is connected"):
        await server.caller(whose)()
    with pytest.raises(Unavailable, match="agent-x is not connected"):
        await server.caller(whose, to="agent-x")()


async def test_only_services_may_call_by_default(network: Network) -> None:
    server, device = await network.board("server"), await network.board("device")
    await network.link(server, device, JOE)

    async def add_here(a: int, b: int) -> int:
        return a + b

    server.scope("p").serve(add, add_here)
    with pytest.raises(NotAllowed, match=services.name):
        await device.caller(add)(1, 2)
