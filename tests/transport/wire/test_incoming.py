"""What arrives becomes messages, answers and an end, whatever it is and however it is cut."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wsproto.connection import Connection, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Ping, TextMessage

from peek_trio.transport.wire.incoming import Incoming

MOST = 1000


def sent(*events):
    """The bytes with which a client says all this."""
    client = Connection(ConnectionType.CLIENT)
    return b"".join(bytes(client.send(event)) for event in events)


def incoming(most=MOST):
    return Incoming(Connection(ConnectionType.SERVER), most)


def told(answer):
    """What a client makes of a frame that it was answered with."""
    client = Connection(ConnectionType.CLIENT)
    client.receive_data(answer)
    return list(client.events())


messages = st.lists(st.binary(max_size=MOST), max_size=5)


@given(messages, st.lists(st.integers(min_value=0, max_value=6000)))
def test_messages_arrive_however_they_are_cut(wanted, cuts):
    data = sent(*map(BytesMessage, wanted))
    arriving, arrived = incoming(), []
    for start, end in zip([0, *sorted(cuts)], [*sorted(cuts), len(data)], strict=True):
        if data[start:end]:
            arrived += reversed(arriving.take(data[start:end]))
    assert arrived == wanted
    assert arriving.end is None


@given(st.lists(st.binary(max_size=200), min_size=1, max_size=5))
def test_the_fragments_of_a_message_are_one_message(fragments):
    last = len(fragments) - 1
    data = sent(*(BytesMessage(part, message_finished=place == last) for place, part in enumerate(fragments)))
    assert incoming().take(data) == [b"".join(fragments)]


def test_text_is_told_from_bytes():
    assert incoming().take(sent(TextMessage("grüß "), BytesMessage(b"you"))) == [b"you", "grüß "]


@pytest.mark.parametrize("fragments", [[1001], [400, 400, 201], [1000, 1]])
def test_a_message_that_is_too_large_ends_with_1009_and_says_how_large_it_may_be(fragments):
    arriving = incoming()
    last = len(fragments) - 1
    data = sent(*(BytesMessage(bytes(size), message_finished=place == last) for place, size in enumerate(fragments)))
    assert arriving.take(data) == []
    assert (arriving.end.code, "1000 bytes" in arriving.end.reason) == (1009, True)
    assert told(arriving.answer) == [CloseConnection(1009, arriving.end.reason)]
    assert not arriving.heard_goodbye


def test_the_bound_may_be_raised():
    arriving = incoming()
    arriving.most = 2000
    assert arriving.take(sent(BytesMessage(bytes(1500)))) == [bytes(1500)]


def test_what_follows_the_end_does_not_count():
    arriving = incoming()
    arriving.take(sent(BytesMessage(bytes(2000))))
    assert arriving.take(sent(BytesMessage(b"late"), Ping(b"?"))) == []
    assert arriving.end.code == 1009


def test_every_ping_is_answered():
    arriving = incoming()
    assert arriving.take(sent(Ping(b"one"), Ping(b"two"))) == []
    assert arriving.answer == b"\x8a\x03one\x8a\x03two"


def test_a_goodbye_is_answered_with_the_same():
    arriving = incoming()
    assert arriving.take(sent(BytesMessage(b"last words"), CloseConnection(1001, "off"))) == [b"last words"]
    assert (arriving.end.code, arriving.end.reason) == (1001, "off")
    assert arriving.heard_goodbye
    assert told(arriving.answer) == [CloseConnection(1001, "off")]


def test_a_goodbye_without_a_code_is_answered_without_one():
    arriving = incoming()
    arriving.take(b"\x88\x80\0\0\0\0")
    assert (arriving.end.code, arriving.answer) == (1005, b"\x88\x00")


def test_a_ping_after_a_goodbye_harms_nobody():
    arriving = incoming()
    arriving.take(sent(CloseConnection(1000)) + b"\x89\x80\0\0\0\0")
    arriving.take(b"\x89\x80\0\0\0\0" * 3)
    assert arriving.end.code == 1000


def test_our_goodbye_is_said_once():
    arriving = incoming()
    assert told(arriving.goodbye(1012, "x" * 200)) == [CloseConnection(1012, "x" * 123)]
    assert arriving.goodbye(1000, "") == b""
    arriving.take(sent(BytesMessage(b"on its way already"), CloseConnection(1012)))
    assert arriving.heard_goodbye


def test_our_goodbye_answers_one_that_was_heard():
    arriving = incoming()
    arriving.take(sent(CloseConnection(1001, "off")))
    assert told(arriving.goodbye(1000, "done")) == [CloseConnection(1001, "off")]


def test_the_end_of_the_stream_is_the_end():
    arriving = incoming()
    assert arriving.take(b"") == []
    assert (arriving.end.code, arriving.end.reason) == (1006, "The connection was lost.")
    assert arriving.heard_goodbye
    assert arriving.goodbye(1000, "") == b""


BROKEN = {
    "no mask": b"\x82\x01x",
    "a reserved opcode": b"\x83\x80\0\0\0\0",
    "a reserved bit": b"\xc2\x80\0\0\0\0",
    "a long ping": b"\x89\xfe\x00\x80" + bytes(4 + 128),
    "a continuation of nothing": b"\x80\x80\0\0\0\0",
    "a reserved code": b"\x88\x82\0\0\0\0" + struct.pack("!H", 1005),
    "half a code": b"\x88\x81\0\0\0\0x",
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_not_the_protocol_ends_with_1002(name):
    arriving = incoming()
    assert arriving.take(BROKEN[name]) == []
    assert arriving.end.code == 1002
    assert told(arriving.answer)[0].code == 1002
    assert arriving.take(b"\x82\x81\0\0\0\0x") == []


def test_text_that_is_not_utf_8_ends_with_1007():
    arriving = incoming()
    arriving.take(b"\x81\x82\0\0\0\0\xff\xfe")
    assert arriving.end.code == 1007


@given(st.lists(st.one_of(st.binary(min_size=1, max_size=40), st.sampled_from(sorted(BROKEN.values()))), max_size=8))
def test_whatever_arrives_nothing_is_raised(pieces):
    arriving = incoming()
    for piece in pieces:
        arriving.take(piece)
    arriving.goodbye(1000, "")
    arriving.take(b"")
    assert arriving.end is not None
