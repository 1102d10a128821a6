"""Calls between services: results, errors, deadlines, cancellation, streams and bounds."""

from __future__ import annotations

import logging
import math
import threading
from collections.abc import AsyncIterator
from typing import Any

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from peek_trio.errors import (
    BadRequest,
    Conflict,
    DeadlineExceeded,
    NoSuchEndpoint,
    NotAllowed,
    PeekError,
    Rejected,
    RemoteError,
    Unavailable,
)
from peek_trio.security import Principal, admin, signed_in
from peek_trio.transport import Switchboard, rpc
from peek_trio.transport.calls.methods import THREADS, CallStatistics
from peek_trio.transport.exchange import MOST_IN_FLIGHT
from tests.transport.network import ANN, JOE, Network, Reading


@rpc(served_by="server")
async def add(a: int, b: int = 10) -> int:
    """The sum."""
    ...


@rpc(served_by="server")
async def best(readings: list[Reading]) -> Reading:
    """The reading with the largest value."""
    ...


@rpc(served_by="server")
async def count(to: int) -> AsyncIterator[int]:
    """Counts from 0."""
    ...


@rpc(served_by="agent")
async def whose() -> str:
    """Who asked whom."""
    ...


async def pair(network: Network) -> tuple[Switchboard, Switchboard]:
    server, client = await network.board("server"), await network.board("client")
    await network.link(server, client)
    return server, client


async def test_a_call_returns_what_the_function_returned(any_network: Network) -> None:
    server, client = await pair(any_network)

    async def add_here(a: int, b: int) -> int:
        return a + b

    server.scope("p").serve(add, add_here)
    assert await client.caller(add)(1, 2) == 3
    assert await client.caller(add)(1) == 11
    assert await client.caller(add)(b=1, a=1) == 2


async def test_tuples_travel_as_arguments_and_results(any_network: Network) -> None:
    server, client = await pair(any_network)

    async def best_here(readings: list[Reading]) -> Reading:
        return max(readings, key=lambda reading: reading.value)

    server.scope("p").serve(best, best_here)
    assert await client.caller(best)([Reading("a", 1), Reading("b", 5)]) == Reading("b", 5)


async def test_a_call_of_the_same_service_needs_no_link(network: Network) -> None:
    server = await network.board("server")

    async def add_here(a: int, b: int, principal: Principal) -> int:
        assert principal == server.principal
        return a + b

    server.scope("p").serve(add, add_here)
    assert await server.caller(add)(1) == 11


@pytest.mark.parametrize("error", [Rejected("The breaker is locked."), Conflict("Somebody was faster.")])
async def test_an_error_of_the_application_keeps_its_type_and_message(network: Network, error: PeekError) -> None:
    server, client = await pair(network)

    async def refuse(a: int, b: int) -> int:
        raise error

    server.scope("p").serve(add, refuse)
    for board in (client, server):
        with pytest.raises(type(error), match=str(error)):
            await board.caller(add)(1, 2)


async def test_a_fault_crosses_as_one_sentence_that_leads_to_its_traceback_in_the_log(
    any_network: Network, caplog: pytest.LogCaptureFixture
) -> None:
    server, client = await pair(any_network)

    async def fail(a: int, b: int) -> int:
        return {}["secret"]  # type: ignore[no-any-return]

    server.scope("p").serve(add, fail)
    for board in client, server:
        with caplog.at_level(logging.ERROR), pytest.raises(RemoteError) as caught:
            await board.caller(add)(1, 2)
        record: Any = caplog.records[-1]
        assert str(caught.value) == f"KeyError: 'secret'. The log of the server says why (trace {record.trace})."
        assert record.exc_info is not None


async def test_a_fault_costs_only_the_call_it_happened_in(any_network: Network) -> None:
    server, client = await pair(any_network)
    release = trio.Event()
    sums: list[int] = []

    async def add_here(a: int, b: int) -> int:
        if b == 0:
            raise ZeroDivisionError
        await release.wait()
        return a + b

    async def call(a: int) -> None:
        sums.append(await client.caller(add)(a, 1))

    server.scope("p").serve(add, add_here)
    with trio.fail_after(5):
        async with trio.open_nursery() as nursery:
            for number in range(3):
                nursery.start_soon(call, number)
            for _ in range(3):
                with pytest.raises(RemoteError, match="ZeroDivisionError"):
                    await client.caller(add)(1, 0)
            release.set()
    assert sorted(sums) == [1, 2, 3]


async def test_a_denied_call_is_answered_at_once(network: Network, autojump_clock: trio.testing.MockClock) -> None:
    server, device = await network.board("server"), await network.board("device")
    await network.link(server, device, JOE)

    async def add_here(a: int, b: int) -> int:
        return a + b

    server.scope("p").serve(add, add_here, allow=admin)
    began = trio.current_time()
    with pytest.raises(NotAllowed, match=r'needs the role "admin"; you are joe'):
        await device.caller(add)(1, 2)
    assert trio.current_time() == began


async def test_a_method_that_nobody_serves_is_no_such_endpoint(network: Network) -> None:
    server, client = await pair(network)
    for board in (client, server):
        with pytest.raises(NoSuchEndpoint, match=r"test_rpc\.add|tests\.add"):
            await board.caller(add)(1, 2)


async def test_without_a_way_there_a_call_is_unavailable_at_once(
    network: Network, autojump_clock: trio.testing.MockClock
) -> None:
    server, client = await network.board("server"), await network.board("client")
    began = trio.current_time()
    with pytest.raises(Unavailable, match="The server is not connected"):
        await client.caller(add)(1, 2)
    with pytest.raises(Unavailable, match="No agent is connected"):
        await server.caller(whose)()
    with pytest.raises(Unavailable, match="agent-7 is not connected"):
        await server.caller(whose, to="agent-7")()
    assert trio.current_time() == began


async def test_arguments_that_do_not_fit_name_their_path(network: Network) -> None:
    server, client = await pair(network)

    async def best_here(readings: list[Reading]) -> Reading:
        return readings[0]

    server.scope("p").serve(best, best_here)
    wrong: Any = [Reading("a", 1), Reading("b", "five")]  # type: ignore[arg-type]
    with pytest.raises(BadRequest, match=r"\$\.readings\[1\]\.value"):
        await client.caller(best)(wrong)
    with pytest.raises(TypeError, match="missing 1 required"):
        await client.caller(best)()  # type: ignore[call-arg]


async def test_the_callee_checks_arguments_itself(network: Network) -> None:
    @rpc(served_by="server", name=add.name)
    async def older_add(a: int, c: int) -> int: ...

    server, client = await pair(network)

    async def add_here(a: int, b: int) -> int:
        return a + b

    server.scope("p").serve(add, add_here)
    with pytest.raises(BadRequest, match=r"do not fit tests\.add. \$\.c: There is no such field"):
        await client.caller(older_add)(1, 2)


async def test_a_result_that_is_not_what_the_contract_declares_is_an_error(network: Network) -> None:
    server, client = await pair(network)

    async def lie(a: int, b: int) -> int:
        return "three"  # type: ignore[return-value]

    server.scope("p").serve(add, lie)
    with pytest.raises(PeekError, match=r"(?i)expected .*int"):
        await client.caller(add)(1, 2)


async def test_the_deadline_travels_and_ends_the_callee(
    network: Network, autojump_clock: trio.testing.MockClock
) -> None:
    server, client = await pair(network)
    deadlines: list[float] = []
    ended = trio.Event()

    async def hang(a: int, b: int) -> int:
        deadlines.append(trio.current_effective_deadline() - trio.current_time())
        try:
            await trio.sleep_forever()
        finally:
            ended.set()
        raise AssertionError

    server.scope("p").serve(add, hang)
    with pytest.raises(DeadlineExceeded, match="took longer than 7 s"):
        await client.caller(add, timeout=7)(1, 2)
    await ended.wait()
    with trio.move_on_after(3):
        await client.caller(add, timeout=7)(1, 2)
    assert deadlines == pytest.approx([7, 3])


async def test_a_call_without_an_end_has_a_day(network: Network) -> None:
    server, client = await pair(network)
    left: list[float] = []

    async def look(a: int, b: int) -> int:
        left.append(trio.current_effective_deadline() - trio.current_time())
        return a

    server.scope("p").serve(add, look)
    await client.caller(add, timeout=math.inf)(1, 2)
    assert left == [pytest.approx(24 * 3600, abs=60)]


async def test_a_deadline_holds_within_a_service_as_well(
    network: Network, autojump_clock: trio.testing.MockClock
) -> None:
    server = await network.board("server")

    async def hang(a: int, b: int) -> int:
        await trio.sleep_forever()
        raise AssertionError

    server.scope("p").serve(add, hang)
    with pytest.raises(DeadlineExceeded, match="7 s"):
        await server.caller(add, timeout=7)(1, 2)


async def test_cancelling_the_caller_cancels_the_callee(any_network: Network) -> None:
    server, client = await pair(any_network)
    began, ended = trio.Event(), trio.Event()

    async def hang(a: int, b: int) -> int:
        try:
            began.set()
            await trio.sleep_forever()
        finally:
            ended.set()
        raise AssertionError

    server.scope("p").serve(add, hang)
    with trio.CancelScope() as scope:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(client.caller(add), 1, 2)
            await began.wait()
            scope.cancel()
    with trio.fail_after(5):
        await ended.wait()


async def test_a_lost_link_fails_every_call_in_flight_and_cancels_the_callees(any_network: Network) -> None:
    server, client = await any_network.board("server"), await any_network.board("client")
    connection = await any_network.link(server, client)
    errors: list[Unavailable] = []
    began, ended = trio.Semaphore(0), trio.Semaphore(0)

    async def hang(a: int, b: int) -> int:
        try:
            began.release()
            await trio.sleep_forever()
        finally:
            ended.release()
        raise AssertionError

    async def call() -> None:
        try:
            await client.caller(add)(1, 2)
        except Unavailable as error:
            errors.append(error)

    server.scope("p").serve(add, hang)
    with trio.fail_after(5):
        async with trio.open_nursery() as nursery:
            for _ in range(3):
                nursery.start_soon(call)
            for _ in range(3):
                await began.acquire()
            await connection.cut()
        for _ in range(3):
            await ended.acquire()
    assert ["was lost" in str(error) for error in errors] == [True] * 3


async def test_a_scope_that_closes_answers_its_calls_and_serves_no_more(network: Network) -> None:
    server, client = await pair(network)
    scope = server.scope("the plugin")

    async def hang(a: int, b: int) -> int:
        await trio.sleep_forever()
        raise AssertionError

    scope.serve(add, hang)
    with trio.fail_after(5):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(raises_unavailable, client)
            nursery.start_soon(raises_unavailable, server)
            await wait_all_tasks_blocked()
            scope.close()
    with pytest.raises(NoSuchEndpoint):
        await client.caller(add)(1, 2)
    with pytest.raises(PeekError, match="the plugin has stopped"):
        scope.serve(add, hang)


async def raises_unavailable(board: Switchboard) -> None:
    with pytest.raises(Unavailable, match=r"the plugin, which serves .*add, stopped"):
        await board.caller(add)(1, 2)


async def test_two_plugins_cannot_serve_one_method(network: Network) -> None:
    server = await network.board("server")

    async def add_here(a: int, b: int) -> int:
        return a + b

    server.scope("first").serve(add, add_here)
    with pytest.raises(PeekError, match=r"second cannot serve .*add: first already does"):
        server.scope("second").serve(add, add_here)


async def test_a_function_must_take_the_arguments_of_its_contract(network: Network) -> None:
    server = await network.board("server")

    async def add_here(a: int) -> int:
        return a

    with pytest.raises(PeekError, match=r"cannot serve .*add"):
        server.scope("p").serve(add, add_here)
    with pytest.raises(PeekError, match="is served by the agent, not by the server"):
        server.scope("p").serve(whose, add_here)


async def test_a_sync_function_runs_in_a_thread(network: Network) -> None:
    server, client = await pair(network)
    main = threading.get_ident()

    def add_in_thread(a: int, b: int) -> int:
        assert threading.get_ident() != main
        return a + b

    server.scope("p").serve(add, add_in_thread)
    assert await client.caller(add)(1, 2) == 3
    assert await server.caller(add)(1, 2) == 3


async def test_the_principal_of_the_caller_is_injected(network: Network) -> None:
    server, device = await network.board("server"), await network.board("device")
    await network.link(server, device, JOE)
    seen: list[Principal] = []

    async def add_here(a: int, b: int, principal: Principal) -> int:
        seen.append(principal)
        return a + b

    server.scope("p").serve(add, add_here, allow=signed_in)
    await device.caller(add)(1, 2)
    assert seen == [JOE]


async def test_more_calls_than_a_link_may_have_are_refused_at_once(network: Network) -> None:
    server, client = await pair(network)
    release = trio.Event()
    outcomes: list[str] = []

    async def wait(a: int, b: int) -> int:
        await release.wait()
        return a + b

    async def call() -> None:
        try:
            await client.caller(add)(1, 2)
        except Unavailable as error:
            outcomes.append(str(error))

    server.scope("p").serve(add, wait)
    async with trio.open_nursery() as nursery:
        for _ in range(MOST_IN_FLIGHT + 1):
            nursery.start_soon(call)
        await wait_all_tasks_blocked()
        assert len(outcomes) == 1
        assert "too many calls in flight" in outcomes[0]
        release.set()
    assert len(outcomes) == 1


# Who may call


@pytest.mark.parametrize(
    ("accepted", "calls"),
    [
        ({"agent"}, {"agent"}),
        ({"device", "client"}, {"device", "client"}),
        ({"server"}, {"server"}),
        (set(), set()),
        (None, {"agent", "client", "device", "server"}),
    ],
)
async def test_a_method_accepts_calls_from_the_kinds_it_names(
    any_network: Network, accepted: set[Any] | None, calls: set[str]
) -> None:
    server, client, device, agent = boards = [
        await any_network.board(kind) for kind in ("server", "client", "device", "agent")
    ]
    await any_network.link(server, client)
    await any_network.link(client, device, JOE)
    await any_network.link(server, agent)

    async def add_here(a: int, b: int) -> int:
        return a + b

    server.scope("p").serve(add, add_here, allow=signed_in, accept_from=accepted)
    for board in boards:
        if board.me.service in calls:
            assert await board.caller(add)(1, 2) == 3
        else:
            with pytest.raises(NotAllowed, match="is accepted from"):
                await board.caller(add)(1, 2)


async def test_the_kind_of_a_caller_is_what_it_proved(network: Network) -> None:
    server, impostor = await network.board("server"), await network.board("agent")
    await network.link(server, impostor, JOE)

    async def add_here(a: int, b: int) -> int:
        return a + b

    server.scope("p").serve(add, add_here, allow=signed_in, accept_from={"agent"})
    with pytest.raises(NotAllowed, match=r"is accepted from agent only; you are joe \(roles: operator\)\."):
        await impostor.caller(add)(1, 2)


async def test_accept_from_is_on_top_of_the_policy(network: Network) -> None:
    server, device = await network.board("server"), await network.board("device")
    await network.link(server, device, JOE)

    async def add_here(a: int, b: int) -> int:
        return a + b

    server.scope("p").serve(add, add_here, allow=admin, accept_from={"device"})
    with pytest.raises(NotAllowed, match='needs the role "admin"'):
        await device.caller(add)(1, 2)


@pytest.mark.parametrize("wrong", [{"tablet"}, "agent"])
async def test_accept_from_must_name_kinds(network: Network, wrong: Any) -> None:
    server = await network.board("server")

    async def add_here(a: int, b: int) -> int:
        return a + b

    with pytest.raises(PeekError, match=r"add is to be accepted from .*; it must be some of"):
        server.scope("p").serve(add, add_here, accept_from=wrong)


async def test_one_person_cannot_have_all_the_threads(network: Network) -> None:
    server = await network.board("server")
    devices = []
    for name, principal in (("d1", JOE), ("d2", ANN)):
        device = await network.board("device", name)
        await network.link(server, device, principal)
        devices.append(device)
    release = threading.Event()

    def add_in_thread(a: int, b: int) -> int:
        assert a == 0 or release.wait(20)
        return a + b

    server.scope("p").serve(add, add_in_thread, allow=signed_in)
    with trio.fail_after(20):
        async with trio.open_nursery() as nursery:
            for _ in range(THREADS):
                nursery.start_soon(devices[0].caller(add), 1, 1)
            await wait_all_tasks_blocked()
            assert server.methods.threads.borrowed_tokens == THREADS // 2
            assert await devices[1].caller(add)(0, 5) == 5
            release.set()


async def test_calls_are_counted(network: Network) -> None:
    server, client = await pair(network)

    async def add_here(a: int, b: int) -> int:
        if b == 0:
            raise Rejected("No.")
        if b < 0:
            await trio.sleep_forever()
        return a + b

    server.scope("p").serve(add, add_here)
    await client.caller(add)(1, 2)
    with pytest.raises(Rejected):
        await client.caller(add)(1, 0)
    with pytest.raises(NoSuchEndpoint):
        await client.caller(best)([])
    async with trio.open_nursery() as nursery:
        nursery.start_soon(client.caller(add), 1, -1)
        await wait_all_tasks_blocked()
        assert server.methods.statistics() == CallStatistics(in_flight=1, served=1, failed=1, refused=1)
        nursery.cancel_scope.cancel()
    await wait_all_tasks_blocked()
    assert server.methods.statistics() == CallStatistics(in_flight=0, served=1, failed=2, refused=1)
