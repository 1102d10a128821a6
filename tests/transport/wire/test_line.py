"""Frames leave whole and in turn, at once where the socket takes them; what is framed here any websocket reads."""

import socket
import struct

import pytest
import trio
from wsproto import ConnectionType
from wsproto.connection import Connection
from wsproto.events import BytesMessage, Pong

from peek_trio.transport.wire.line import UNSENT, Line, framed, framed_once

SIZES = [0, 1, 125, 126, 65_535, 65_536, 200_000]


async def socket_pair():
    left, right = trio.socket.socketpair()
    for end in (left, right):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 8 * 1024)
    return trio.SocketStream(left), trio.SocketStream(right)


class PassingOn:
    """Wraps a stream as a front door does that has read ahead: `beneath` is none until that has been read again."""

    def __new__(cls, stream):
        class Wrapper(trio.abc.Stream):
            beneath = None
            send_all = staticmethod(stream.send_all)
            receive_some = staticmethod(stream.receive_some)
            aclose = staticmethod(stream.aclose)
            wait_send_all_might_not_block = staticmethod(stream.wait_send_all_might_not_block)

        return Wrapper()


def pong(number):
    return bytes(Connection(ConnectionType.SERVER).send(Pong(payload=b"%d" % number)))


def messages(reader: Connection, data: bytes) -> list[object]:
    """The events in `data`, the parts of a message joined."""
    reader.receive_data(data)
    events, begun = [], b""
    for event in reader.events():
        if not isinstance(event, BytesMessage):
            events.append(event)
            continue
        begun += event.data
        if event.message_finished:
            events.append(begun)
            begun = b""
    return events


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("masked", [True, False], ids=["dialling", "accepting"])
def test_a_framed_message_is_one_that_any_websocket_reads(size, masked):
    body = bytes(range(256)) * (size // 256) + bytes(size % 256)
    reader = Connection(ConnectionType.SERVER if masked else ConnectionType.CLIENT)
    frame = b"".join(framed([body[:10], body[10:]], masked=masked))
    assert messages(reader, frame) == [body]


def test_a_body_that_is_sent_unmasked_is_not_copied():
    body = b"a large state"
    assert framed([b"head", body], masked=False)[2] is body


@pytest.mark.parametrize("size", SIZES)
def test_a_frame_that_many_are_sent_is_made_once_and_is_like_any_other(size):
    parts = (b"head", bytes(size))
    assert framed_once(parts) == b"".join(framed(parts, masked=False))
    assert framed_once((parts[0], parts[1])) is framed_once(parts)


def test_many_small_parts_become_few():
    assert len(framed([b"x"] * 2000, masked=False)) == 2


async def test_what_the_socket_has_room_for_leaves_at_once():
    ours, theirs = await socket_pair()
    line = Line(ours)
    assert line.begin([b"\x82\x05", b"hello"])
    assert await theirs.receive_some() == b"\x82\x05hello"
    await line.aclose()
    await theirs.aclose()


async def test_after_a_flush_frames_leave_at_once_again():
    ours, theirs = await socket_pair()
    line = Line(ours)
    assert not line.begin([bytes(1_000_000)])
    assert not line.begin([b"behind it"])
    async with trio.open_nursery() as nursery:
        nursery.start_soon(line.flush)
        received = 0
        with trio.fail_after(5):
            while received < 1_000_009:
                received += len(await theirs.receive_some())
    assert line.begin([b"at once"])
    assert await theirs.receive_some() == b"at once"
    await line.aclose()
    await theirs.aclose()


async def test_the_rest_of_a_large_frame_leaves_before_anything_else(nursery):
    ours, theirs = await socket_pair()
    line = Line(ours)
    large = bytes(range(256)) * 4000
    reader = Connection(ConnectionType.CLIENT)

    async def send_messages():
        for number in range(50):
            left = line.begin(framed([large], masked=False))
            assert not left
            assert line.interject(pong(number))  # somebody flushes: the pong goes with the message
            await line.flush()

    nursery.start_soon(send_messages)
    arrived, begun = [], b""
    with trio.fail_after(10):
        while len(arrived) < 100:
            reader.receive_data(await theirs.receive_some())
            for event in reader.events():
                if isinstance(event, Pong):
                    assert not begun
                    arrived.append(bytes(event.payload))
                else:
                    begun += event.data
                    if event.message_finished:
                        arrived.append(begun)
                        begun = b""
    assert arrived[::2] == [large] * 50
    assert arrived[1::2] == [b"%d" % number for number in range(50)]
    await line.aclose()
    await theirs.aclose()


async def test_a_peer_that_pings_and_does_not_read_is_owed_one_pong():
    ours, theirs = await socket_pair()
    line = Line(ours)
    assert not line.begin(framed([bytes(1_000_000)], masked=False))
    for number in range(1000):
        assert line.interject(pong(number))
    received = bytearray()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(line.flush)
        with trio.fail_after(5):
            while not received.endswith(pong(999)):
                received += await theirs.receive_some()
    assert len(received) == 10 + 1_000_000 + len(pong(999))
    await line.aclose()
    await theirs.aclose()


async def test_a_control_frame_that_finds_no_room_leaves_before_the_next_message():
    ours, theirs = await socket_pair()
    line = Line(ours)
    sent = 0
    while line.interject(pong(sent)):
        sent += 1
    assert not line.begin([b"\x82\x01x"])
    expected = b"".join(pong(number) for number in range(sent + 1)) + b"\x82\x01x"
    received = bytearray()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(line.flush)
        with trio.fail_after(5):
            while len(received) < len(expected):
                received += await theirs.receive_some()
    assert received == expected
    await line.aclose()
    await theirs.aclose()


async def test_a_flush_that_is_cancelled_cuts_the_line_short():
    ours, theirs = await socket_pair()
    line = Line(ours)
    assert not line.begin(framed([bytes(1_000_000)], masked=False))
    with trio.move_on_after(0.01):
        await line.flush()
    assert line.cut_short
    with pytest.raises(trio.BrokenResourceError):
        line.begin([b"more"])
    with pytest.raises(trio.BrokenResourceError):
        line.interject(pong(1))
    await line.aclose()
    await theirs.aclose()


async def test_nothing_follows_a_close_frame():
    ours, theirs = await socket_pair()
    line = Line(ours)
    assert line.interject(b"\x88\x02" + struct.pack("!H", 1000), last=True)
    with pytest.raises(trio.BrokenResourceError):
        line.begin([b"\x82\x01x"])
    with pytest.raises(trio.BrokenResourceError):
        line.interject(pong(1))
    await line.aclose()
    await theirs.aclose()


async def test_a_peer_that_left_is_a_broken_line():
    ours, theirs = await socket_pair()
    line = Line(ours)
    await theirs.aclose()
    assert await line.receive_some() == b""
    with pytest.raises(trio.BrokenResourceError):
        line.begin([b"\x82\x01x"])
    await line.aclose()
    with pytest.raises(trio.ClosedResourceError):
        await line.receive_some()


async def test_closing_wakes_who_reads(nursery):
    ours, theirs = await socket_pair()
    line = Line(ours)
    ended = trio.Event()

    async def read():
        with pytest.raises(trio.ClosedResourceError):
            await line.receive_some()
        ended.set()

    nursery.start_soon(read)
    await trio.testing.wait_all_tasks_blocked()
    await line.aclose()
    with trio.fail_after(5):
        await ended.wait()
    await theirs.aclose()


@pytest.mark.parametrize("passed_on", [True, False])
async def test_a_stream_that_passes_on_is_seen_through_once_it_says_so(passed_on):
    ours, theirs = await socket_pair()
    wrapper = PassingOn(ours)
    wrapper.beneath = ours if passed_on else None
    line = Line(wrapper)
    assert line.begin([b"\x82\x02hi"]) is passed_on
    await line.flush()
    assert await theirs.receive_some() == b"\x82\x02hi"
    await theirs.send_all(b"back")
    assert await line.receive_some() == b"back"
    await line.aclose()
    await theirs.aclose()


async def test_a_stream_without_a_socket_waits_for_its_flush():
    ours, theirs = trio.testing.memory_stream_pair()
    line = Line(ours)
    assert not line.begin(framed([b"hello"], masked=False))
    assert line.interject(pong(7))
    await line.flush()
    assert messages(Connection(ConnectionType.CLIENT), bytes(await theirs.receive_some())) == [
        b"hello",
        Pong(payload=b"7"),
    ]
    assert not line.interject(pong(8))
    await line.flush()
    assert bytes(await theirs.receive_some()) == pong(8)


@pytest.mark.skipif(not hasattr(socket, "TCP_NOTSENT_LOWAT"), reason="this platform cannot bound what it has not sent")
async def test_little_waits_in_the_system_for_a_slow_peer():
    (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
    theirs = await trio.open_tcp_stream("127.0.0.1", listener.socket.getsockname()[1])
    ours = await listener.accept()
    line = Line(PassingOn(ours))
    assert ours.getsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT) != UNSENT
    line = Line(ours)
    assert ours.getsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT) == UNSENT
    assert ours.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    await line.aclose()
    await theirs.aclose()
    await listener.aclose()
