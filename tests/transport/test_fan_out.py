"""A call of all, seen from the server that passes it on, without sockets."""

from __future__ import annotations

import json

from peek_trio.errors import Rejected, to_wire
from peek_trio.security import Principal
from peek_trio.transport.exchange import MOST_IN_FLIGHT, Port
from peek_trio.transport.fan_out import fan_out
from peek_trio.transport.timetable import Timetable
from peek_trio.transport.wire import Frame
from tests.transport.network import JOE
from tests.transport.recorder import RecordingLink

TRACE = "0123456789abcdef"


class Crossing:
    """A client service's port and those of two agents, on the server; a call of all agents is on its way."""

    def __init__(self, **header: object) -> None:
        self.links = [RecordingLink("agent", name, Principal.for_service("agent", name)) for name in ("a", "b")]
        self.agents = [Port(link, Timetable()) for link in self.links]
        self.client_link = RecordingLink("client", "c", Principal.for_service("client", "c"))
        self.client = Port(self.client_link, Timetable())
        self.header = {"k": "call", "i": 70, "m": "p.f", "d": 3, "to": "agent", "all": 1, "tr": TRACE, **header}

    def begin(self) -> None:
        fan_out(self.client, Frame(self.header, b"{}"), JOE, self.agents)

    def told(self) -> list[tuple[dict[str, object], bytes]]:
        frames = [(dict(frame.header), frame.body) for frame in self.client_link.sent]
        self.client_link.sent.clear()
        assert all(header.pop("i") == 70 for header, _ in frames)
        return frames


def test_each_is_asked_in_the_name_of_who_asked_and_the_asker_told_whom() -> None:
    crossing = Crossing(w=64)
    crossing.begin()
    for link in crossing.links:
        assert link.sent == [Frame({"k": "call", "i": 1, "m": "p.f", "d": 3, "tr": TRACE, "p": JOE.to_wire()}, b"{}")]
    ((header, body),) = crossing.told()
    assert (header, json.loads(body)) == ({"k": "item"}, ["a", "b"])


def test_answers_go_back_as_they_come_and_the_last_one_ends_it() -> None:
    crossing = Crossing()
    crossing.begin()
    crossing.told()
    crossing.agents[1].take(Frame({"k": "err", "i": 1, "e": to_wire(Rejected("No."))}))
    assert crossing.told() == [({"k": "item", "from": "b", "e": {"type": "Rejected", "message": "No."}}, b"")]
    crossing.agents[0].take(Frame({"k": "res", "i": 1}, b"not opened"))
    assert crossing.told() == [({"k": "item", "from": "a"}, b"not opened"), ({"k": "res"}, b"null")]
    assert crossing.client.answering == {}
    assert [port.forwarded for port in crossing.agents] == [0, 0]


def test_nobody_to_ask_is_an_answer_too() -> None:
    crossing = Crossing()
    crossing.agents.clear()
    crossing.begin()
    assert crossing.told() == [({"k": "item"}, b"[]"), ({"k": "res"}, b"null")]


def test_one_that_is_lost_is_an_answer_of_the_others() -> None:
    crossing = Crossing()
    crossing.begin()
    crossing.told()
    crossing.agents[0].lose("it broke.")
    ((header, _),) = crossing.told()
    error = header["e"]
    assert isinstance(error, dict)
    assert (header["from"], error["type"], error["sent"]) == ("a", "Unavailable", True)


def test_one_that_has_too_much_to_do_says_so_at_once() -> None:
    crossing = Crossing()
    for agent in crossing.agents:
        agent.forwarded = MOST_IN_FLIGHT
    crossing.begin()
    (_, (one, _), (other, _), (end, _)) = crossing.told()
    assert [item["from"] for item in (one, other)] == ["a", "b"]
    assert end == {"k": "res"}
    assert [link.sent for link in crossing.links] == [[], []]


def test_one_that_streams_is_stopped() -> None:
    crossing = Crossing()
    crossing.begin()
    crossing.told()
    crossing.links[0].headers()
    crossing.agents[0].take(Frame({"k": "item", "i": 1}, b"1"))
    crossing.agents[0].take(Frame({"k": "item", "i": 1}, b"2"))
    ((header, _),) = crossing.told()
    assert header["from"] == "a"
    assert "streams" in str(header["e"])
    assert crossing.links[0].headers() == [{"k": "cancel", "i": 1}]


def test_a_cancel_reaches_all_who_have_not_answered() -> None:
    crossing = Crossing()
    crossing.begin()
    crossing.agents[0].take(Frame({"k": "res", "i": 1}, b"1"))
    for link in crossing.links:
        link.sent.clear()
    crossing.told()
    crossing.client.cancel(Frame({"k": "cancel", "i": 70}))
    assert [link.headers() for link in crossing.links] == [[], [{"k": "cancel", "i": 1}]]
    crossing.agents[1].take(Frame({"k": "res", "i": 1}, b"late"))
    assert crossing.told() == []
    assert [port.forwarded for port in crossing.agents] == [0, 0]


def test_too_many_calls_of_one_link_are_refused() -> None:
    crossing = Crossing()
    for number in range(1000, 1000 + MOST_IN_FLIGHT):
        crossing.client.answering[number] = object()  # type: ignore[assignment]
    crossing.begin()
    ((header, _),) = crossing.told()
    assert "too many calls in flight" in str(header["e"])
    assert [link.sent for link in crossing.links] == [[], []]
