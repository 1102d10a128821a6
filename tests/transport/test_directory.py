"""Which link leads to a target."""

from __future__ import annotations

import pytest

from peek_trio.errors import Unavailable
from peek_trio.security import Principal
from peek_trio.transport.directory import Directory
from peek_trio.transport.exchange import Port
from peek_trio.transport.timetable import Timetable
from tests.transport.network import JOE
from tests.transport.recorder import RecordingLink


def port(service: str, id: str, principal: Principal | None = None, *, upstream: bool = False) -> Port:
    return Port(
        RecordingLink(service, id, principal or Principal.for_service(service, id)), Timetable(), upstream=upstream
    )


def test_a_kind_is_used_in_turn_and_an_id_is_one() -> None:
    directory = Directory("server", "s")
    a, b = port("agent", "a"), port("agent", "b")
    directory.add(a)
    directory.add(b)
    assert {directory.way("agent") for _ in range(2)} == {a, b}
    assert [directory.way("b") for _ in range(3)] == [b, b, b]
    directory.remove(b)
    assert directory.way("agent") is a
    with pytest.raises(Unavailable, match="b is not connected"):
        directory.way("b")


def test_the_service_itself_is_no_way() -> None:
    directory = Directory("agent", "a")
    assert directory.way("agent") is None
    assert directory.way("a") is None


def test_what_is_not_here_is_further_up_but_never_back() -> None:
    directory = Directory("client", "c")
    up, device = port("server", "s", upstream=True), port("device", "d", JOE)
    directory.add(up)
    directory.add(device)
    assert directory.way("agent", origin=device) is up
    assert directory.way("server", origin=device) is up
    assert directory.to_server(origin=device) is up
    with pytest.raises(Unavailable, match="No agent is connected"):
        directory.way("agent", origin=up)
    assert directory.to_server(origin=up) is None
    directory.remove(up)
    with pytest.raises(Unavailable, match="The server is not connected"):
        directory.to_server(origin=device)


def test_the_server_is_the_top() -> None:
    directory = Directory("server", "s")
    device = port("device", "d", JOE)
    directory.add(device)
    assert directory.to_server(origin=device) is None
    with pytest.raises(Unavailable):
        directory.way("agent", origin=device)


def test_a_frame_does_not_go_back_where_it_came_from() -> None:
    directory = Directory("server", "s")
    agent = port("agent", "a")
    directory.add(agent)
    with pytest.raises(Unavailable):
        directory.way("a", origin=agent)


def test_people_are_devices_whatever_they_call_themselves() -> None:
    directory = Directory("server", "s")
    impostor = port("agent", "a", JOE)
    directory.add(impostor)
    assert directory.all("agent") == directory.all("a") == []
    assert directory.all("device") == [impostor]


def test_a_service_that_comes_back_replaces_its_old_port() -> None:
    directory = Directory("server", "s")
    old, new = port("agent", "a"), port("agent", "a")
    assert directory.add(old) is None
    assert directory.add(new) is old
    directory.remove(old)
    assert directory.all("agent") == directory.all("a") == [new]
