"""The way a call finds: to a kind, to one service, through the client service and the server; and back again when it was lost."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from peek_trio.errors import Conflict, DeadlineExceeded, NotAllowed, Rejected, Unavailable
from peek_trio.logs import current_trace
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


@rpc(served_by="server", idempotent=True)
async def read() -> int:
    """How often it was read."""
    ...


@rpc(served_by="agent", idempotent=True)
async def read_one() -> str:
    """Which agent was read."""
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
    with pytest.raises(Unavailable, match=r"agent-1 was lost.* may have been carried out\.") as caught:
        await board.caller(whose)()
    assert caught.value.sent


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


async def test_deadline_trace_error_and_cancel_cross_every_hop(network: Network, autojump_clock: MockClock) -> None:
    _, device, agents = await star(network)
    left: list[float] = []
    traces: list[str] = []
    cancelled = trio.Event()

    @rpc(served_by="agent")
    async def work(how: str) -> None: ...

    async def work_here(how: str) -> None:
        left.append(trio.current_effective_deadline() - trio.current_time())
        traces.append(current_trace.get())
        if how == "conflict":
            raise Conflict("Somebody was faster.")
        try:
            await trio.sleep_forever()
        finally:
            cancelled.set()

    agents[0].scope("q").serve(work, work_here, allow=signed_in)
    call = device.caller(work, to="agent-a", timeout=7)
    with pytest.raises(Conflict, match="Somebody was faster"):
        await call("conflict")
    with pytest.raises(DeadlineExceeded):
        await call("hang")
    await cancelled.wait()
    cancelled = trio.Event()
    with trio.move_on_after(3):
        await call("hang")
    await cancelled.wait()
    assert left == pytest.approx([7, 7, 3])
    assert len(set(traces)) == 3


@pytest.mark.parametrize("hops", [1, 3])
async def test_a_plugin_that_stops_fails_its_callers_at_once(any_network: Network, hops: int) -> None:
    server, device, agents = await star(any_network)
    caller, callee = (device, agents[0]) if hops == 3 else (server, agents[0])
    scope = callee.scope("the plugin")
    began = trio.Event()

    async def hang() -> str:
        began.set()
        await trio.sleep_forever()
        raise AssertionError

    async def call() -> None:
        with pytest.raises(Unavailable, match=r"the plugin, which serves .*read_one, stopped") as caught:
            await caller.caller(once, to="agent-a")()
        assert caught.value.sent

    once = rpc(served_by="agent", name=read_one.name)(read_one.declaration)
    scope.serve(once, hang, allow=signed_in)
    with trio.fail_after(5):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(call)
            await began.wait()
            scope.close()


# One that is lost


async def test_a_call_that_was_lost_says_whether_it_may_have_been_done(any_network: Network) -> None:
    server, client = await any_network.board("server"), await any_network.board("client")
    began = trio.Event()

    async def hang(a: int, b: int) -> int:
        began.set()
        await trio.sleep_forever()
        raise AssertionError

    server.scope("p").serve(add, hang)
    with pytest.raises(Unavailable, match="The server is not connected") as caught:
        await client.caller(add)(1)
    assert not caught.value.sent
    connection = await any_network.link(server, client)

    async def call() -> None:
        with pytest.raises(
            Unavailable, match=r"server-1 was lost: .*\. What was sent may have been carried out\."
        ) as caught:
            await client.caller(add)(1)
        assert caught.value.sent

    with trio.fail_after(5):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(call)
            await began.wait()
            await connection.cut()


async def test_a_callee_that_is_itself_without_its_source_was_reached(network: Network) -> None:
    server, client = await network.board("server"), await network.board("client")
    await network.link(server, client)

    async def no_agent(a: int, b: int) -> int:
        return int(await server.caller(whose)())

    server.scope("p").serve(add, no_agent)
    for board in client, server:
        with pytest.raises(Unavailable, match="No agent is connected") as caught:
            await board.caller(add)(1)
        assert caught.value.sent


async def test_an_idempotent_call_is_made_again_when_its_link_was_lost(any_network: Network) -> None:
    server, client = await any_network.board("server"), await any_network.board("client")
    connection = await any_network.link(server, client)
    reads, began = 0, trio.Event()
    results: list[int] = []

    async def read_here() -> int:
        nonlocal reads
        reads += 1
        if reads == 1:
            began.set()
            await trio.sleep_forever()
        return reads

    async def call() -> None:
        results.append(await client.caller(read)())

    server.scope("p").serve(read, read_here)
    with trio.fail_after(20):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(call)
            await began.wait()
            await connection.cut()
            await any_network.link(server, client)
    assert results == [2]


async def test_an_idempotent_call_waits_for_who_can_answer_it(network: Network, autojump_clock: MockClock) -> None:
    server, client = await network.board("server"), await network.board("client")
    results: list[int] = []

    async def call() -> None:
        results.append(await client.caller(read, timeout=60)())

    async def read_here() -> int:
        return 1

    server.scope("p").serve(read, read_here)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(call)
        await trio.sleep(20)
        assert results == []
        await network.link(server, client)
    assert results == [1]
    assert trio.current_time() <= 26


async def test_an_idempotent_call_gives_up_within_its_deadline(network: Network, autojump_clock: MockClock) -> None:
    server, client = await network.board("server"), await network.board("client")
    await network.link(server, client)
    times: list[float] = []

    async def unavailable() -> int:
        times.append(trio.current_time())
        raise Unavailable("The meter is off.")

    server.scope("p").serve(read, unavailable)
    for board in client, server:
        times.clear()
        began = trio.current_time()
        with pytest.raises(Unavailable, match="The meter is off"):
            await board.caller(read, timeout=40)()
        assert 30 < trio.current_time() - began < 40
        assert 8 < len(times) < 100, "with backoff, and never more than 5 s"
        with pytest.raises(Unavailable), trio.fail_after(10):
            await board.caller(read, timeout=40)()


async def test_other_errors_and_other_contracts_are_not_called_again(
    network: Network, autojump_clock: MockClock
) -> None:
    server, client = await network.board("server"), await network.board("client")
    await network.link(server, client)
    calls = 0

    async def reject() -> int:
        nonlocal calls
        calls += 1
        raise Rejected("Not today.")

    async def unavailable(a: int, b: int) -> int:
        nonlocal calls
        calls += 1
        raise Unavailable("The meter is off.")

    server.scope("p").serve(read, reject)
    server.scope("p").serve(add, unavailable)
    with pytest.raises(Rejected):
        await client.caller(read)()
    with pytest.raises(Unavailable):
        await client.caller(add)(1)
    assert (calls, trio.current_time()) == (2, 0)


async def test_who_was_unavailable_is_passed_over(network: Network, autojump_clock: MockClock) -> None:
    server = await network.board("server")
    asked: list[str] = []
    for name in ("agent-a", "agent-b"):
        agent = await network.board("agent", name)
        await network.link(server, agent)

        async def read_here(name: str = name) -> str:
            asked.append(name)
            if name == "agent-a":
                with pytest.raises(Rejected):
                    await server.caller(whose)()  # the turn is used up, so that it would be agent-a's again
                raise Unavailable("The meter is off.")
            return name

        async def reject() -> str:
            raise Rejected("Nobody's.")

        agent.scope("p").serve(read_one, read_here)
        agent.scope("p").serve(whose, reject)
    assert await server.caller(read_one)() == "agent-b"
    assert asked == ["agent-a", "agent-b"]


async def test_kinds_do_not_take_each_others_turns(network: Network) -> None:
    server = await network.board("server")

    @rpc(served_by="worker")
    async def who_works() -> str: ...

    for kind, contract in ("agent", whose), ("worker", who_works):
        for name in ("a", "b"):
            board = await network.board(kind, f"{kind}-{name}")
            await network.link(server, board)

            async def named(name: str = name) -> str:
                return name

            board.scope("p").serve(contract, named)
    answers = [await server.caller(contract)() for _ in range(2) for contract in (whose, who_works)]
    assert answers == ["a", "a", "b", "b"]
