"""One request has one trace on all of its way, in what it causes, and in the log of both ends."""

from __future__ import annotations

import logging
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest

from peek_trio.errors import Rejected, RemoteError
from peek_trio.logs import current_trace
from peek_trio.security import signed_in
from peek_trio.transport import ActionRequest, ActionResult, Switchboard, rpc
from peek_trio.transport.calls.caller import ask
from peek_trio.transport.trace import new_trace, trace_of
from peek_trio.transport.wire import Peer
from tests.transport.network import JOE, Network, SetValue


@rpc(served_by="server")
async def outer() -> list[str]:
    """The trace at the server, then the one that its own call had."""
    ...


@rpc(served_by="agent")
async def inner() -> str:
    """The trace at the agent."""
    ...


@rpc(served_by="server")
async def ticks() -> AsyncIterator[str]:
    """The trace, once."""
    ...


async def trace_here() -> str:
    return current_trace.get()


async def pair(network: Network) -> tuple[Switchboard, Switchboard]:
    server, device = await network.board("server"), await network.board("device")
    await network.link(server, device, JOE)
    return server, device


def test_a_trace_is_sixteen_hexadecimal_digits() -> None:
    traces = {new_trace() for _ in range(100)}
    assert len(traces) == 100
    assert all(re.fullmatch("[0-9a-f]{16}", trace) for trace in traces)
    assert {trace_of({"tr": trace}) for trace in traces} == traces


async def test_what_a_call_causes_has_its_trace(any_network: Network) -> None:
    server, client, device, agent = [await any_network.board(kind) for kind in ("server", "client", "device", "agent")]
    await any_network.link(server, client)
    await any_network.link(client, device, JOE)
    await any_network.link(server, agent)
    agent.scope("p").serve(inner, trace_here)

    async def outer_here() -> list[str]:
        return [current_trace.get(), await server.caller(inner)()]

    server.scope("p").serve(outer, outer_here, allow=signed_in)
    first, second = await device.caller(outer)(), await device.caller(outer)()
    assert first[0] == first[1]
    assert second[0] == second[1] != first[0]
    here, at_agent = await server.caller(outer)()
    assert here == at_agent != ""


async def test_a_call_leaves_no_trace_behind(network: Network) -> None:
    server, device = await pair(network)
    server.scope("p").serve(outer, lambda: [current_trace.get()], allow=signed_in)
    server.scope("p").serve(inner_of_server, trace_here, allow=signed_in)
    await server.caller(outer)()
    assert current_trace.get() == ""
    assert await device.caller(inner_of_server)() != await device.caller(inner_of_server)()


@rpc(served_by="server")
async def inner_of_server() -> str:
    """The trace."""
    ...


async def test_a_stream_a_message_and_an_action_have_one_too(network: Network) -> None:
    server, device = await pair(network)
    seen: list[str] = []

    async def ticks_here() -> AsyncIterator[str]:
        yield current_trace.get()

    async def hear(rows: list[Any], peer: Peer | None) -> None:
        seen.append(current_trace.get())

    async def apply(request: ActionRequest) -> ActionResult:
        seen.append(current_trace.get())
        return ActionResult("applied")

    scope = server.scope("p")
    scope.serve(ticks, ticks_here, allow=signed_in)
    scope.listen({}, hear, allow=signed_in)
    scope.handle(SetValue, apply, allow=signed_in)
    for board in device, server:
        async with board.streamer(ticks)() as items:
            seen.append(await anext(items))
        await board.send_message({})
        await board.act(SetValue("a", 1))
    assert len(set(seen)) == 6
    assert all(re.fullmatch("[0-9a-f]{16}", trace) for trace in seen)


async def test_a_thread_knows_its_trace(network: Network) -> None:
    server, device = await pair(network)

    def in_thread() -> str:
        return current_trace.get()

    server.scope("p").serve(inner_of_server, in_thread, allow=signed_in)
    port = device._directory.upstream
    assert port is not None
    answer = await ask(port, {"k": "call", "m": inner_of_server.name, "tr": "0" * 16}, b"{}", timeout=5, what="It")
    assert answer.body == b'"0000000000000000"'


async def test_both_ends_log_a_request_with_its_trace_outcome_and_time(
    network: Network, caplog: pytest.LogCaptureFixture
) -> None:
    server, device = await pair(network)

    async def reject() -> str:
        raise Rejected("Not today.")

    scope = server.scope("p")
    scope.serve(outer, trace_list, allow=signed_in)
    scope.serve(inner_of_server, reject, allow=signed_in)
    with caplog.at_level(logging.DEBUG, logger="peek_trio.requests"):
        (trace,) = await device.caller(outer)()
        with pytest.raises(Rejected):
            await device.caller(inner_of_server)()
    lines = [(record.trace, record.getMessage()) for record in caplog.records]  # type: ignore[attr-defined]
    assert [line for of, line in lines if of == trace] == [
        Line(r"Answered device 'device-1': call 'tests\.outer', answered, \d+\.\d ms"),
        Line(r"Asked server 'server-1': call 'tests\.outer', answered, \d+\.\d ms"),
    ]
    assert [line for of, line in lines if of != trace] == [
        Line(r"Answered device 'device-1': call 'tests\.inner_of_server', Rejected: Not today\., \d+\.\d ms"),
        Line(r"Asked server 'server-1': call 'tests\.inner_of_server', Rejected: Not today\., \d+\.\d ms"),
    ]


async def test_messages_actions_and_subscriptions_are_logged_as_well(
    network: Network, caplog: pytest.LogCaptureFixture
) -> None:
    server, device = await pair(network)

    async def hear(rows: list[Any], peer: Peer | None) -> None:
        pass

    server.scope("p").listen({"a": 1}, hear, allow=signed_in)
    with caplog.at_level(logging.DEBUG, logger="peek_trio.requests"):
        await device.send_message({"a": 1})
        await device.act(SetValue("a", 1))
        await server.send_message({"a": 1})
    said = [record.getMessage() for record in caplog.records]
    assert said == [
        Line(r"Answered device 'device-1': msg {'a': 1}, taken by 1, .* ms"),
        Line(r"Asked server 'server-1': msg {'a': 1}, answered, .* ms"),
        Line(r"Answered device 'device-1': act 'test.SetValue', rejected No plugin .*, .* ms"),
        Line(r"Asked server 'server-1': act 'test.SetValue', answered, .* ms"),
        Line(r"Answered this service: msg {'a': 1}, taken by 1, .* ms"),
    ]


async def test_a_name_cannot_forge_a_line_of_the_log(network: Network, caplog: pytest.LogCaptureFixture) -> None:
    _, device = await pair(network)
    port = device._directory.upstream
    assert port is not None
    with caplog.at_level(logging.DEBUG, logger="peek_trio.requests"), pytest.raises(Exception, match="Nobody here"):
        await ask(port, {"k": "call", "m": "p.f\nERROR all is lost" + "x" * 1000}, b"{}", timeout=5, what="It")
    assert len(caplog.records) == 2
    assert all("\n" not in record.getMessage() and len(record.getMessage()) < 2000 for record in caplog.records)


async def test_a_fault_far_away_is_found_by_the_trace_that_the_caller_was_told(
    any_network: Network, caplog: pytest.LogCaptureFixture
) -> None:
    server, client, device, agent = [await any_network.board(kind) for kind in ("server", "client", "device", "agent")]
    await any_network.link(server, client)
    await any_network.link(client, device, JOE)
    await any_network.link(server, agent)

    async def fail() -> str:
        raise ValueError("no meter")

    agent.scope("p").serve(inner, fail, allow=signed_in)
    with caplog.at_level(logging.ERROR), pytest.raises(RemoteError) as caught:
        await device.caller(inner)()
    told = re.search(r"The log of the agent says why \(trace ([0-9a-f]{16})\)\.$", str(caught.value))
    assert told is not None
    assert [record.trace for record in caplog.records] == [told[1]]  # type: ignore[attr-defined]


async def trace_list() -> list[str]:
    return [current_trace.get()]


class Line:
    """Equal to every text that matches its pattern."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern

    def __eq__(self, other: object) -> bool:
        return isinstance(other, str) and re.fullmatch(self.pattern, other) is not None

    def __repr__(self) -> str:
        return self.pattern

    __hash__ = None  # type: ignore[assignment]
