"""Exchanges passed on between two links, without sockets."""

from __future__ import annotations

import re

import pytest

from peek_trio.errors import FrameError, Unavailable
from peek_trio.security import Principal
from peek_trio.transport.exchange import MOST_FORWARDED, MOST_IN_FLIGHT, Port
from peek_trio.transport.forward import forward
from peek_trio.transport.timetable import Timetable
from peek_trio.transport.wire import Frame
from tests.transport.network import JOE
from tests.transport.recorder import RecordingLink

TRACE = "0123456789abcdef"


class Passage:
    """A device's port and the server's, on a client service."""

    def __init__(self) -> None:
        self.device_link = RecordingLink("device", "d1", JOE)
        self.server_link = RecordingLink("server", "s1", Principal.for_service("server", "s1"))
        self.device = Port(self.device_link, Timetable())
        self.server = Port(self.server_link, Timetable(), upstream=True)

    def pass_on(self, kind: str, number: int, body: bytes = b"", **header: object) -> None:
        forward(self.device, Frame({"k": kind, "i": number, **header}, body), JOE, self.server, to=None)


def test_a_request_goes_on_under_a_new_number_in_the_name_of_who_asked() -> None:
    passage = Passage()
    passage.pass_on("call", 70, b"body", m="p.f", d=3, to="server", w=64, tr=TRACE)
    (frame,) = passage.server_link.sent
    assert frame == Frame({"k": "call", "i": 1, "m": "p.f", "d": 3, "w": 64, "tr": TRACE, "p": JOE.to_wire()}, b"body")


@pytest.mark.parametrize(
    "forged", [None, "", "0" * 15, "0" * 17, "ABCDEF0123456789", "0123456789abcde\n", "line\nline\nline\n", 7]
)
def test_a_trace_that_is_none_is_replaced_on_its_way(forged: object) -> None:
    passage = Passage()
    passage.pass_on("call", 70, tr=forged)
    (header,) = passage.server_link.headers()
    assert header["tr"] != forged
    assert re.fullmatch("[0-9a-f]{16}", header["tr"])


def test_answers_come_back_under_the_old_number() -> None:
    passage = Passage()
    passage.pass_on("call", 70)
    passage.server.take(Frame({"k": "item", "i": 1}, b"1"))
    passage.server.take(Frame({"k": "res", "i": 1}, b"2"))
    passage.server.take(Frame({"k": "res", "i": 1}, b"late"))
    assert passage.device_link.sent == [Frame({"k": "item", "i": 70}, b"1"), Frame({"k": "res", "i": 70}, b"2")]
    assert (passage.device.answering, passage.server.asking, passage.server.forwarded) == ({}, {}, 0)


def test_cancel_and_more_go_on() -> None:
    passage = Passage()
    passage.pass_on("call", 70)
    passage.device.more(Frame({"k": "more", "i": 70, "n": 32}))
    passage.device.cancel(Frame({"k": "cancel", "i": 70}))
    passage.device.cancel(Frame({"k": "cancel", "i": 70}))
    assert passage.server_link.headers()[1:] == [{"k": "more", "i": 1, "n": 32}, {"k": "cancel", "i": 1}]
    assert passage.server.forwarded == 0


def test_an_action_is_not_taken_back_when_its_device_goes() -> None:
    passage = Passage()
    passage.pass_on("act", 70)
    passage.device.lose("it went away.")
    assert [header["k"] for header in passage.server_link.headers()] == ["act"]
    passage.server.take(Frame({"k": "ack", "i": 1, "status": "applied"}))
    assert passage.device_link.sent == []
    assert passage.server.forwarded == 0


def test_a_lost_way_on_answers_each_kind_as_it_is_answered() -> None:
    passage = Passage()
    for number, kind in enumerate(("call", "act", "msg"), 70):
        passage.pass_on(kind, number)
    passage.server.lose("it broke.")
    call, act, msg = passage.device_link.headers()
    assert (call["k"], call["i"], call["e"]["type"]) == ("err", 70, "Unavailable")
    assert (act["k"], act["i"], act["status"]) == ("ack", 71, "retry")
    assert (msg["k"], msg["i"]) == ("err", 72)
    assert (passage.server.forwarded, passage.server.forwarded_bytes) == (0, 0)


def test_a_crowd_of_devices_does_not_fill_the_link_that_they_share() -> None:
    passage = Passage()
    others = [Port(RecordingLink("device", f"d{n}"), Timetable()) for n in range(2)]
    for number in range(1, MOST_IN_FLIGHT + 1):
        forward(others[number % 2], Frame({"k": "call", "i": number}), JOE, passage.server, to=None)
    passage.pass_on("call", 70)
    passage.pass_on("act", 71)
    call, act = passage.device_link.headers()
    assert call["e"]["type"] == "Unavailable"
    assert (act["status"], act["after"]) == ("retry", 1.0)
    passage.server.take(Frame({"k": "res", "i": 1}))
    passage.pass_on("call", 72)
    assert passage.device_link.sent == []


def test_bodies_in_flight_are_bounded_but_one_large_one_may_pass() -> None:
    passage = Passage()
    passage.pass_on("call", 70, bytes(MOST_FORWARDED + 1))
    passage.pass_on("call", 71, b"x")
    (refused,) = passage.device_link.headers()
    assert refused["i"] == 71
    passage.server.take(Frame({"k": "res", "i": 1}))
    assert (passage.server.forwarded, passage.server.forwarded_bytes) == (0, 0)


def test_a_port_that_is_lost_opens_nothing() -> None:
    passage = Passage()
    passage.server.lose("it broke.")
    with pytest.raises(Unavailable, match="The server is not connected"):
        passage.server.open(object())  # type: ignore[arg-type]


def test_one_link_may_have_only_so_many_requests_open() -> None:
    passage = Passage()
    for number in range(1, MOST_IN_FLIGHT + 1):
        passage.device.answering[number] = object()  # type: ignore[assignment]
    passage.pass_on("call", MOST_IN_FLIGHT + 1)
    (refused,) = passage.device_link.headers()
    assert refused["e"]["type"] == "Unavailable"
    with pytest.raises(FrameError, match="open already"):
        passage.pass_on("call", 5)
