"""Raw messages, and the index that finds their listeners."""

from __future__ import annotations

import logging
from typing import Any

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from trio.testing import MockClock, wait_all_tasks_blocked

from peek_trio.errors import (
    BadRequest,
    DeadlineExceeded,
    NoSuchEndpoint,
    NotAllowed,
    Rejected,
    RemoteError,
    Unavailable,
)
from peek_trio.security import admin, anyone, services, signed_in
from peek_trio.transport import Switchboard
from peek_trio.transport.calls.caller import ask
from peek_trio.transport.message import Listener, ListenerIndex
from peek_trio.transport.owner import Owner
from peek_trio.transport.wire import Peer
from tests.transport.network import JOE, Network, Reading


class Ear:
    """Hears messages and writes them down."""

    def __init__(self) -> None:
        self.heard: list[tuple[list[Any], str | None]] = []

    async def hear(self, rows: list[Any], peer: Peer | None) -> None:
        self.heard.append((rows, peer and peer.id))


async def nobody_hears(rows: list[Any], peer: Peer | None) -> None:
    raise AssertionError


def listener(filt: dict[str, Any]) -> Listener:
    return Listener(filt, nobody_hears, anyone, Owner("p"))


# The index

filts = st.dictionaries(st.sampled_from("abc"), st.sampled_from([1, 2, "1", True, None, [1], {"x": 1}]), max_size=3)


def is_subset(inner: dict[str, Any], outer: dict[str, Any]) -> bool:
    return all(key in outer and repr(outer[key]) == repr(value) for key, value in inner.items())


@given(st.lists(filts, max_size=12), filts)
def test_the_index_finds_what_a_scan_would_find(listeners: list[dict[str, Any]], filt: dict[str, Any]) -> None:
    index = ListenerIndex()
    every = [listener(each) for each in listeners]
    removers = [index.add(each) for each in every]
    found = index.matching(filt)
    assert len(found) == len(set(found))
    assert set(found) == {each for each in every if is_subset(dict(each.filt), filt)}
    for remove in removers:
        remove()
        remove()
    assert index.matching(filt) == []


def test_a_message_looks_at_few_of_many_listeners() -> None:
    index = ListenerIndex()
    for number in range(1000):
        index.add(listener({"plugin": "p", "number": number}))
    assert max(len(found) for found in index._found_by.values()) == 1
    assert [each.filt["number"] for each in index.matching({"plugin": "p", "number": 7, "more": 1})] == [7]


# Whole


async def pair(network: Network) -> tuple[Switchboard, Switchboard]:
    server, device = await network.board("server"), await network.board("device")
    await network.link(server, device, JOE)
    return server, device


async def test_a_message_reaches_every_listener_whose_filt_it_contains(any_network: Network) -> None:
    server, device = await pair(any_network)
    ears = [Ear(), Ear(), Ear()]
    for ear, filt in zip(ears, ({"plugin": "p"}, {"plugin": "p", "kind": "x"}, {"plugin": "q"}), strict=True):
        server.scope("p").listen(filt, ear.hear, allow=signed_in)
    assert await device.send_message({"plugin": "p", "kind": "x"}, [Reading("a", 1)]) == 2
    assert ears[0].heard == ears[1].heard == [([Reading("a", 1)], "device-1")]
    assert ears[2].heard == []


async def test_a_message_of_the_same_service_has_no_peer(network: Network) -> None:
    server, _ = await pair(network)
    ear = Ear()
    server.scope("p").listen({}, ear.hear, allow=services)
    assert await server.send_message({"any": "thing"}) == 1
    assert ear.heard == [([], None)]


async def test_a_message_that_nobody_listens_to_is_an_error_to_its_sender(network: Network) -> None:
    server, device = await pair(network)
    scope = server.scope("p")
    scope.listen({"plugin": "p"}, Ear().hear, allow=anyone)
    scope.close()
    for board in (device, server):
        with pytest.raises(NoSuchEndpoint, match=r'Nobody listens to {"plugin": "p"}'):
            await board.send_message({"plugin": "p"})


async def test_listeners_that_may_not_hear_the_sender_do_not(network: Network) -> None:
    server, device = await pair(network)
    may, may_not = Ear(), Ear()
    server.scope("p").listen({}, may_not.hear, allow=admin)
    with pytest.raises(NotAllowed, match='needs the role "admin"'):
        await device.send_message({})
    server.scope("p").listen({}, may.hear, allow=signed_in)
    assert await device.send_message({}) == 1
    assert (len(may.heard), may_not.heard) == (1, [])


async def test_a_listener_that_fails_did_not_take_it(network: Network, caplog: pytest.LogCaptureFixture) -> None:
    server, device = await pair(network)

    async def fail(rows: list[Any], peer: Peer | None) -> None:
        raise ZeroDivisionError("oh")

    server.scope("p").listen({}, fail, allow=anyone)
    with caplog.at_level(logging.ERROR), pytest.raises(RemoteError, match="ZeroDivisionError: oh"):
        await device.send_message({})
    assert caplog.records[-1].exc_info is not None
    server.scope("p").listen({}, Ear().hear, allow=anyone)
    assert await device.send_message({}) == 1


async def test_a_listener_may_reject_a_message(network: Network) -> None:
    server, device = await pair(network)

    async def reject(rows: list[Any], peer: Peer | None) -> None:
        raise Rejected("Not today.")

    server.scope("p").listen({}, reject, allow=anyone)
    with pytest.raises(Rejected, match="Not today"):
        await device.send_message({})


async def test_listeners_have_a_deadline(network: Network, autojump_clock: MockClock) -> None:
    server, device = await pair(network)

    async def hang(rows: list[Any], peer: Peer | None) -> None:
        await trio.sleep_forever()

    server.scope("p").listen({}, hang, allow=anyone)
    with pytest.raises(DeadlineExceeded, match="30 s"):
        await device.send_message({}, timeout=100)
    with pytest.raises(DeadlineExceeded, match="5 s"):
        await server.send_message({}, timeout=5)


async def test_a_plugin_that_stops_did_not_take_it(network: Network) -> None:
    server, device = await pair(network)
    scope = server.scope("the plugin")

    async def hang(rows: list[Any], peer: Peer | None) -> None:
        await trio.sleep_forever()

    async def send() -> None:
        with pytest.raises(Unavailable, match="the plugin stopped"):
            await device.send_message({})

    scope.listen({}, hang, allow=anyone)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(send)
        await wait_all_tasks_blocked()
        scope.close()


async def test_a_payload_that_does_not_fit_is_a_bad_request(network: Network) -> None:
    server, device = await pair(network)
    server.scope("p").listen({}, Ear().hear, allow=anyone)
    port = device._directory.upstream
    assert port is not None
    with pytest.raises(BadRequest, match=r"\$\.rows\[0\]"):
        await ask(port, {"k": "msg", "f": {}}, b'{"t":"test.Reading","rows":[1]}', timeout=5, what="It")


async def test_a_kind_stands_for_all_of_its_services(network: Network) -> None:
    server, client, device = [await network.board(kind) for kind in ("server", "client", "device")]
    await network.link(server, client)
    await network.link(client, device, JOE)
    ears = {}
    for name in ("agent-a", "agent-b", "agent-c"):
        agent = await network.board("agent", name)
        await network.link(server, agent)
        ears[name] = Ear()
        if name != "agent-c":
            agent.scope("p").listen({"all": 1}, ears[name].hear, allow=signed_in)
    assert await server.send_message({"all": 1}, to="agent") == 2
    assert await device.send_message({"all": 1}, to="agent") == 2
    assert await device.send_message({"all": 1}, to="agent-b") == 1
    assert [len(ear.heard) for ear in ears.values()] == [2, 3, 0]
    with pytest.raises(NoSuchEndpoint):
        await server.send_message({"none": 1}, to="agent")
    with pytest.raises(Unavailable, match="No worker is connected"):
        await device.send_message({}, to="worker")


async def test_a_service_may_send_to_its_devices_and_a_device_may_not_to_others(network: Network) -> None:
    client, one, other = [
        await network.board(kind, name) for kind, name in (("client", "c"), ("device", "d1"), ("device", "d2"))
    ]
    await network.link(client, one, JOE)
    await network.link(client, other, JOE)
    ear = Ear()
    other.scope("p").listen({}, ear.hear, allow=anyone)
    assert await client.send_message({}, to="device") == 1
    port = one._directory.upstream
    assert port is not None
    with pytest.raises(NotAllowed, match="needs a service token"):
        await ask(port, {"k": "msg", "f": {}, "to": "device"}, b'{"rows":[]}', timeout=5, what="It")
    with pytest.raises(Unavailable):
        await one.send_message({}, to="d2")


async def test_a_message_finds_the_client_service_before_the_server(network: Network) -> None:
    server, client, device = [await network.board(kind) for kind in ("server", "client", "device")]
    await network.link(server, client)
    await network.link(client, device, JOE)
    here, there = Ear(), Ear()
    client.scope("p").listen({"near": 1}, here.hear, allow=anyone)
    server.scope("p").listen({}, there.hear, allow=anyone)
    assert await device.send_message({"near": 1}) == 1
    assert await device.send_message({"far": 1}) == 1
    assert await client.send_message({"near": 1}) == 1
    assert (len(here.heard), len(there.heard)) == (2, 1)


async def test_without_a_link_a_message_is_unavailable(network: Network) -> None:
    device = await network.board("device")
    with pytest.raises(Unavailable, match="The server is not connected"):
        await device.send_message({"far": 1})
