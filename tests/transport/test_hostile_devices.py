"""What a device may send to harm others: the link that its client service shares, somebody else's actions, the server's tasks."""

from __future__ import annotations

import logging
from typing import Any

import attrs
import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from peek_trio.errors import BadRequest, NotAllowed, Rejected
from peek_trio.security import Principal, anyone, services_of, signed_in
from peek_trio.transport import ActionRequest, ActionResult, Switchboard, rpc
from peek_trio.transport.calls.caller import ask
from peek_trio.transport.dispatch import LARGEST_SELECTOR
from peek_trio.transport.exchange import MOST_ROOM, Port
from peek_trio.transport.wire import Frame
from peek_trio.tuples import TupleSelector
from tests.transport.network import JOE, Connection, Network, Reading, SetValue

MALLORY = Principal("person", "mallory", roles=frozenset({"operator"}))
MADE = "2026-01-01T00:00:00+00:00"


@rpc(served_by="server")
async def echo(text: str) -> str:
    """Comes back."""
    ...


async def echoed(text: str) -> str:
    return text


@attrs.define
class Neighbours:
    """Two devices of one client service, and the link to the server that they share."""

    server: Switchboard
    shared: Connection
    mallory: Connection
    port: Port
    victim: Switchboard

    async def still_served(self) -> None:
        """The victim has noticed nothing."""
        await wait_all_tasks_blocked()
        assert not self.shared.upper.closed
        assert not self.shared.lower.closed
        assert await self.victim.caller(echo, timeout=5)("hello") == "hello"


@pytest.fixture
async def neighbours(network: Network) -> Neighbours:
    server, client = await network.board("server"), await network.board("client")
    hostile, victim = await network.board("device", "mallory's"), await network.board("device", "joe's")
    shared = await network.link(server, client)
    mallory = await network.link(client, hostile, MALLORY)
    await network.link(client, victim, JOE)
    server.scope("p").serve(echo, echoed, allow=signed_in)
    port = hostile._directory.upstream
    assert port is not None
    return Neighbours(server, shared, mallory, port, victim)


@pytest.mark.parametrize(
    "header",
    [
        {"k": "call", "i": 5, "m": "p.x", "d": "soon"},
        {"k": "call", "i": 5, "m": "p.x", "d": -1},
        {"k": "call", "i": 5, "m": ["p.x"]},
        {"k": "call", "i": 5},
        {"k": "act", "i": 5, "t": "x"},
        {"k": "act", "i": 5, "t": ["x"]},
        {"k": "act", "i": 5, "t": "x", "id": "1", "dev": "d", "key": "", "seq": 1, "made": "yesterday"},
        {"k": "act", "i": 5, "t": "x", "id": "1", "dev": "d", "key": "", "seq": 2**53, "made": MADE},
        {"k": "more", "i": 5, "n": MOST_ROOM + 1},
        {"k": "res", "i": []},
    ],
)
async def test_what_breaks_the_protocol_costs_the_link_of_who_sent_it_and_no_other(
    neighbours: Neighbours, header: dict[str, Any]
) -> None:
    neighbours.mallory.lower.send_nowait(Frame(header, b"{}"))
    with trio.fail_after(5):
        await neighbours.mallory.lost_by_upper.wait()
    assert neighbours.mallory.lower.closed
    await neighbours.still_served()


async def test_a_header_that_grows_too_large_on_its_way_is_refused_to_who_sent_it(neighbours: Neighbours) -> None:
    with pytest.raises(BadRequest, match="header of"):
        await ask(neighbours.port, {"k": "call", "m": "m" * (2**16 - 74)}, b"{}", timeout=5, what="It")
    act = {"k": "act", "t": "t" * (2**16 - 134), "id": "1", "dev": "d", "key": "", "seq": 1, "made": MADE}
    answer = await ask(neighbours.port, act, b"{}", timeout=5, what="It")
    assert (answer.header["status"], "header of" in answer.header["message"]) == ("rejected", True)
    await neighbours.still_served()


async def test_only_what_a_request_has_crosses_the_shared_link(neighbours: Neighbours) -> None:
    header = {"k": "call", "m": echo.name, "junk": [1e15] * 1000, "stale": {}}
    answer = await ask(neighbours.port, header, b'{"text":"hello"}', timeout=5, what="It")
    assert answer.body == b'"hello"'
    assert neighbours.shared.upper.statistics().bytes_received < 2000


@pytest.mark.parametrize("selector", [{"a": "x" * LARGEST_SELECTOR}, {"a": [1e15] * 1100}])
async def test_a_selector_is_bounded_as_it_will_be_passed_on(neighbours: Neighbours, selector: dict[str, Any]) -> None:
    for header in {"t": "test.Reading", "s": selector}, {"t": "t" * LARGEST_SELECTOR, "s": {"a": 1}}:
        with pytest.raises(BadRequest, match="larger than the 16384"):
            await ask(neighbours.port, {"k": "sub", **header}, b"", timeout=5, what="It")
    await neighbours.still_served()


async def test_a_selector_too_large_for_the_link_fails_its_observer_and_no_other(neighbours: Neighbours) -> None:
    with trio.fail_after(5), pytest.raises(BadRequest, match="header of"):
        async with neighbours.victim.observe(TupleSelector.of(Reading, meter="x" * 2**16)) as states:
            await anext(states)
    await neighbours.still_served()


async def test_an_action_does_not_wait_behind_what_somebody_else_sends_as_the_same_device(
    neighbours: Neighbours,
) -> None:
    gate, applied = trio.Event(), []

    async def apply(request: ActionRequest) -> ActionResult:
        if request.principal == MALLORY:
            await gate.wait()
        applied.append(request.principal.name)
        return ActionResult("applied")

    neighbours.server.scope("q").handle(SetValue, apply, allow=signed_in)
    header = {"k": "act", "i": 5, "t": "test.SetValue", "id": "1", "dev": "joe's", "seq": 1, "key": "", "made": MADE}
    neighbours.mallory.lower.send_nowait(Frame(header, b'{"meter":"a","value":1}'))
    await wait_all_tasks_blocked()
    assert (await neighbours.victim.act(SetValue("a", 2), timeout=5)).status == "applied"
    assert applied == ["joe"]
    gate.set()


@pytest.mark.parametrize(
    "names",
    [{"id": ""}, {"id": "a\0"}, {"id": "x" * 201}, {"dev": ""}, {"dev": "\0"}, {"key": "\0"}, {"key": "x" * 201}],
)
async def test_an_action_that_no_receipt_can_be_filed_for_is_rejected(
    neighbours: Neighbours, names: dict[str, str]
) -> None:
    header = {"k": "act", "t": "x", "id": "1", "dev": "d", "seq": 1, "key": "", "made": MADE, **names}
    answer = await ask(neighbours.port, header, b"{}", timeout=5, what="It")
    assert answer.header["status"] == "rejected"
    assert "200 characters" in answer.header["message"]
    await neighbours.still_served()


@pytest.mark.parametrize("kind", ["agent", "worker", "client"])
async def test_a_client_service_cannot_pass_itself_off_as_another_service(network: Network, kind: str) -> None:
    server, client = await network.board("server"), await network.board("client")
    await network.link(server, client)
    server.scope("p").serve(echo, echoed, allow=services_of(kind))
    port = client._directory.upstream
    assert port is not None
    forged = Principal.for_service(kind, f"{kind}-1").to_wire()
    for header in (
        {"k": "call", "m": echo.name, "p": forged},
        {"k": "msg", "f": {}, "p": forged},
        {"k": "sub", "t": "test.Reading", "s": {}, "p": forged},
    ):
        with pytest.raises(NotAllowed, match="in the name of people"):
            await ask(port, header, b'{"text":"x"}', timeout=5, what="It")


async def test_selectors_that_are_refused_do_not_fill_the_log(
    network: Network, caplog: pytest.LogCaptureFixture
) -> None:
    server, device = await network.board("server"), await network.board("device")
    await network.link(server, device, JOE)

    async def refuse(selector: TupleSelector, principal: Principal) -> list[Reading]:
        raise Rejected("There is no such meter.")

    server.scope("p").provide(Reading, refuse, allow=anyone)
    with caplog.at_level(logging.WARNING, logger="peek_trio"):
        async with device.observe(TupleSelector.of(Reading, meter="x" * 1000)) as states:
            with pytest.raises(Rejected, match="There is no such meter"), trio.fail_after(5):
                await anext(states)
    assert caplog.records == []


async def test_a_databases_statement_is_for_the_log_and_not_for_the_asker(network: Network) -> None:
    server, device = await network.board("server"), await network.board("device")
    await network.link(server, device, JOE)

    async def fail(text: str) -> str:
        raise RuntimeError("NUL is not allowed\n[SQL: SELECT secret FROM people]\n[parameters: {'secret': 42}]")

    server.scope("p").serve(echo, fail, allow=signed_in)
    with pytest.raises(
        Exception, match=r"^RuntimeError: NUL is not allowed\. The log of the server says why \(trace \w{16}\)\.$"
    ):
        await device.caller(echo)("x")
