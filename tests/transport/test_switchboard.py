"""Links that come and go, frames that are none, and who may speak for whom."""

from __future__ import annotations

import logging
from typing import Any

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from peek_trio.errors import BadRequest, LinkLost, NoSuchEndpoint, NotAllowed, PeekError, Unavailable
from peek_trio.security import Principal, services, signed_in
from peek_trio.transport import Switchboard, rpc
from peek_trio.transport.calls.caller import ask
from peek_trio.transport.dispatch import MOST_SUBSCRIPTIONS
from peek_trio.transport.exchange import Port
from peek_trio.transport.wire import Frame, Hello, Peer
from peek_trio.tuples import TupleRegistry
from tests.transport.network import ADMIN, JOE, Network, SetValue
from tests.transport.recorder import RecordingLink


@rpc(served_by="server")
async def who_am_i() -> str:
    """The caller as the server sees it."""
    ...


async def tell(principal: Principal) -> str:
    return f"{principal.kind} {principal.name}"


def port_of(board: Switchboard) -> Port:
    port = board._directory.upstream
    assert port is not None
    return port


async def test_peers_come_and_go(any_network: Network) -> None:
    server, agent = await any_network.board("server"), await any_network.board("agent")
    seen: list[tuple[str, bool]] = []
    remove = server.on_peers(lambda peer, connected: seen.append((peer.id, connected)))
    connection = await any_network.link(server, agent)
    assert [(peer.service, peer.id) for peer in server.peers()] == [("agent", "agent-1")]
    assert [(peer.service, peer.id) for peer in agent.peers()] == [("server", "server-1")]
    await connection.cut()
    assert (server.peers(), agent.peers()) == ([], [])
    remove()
    remove()
    await any_network.link(server, agent)
    assert seen == [("agent-1", True), ("agent-1", False)]


async def test_a_callback_that_fails_harms_nobody(network: Network, caplog: pytest.LogCaptureFixture) -> None:
    server, agent = await network.board("server"), await network.board("agent")
    seen: list[str] = []

    def fail(peer: Peer, connected: bool) -> None:
        raise KeyError(peer.id)

    server.on_peers(fail)
    server.on_peers(lambda peer, connected: seen.append(peer.id))
    with caplog.at_level(logging.CRITICAL, logger="peek_trio"):
        await network.link(server, agent)
    assert seen == ["agent-1"]


async def test_disconnecting_closes_the_links_that_match_and_says_why(network: Network) -> None:
    client = await network.board("client")
    connections = []
    for name, principal in (("d1", JOE), ("d2", JOE), ("d3", ADMIN)):
        device = await network.board("device", name)
        connections.append(await network.link(client, device, principal))
    assert client.disconnect(lambda peer: peer.principal.name == "joe", 1008, "You have signed out.") == 2
    with trio.fail_after(5):
        await connections[0].lost_by_lower.wait()
        await connections[1].lost_by_lower.wait()
    assert connections[0].reason == "You have signed out."
    assert [peer.id for peer in client.peers()] == ["d3"]


async def test_a_service_that_comes_back_replaces_its_old_link(network: Network) -> None:
    server = await network.board("server")
    agent = await network.board("agent")
    old = await network.link(server, agent)
    again = await network.board("agent")
    await network.link(server, again)
    with trio.fail_after(5):
        await old.lost_by_lower.wait()
    assert old.reason == "agent-1 connected again."
    assert len(server.peers()) == 1


async def test_two_tabs_of_one_device_both_stay(network: Network) -> None:
    client = await network.board("client")
    for _ in range(2):
        await network.link(client, await network.board("device", "same"), JOE)
    assert len(client.peers()) == 2


async def test_a_switchboard_that_does_not_run_serves_no_link(network: Network) -> None:
    board = Switchboard(Hello("server", "s"), TupleRegistry(), principal=Principal.for_service("server", "s"))
    link: Any = RecordingLink()
    with pytest.raises(PeekError, match="The switchboard of the server s is not running"):
        await board.serve_link(link)
    assert board.peers() == []


async def test_a_switchboard_that_stops_says_so_to_its_peers() -> None:
    async with trio.open_nursery() as outer:
        agent = await Network(outer).board("agent")
        async with trio.open_nursery() as inner:
            server = await Network(inner).board("server")
            connection = await Network(outer).link(server, agent)
            inner.cancel_scope.cancel()
        with trio.fail_after(5):
            await connection.lost_by_lower.wait()
        assert connection.reason == "The server is stopping."
        outer.cancel_scope.cancel()


async def test_states_are_watched_upwards_only(network: Network) -> None:
    server, client = await network.board("server"), await network.board("client")
    await network.link(server, client)
    (port,) = server._directory.ports
    with pytest.raises(NoSuchEndpoint, match="upwards only"):
        await ask(port, {"k": "sub", "t": "test.Reading", "s": {}}, b"", timeout=5, what="It")


@pytest.mark.parametrize(
    "header",
    [
        {"k": "dance"},
        {"k": "call", "m": "x"},
        {"k": "call", "i": True, "m": "x"},
        {"k": "call", "i": 0, "m": "x"},
        {"k": "call", "i": 5, "m": "x", "d": "soon"},
        {"k": "call", "i": 5, "m": "x", "d": -1},
        {"k": "sub", "i": 5, "t": 3, "s": {}},
        {"k": "sub", "i": 5, "t": "x", "s": []},
        {"k": "sub", "i": 5, "t": "x", "s": {}, "have": "it"},
        {"k": "msg", "i": 5, "f": None},
        {"k": "more", "i": 5, "n": 0},
        {"k": "cancel"},
        {"k": "unsub", "i": "5"},
        {"k": "act", "i": 5, "t": "x"},
    ],
)
async def test_what_is_not_the_protocol_closes_the_link(network: Network, header: dict[str, Any]) -> None:
    server, device = await network.board("server"), await network.board("device")
    connection = await network.link(server, device, JOE)
    connection.lower.send_nowait(Frame(header))
    with trio.fail_after(5):
        await connection.lost_by_lower.wait()
        await connection.lost_by_upper.wait()
    with pytest.raises(LinkLost) as lost:
        connection.lower.send_nowait(Frame({"k": "ping"}))
    assert lost.value.code == 1002


async def test_answers_that_nobody_waits_for_are_dropped(network: Network) -> None:
    server, device = await network.board("server"), await network.board("device")
    connection = await network.link(server, device, JOE)
    server.scope("p").serve(who_am_i, tell, allow=signed_in)
    for kind in ("res", "err", "item", "ack", "state", "same"):
        connection.lower.send_nowait(Frame({"k": kind, "i": 77}))
    for kind in ("cancel", "unsub", "more"):
        connection.lower.send_nowait(Frame({"k": kind, "i": 77, "n": 1}))
    assert await device.caller(who_am_i)() == "person joe"


async def test_a_number_that_is_open_already_closes_the_link(network: Network) -> None:
    server, device = await network.board("server"), await network.board("device")

    async def hang() -> str:
        await trio.sleep_forever()
        raise AssertionError

    server.scope("p").serve(who_am_i, hang, allow=signed_in)
    connection = await network.link(server, device, JOE)
    for _ in range(2):
        connection.lower.send_nowait(Frame({"k": "call", "i": 5, "m": who_am_i.name}, b"{}"))
    with trio.fail_after(5):
        await connection.lost_by_lower.wait()
    assert connection.reason == "The exchange 5 is open already."


# Who speaks for whom


async def test_a_client_service_speaks_for_its_devices(network: Network) -> None:
    server, client, device = [await network.board(kind) for kind in ("server", "client", "device")]
    await network.link(server, client)
    await network.link(client, device, JOE)
    server.scope("p").serve(who_am_i, tell, allow=signed_in)
    assert await device.caller(who_am_i)() == "person joe"
    assert await client.caller(who_am_i)() == "service client-1"


@pytest.mark.parametrize(("service", "principal"), [("device", JOE), ("client", JOE), ("agent", None)])
async def test_nobody_else_does(network: Network, service: str, principal: Principal | None) -> None:
    server, other = await network.board("server"), await network.board(service)
    await network.link(server, other, principal)
    server.scope("p").serve(who_am_i, tell, allow=signed_in)
    port, named = port_of(other), ADMIN.to_wire()
    for header in (
        {"k": "call", "m": who_am_i.name, "p": named},
        {"k": "msg", "f": {}, "p": named},
        {"k": "sub", "t": "test.Reading", "s": {}, "p": named},
    ):
        with pytest.raises(NotAllowed, match="Only a client service"):
            await ask(port, header, b"{}", timeout=5, what="It")
    answer = await ask(port, {"k": "act", "t": "x", "p": named}, b"{}", timeout=5, what="It")
    assert answer.header["status"] == "rejected"


async def test_a_principal_that_is_none_is_a_bad_request(network: Network) -> None:
    server, client = await network.board("server"), await network.board("client")
    await network.link(server, client)
    header = {"k": "call", "m": "x", "p": {"kind": "god"}}
    with pytest.raises(BadRequest, match=r"\$\.p"):
        await ask(port_of(client), header, b"{}", timeout=5, what="It")


async def test_an_agent_believes_the_server_about_whom_it_speaks_for(network: Network) -> None:
    @rpc(served_by="agent")
    async def whom() -> str: ...

    server, agent, device = [await network.board(kind) for kind in ("server", "agent", "device")]
    await network.link(server, agent)
    await network.link(server, device, JOE)
    agent.scope("p").serve(whom, tell, allow=services)
    assert await server.caller(whom)() == "service server-1"
    with pytest.raises(NotAllowed, match="you are joe"):
        await device.caller(whom)()


# Bounds and selectors


async def test_a_device_may_have_only_so_many_subscriptions(network: Network) -> None:
    server, device = await network.board("server"), await network.board("device")
    connection = await network.link(server, device, JOE)
    for number in range(1, MOST_SUBSCRIPTIONS + 1):
        connection.lower.send_nowait(Frame({"k": "sub", "i": number + 5000, "t": "x", "s": {"n": number}}))
        if number % 500 == 0:
            await wait_all_tasks_blocked()
    with pytest.raises(Unavailable, match=f"{MOST_SUBSCRIPTIONS} subscriptions"):
        await ask(port_of(device), {"k": "sub", "t": "x", "s": {}}, b"", timeout=5, what="It")
    connection.lower.send_nowait(Frame({"k": "unsub", "i": 5001}))
    await wait_all_tasks_blocked()
    assert server.observables.statistics().entries == MOST_SUBSCRIPTIONS - 1


async def test_a_selector_that_does_not_fit_is_a_bad_request(network: Network) -> None:
    server, device = await network.board("server"), await network.board("device")
    await network.link(server, device, JOE)
    header = {"k": "sub", "t": "x", "s": {"n": 2**60}}
    with pytest.raises(BadRequest, match=r"The selector does not fit. \$\.selector\.n"):
        await ask(port_of(device), header, b"", timeout=5, what="It")


async def test_a_switchboard_tells_what_it_does(network: Network) -> None:
    server, client, device = [await network.board(kind) for kind in ("server", "client", "device")]
    impostor = await network.board("agent", "impostor")
    await network.link(server, client)
    await network.link(client, device, JOE)
    await network.link(client, impostor, JOE)
    server.scope("p").serve(who_am_i, tell, allow=signed_in)
    for _ in range(3):
        await device.caller(who_am_i)()
    with pytest.raises(NoSuchEndpoint):
        await device.send_message({"a": 1})
    assert (await device.act(SetValue("a", 1))).status == "rejected"
    top, middle = server.statistics(), client.statistics()
    assert (dict(top.links), dict(middle.links)) == ({"client": 1}, {"device": 2, "server": 1})
    assert (top.calls.served, top.calls.in_flight, top.forwarded) == (3, 0, 0)
    assert (middle.calls.served, middle.forwarded, middle.forwarding) == (0, 5, 0)
    assert (top.actions.rejected, top.messages.refused) == (1, 1)
    assert top.relay is None
    assert middle.relay is not None
    assert middle.traffic.frames_received >= 10
    assert middle.traffic.bytes_sent > middle.traffic.messages_sent > 0
    assert middle.traffic.waiting_frames == 0


async def test_two_switchboards_of_one_kind_know_nothing_of_each_other(network: Network) -> None:
    one, other = await network.board("server", "one"), await network.board("server", "other")
    one.scope("p").serve(who_am_i, tell)
    other.scope("p").serve(who_am_i, tell)
    assert await one.caller(who_am_i)() == "service one"
    assert await other.caller(who_am_i)() == "service other"
