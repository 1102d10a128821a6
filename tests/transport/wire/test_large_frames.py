"""Large frames on a link: they arrive whole, and hold up nobody. Measured in messages, not in time."""

from contextlib import suppress

import pytest
import trio

from peek_trio.errors import FrameError, LinkLost
from peek_trio.transport.wire import Frame, Hello, Limits, memory_stream_pair, pack, unpack
from peek_trio.transport.wire.parts import PART
from tests.transport.wire.conftest import RunningLink, link_up

DEVICE = Hello("device", "d1", site="mobile")
LARGE = 8 * 1024 * 1024


def numbered(number, body=b""):
    return Frame({"k": "res", "i": number}, body)


def narrow_pair():
    """Two connected streams that one message at a time is on its way in, as on a slow network."""
    return memory_stream_pair(in_flight=1)


async def test_a_large_frame_does_not_hold_up_the_rest(connected):
    left, right = connected
    left.link.send_nowait(numbered(0, bytes(LARGE)))
    for number in range(1, 20):
        left.link.send_nowait(numbered(number))
        await trio.lowlevel.checkpoint()
    assert [(await right.next()).header["i"] for _ in range(20)] == [*range(1, 20), 0]


async def test_a_large_state_does_not_hold_up_answers(connected):
    left, right = connected
    left.link.post("a", Frame({"k": "state", "i": 1}, bytes(LARGE)))
    left.link.send_nowait(numbered(2))
    assert [(await right.next()).header["i"] for _ in range(2)] == [2, 1]


async def test_large_frames_go_both_ways_at_once(connected):
    left, right = connected
    body = bytes(range(256)) * 20_000
    await left.link.send(numbered(1, body))
    await right.link.send(numbered(2, body))
    assert await right.next() == numbered(1, body)
    assert await left.next() == numbered(2, body)


async def test_answers_behind_a_large_one_keep_their_order(connected):
    left, right = connected
    items = [Frame({"k": "item", "i": 1}, bytes(size)) for size in (10, LARGE, 20, 300_000, 30)]
    for item in items:
        await left.link.send(item)
    await left.link.send(Frame({"k": "res", "i": 1}))
    assert [len((await right.next()).body) for _ in range(6)] == [10, LARGE, 20, 300_000, 30, 0]


async def test_a_large_state_that_has_begun_to_leave_arrives_and_the_newer_one_follows(nursery):
    streams = narrow_pair()
    left, right = map(RunningLink, await link_up(streams))
    nursery.start_soon(left.run)
    left.link.post("a", Frame({"k": "state", "i": 1, "rev": 1}, bytes(LARGE)))
    await trio.testing.wait_all_tasks_blocked()
    assert left.link.statistics().leaving_in_parts == 1
    assert not left.link.waiting("a")
    assert left.link.post("a", Frame({"k": "state", "i": 1, "rev": 2}, bytes(LARGE)))
    assert left.link.statistics().replaced == 0
    assert left.link.post("a", Frame({"k": "state", "i": 1, "rev": 3}))
    assert left.link.statistics().replaced == 1
    assert left.link.waiting("a")
    nursery.start_soon(right.run)
    assert [(await right.next()).header["rev"] for _ in range(2)] == [1, 3]
    left.link.close()


async def test_a_close_sends_a_large_frame_first(connected):
    left, right = connected
    left.link.send_nowait(numbered(1, bytes(LARGE)))
    left.link.close(1012, "This service restarts.")
    assert len((await right.next()).body) == LARGE
    assert (await right.end()).code == 1012


async def test_a_cancelled_link_leaves_half_a_large_frame_behind_and_says_why(nursery):
    left, right = map(RunningLink, await link_up(narrow_pair()))
    nursery.start_soon(left.run)
    left.link.send_nowait(numbered(1, bytes(LARGE)))
    await trio.testing.wait_all_tasks_blocked()
    left.scope.cancel()
    nursery.start_soon(right.run)
    assert (await right.end()).code == 1001
    with pytest.raises(trio.WouldBlock):
        right._arrivals.receive_nowait()


async def test_a_ping_is_answered_at_once_while_a_device_sends_a_large_action(nursery):
    device_stream, server_stream = narrow_pair()
    device, _ = map(RunningLink, await link_up((device_stream, server_stream), dialler=DEVICE))
    nursery.start_soon(device.run)
    device.link.send_nowait(Frame({"k": "act", "i": 1, "dev": "d1", "key": ""}, bytes(900_000)))
    parts, since_ping = 0, None
    while since_ping is None or since_ping <= 3:
        kinds = [frame.kind for frame in unpack(await server_stream.receive(), Limits.DEVICE)]
        parts += kinds.count("part")
        if "pong" in kinds:
            break
        if parts == 3:
            await server_stream.send(pack([Frame({"k": "ping", "n": 7})]))
            await trio.testing.wait_all_tasks_blocked()
            since_ping = 0
        if since_ping is not None:
            since_ping += 1
    assert "pong" in kinds
    assert parts < 900_000 // PART
    device.link.close()


async def test_a_device_sends_a_megabyte_in_parts_and_no_more(streams, nursery):
    device, server = map(RunningLink, await link_up(streams, dialler=DEVICE))
    nursery.start_soon(device.run)
    nursery.start_soon(server.run)
    with pytest.raises(FrameError, match="larger than the 1048576"):
        device.link.send_nowait(numbered(1, bytes(1024 * 1024)))
    body = bytes(900_000)
    device.link.send_nowait(numbered(2, body))
    assert await server.next() == numbered(2, body)
    device.link.close()


async def test_a_device_that_announces_too_large_a_frame_is_closed_with_1009(streams, nursery):
    _, server = await link_up(streams, dialler=DEVICE)
    await streams[0].send(pack([Frame({"k": "part", "c": 1, "size": 1024 * 1024 + 1}, b"x")]))
    with pytest.raises(LinkLost, match="1048577 bytes is larger") as caught:
        await server.run(lambda frame: None)
    assert caught.value.code == 1009


@pytest.mark.parametrize("streams", ["memory", "websocket"], indirect=True)
async def test_a_message_over_the_bound_closes_the_link_with_1009(streams, nursery):
    _, server = await link_up(streams)

    async def send():
        with suppress(LinkLost):  # the peer may be gone before all of it has left
            await streams[0].send(bytes(Limits.SERVICE.message + 1))
        with pytest.raises(LinkLost) as caught:
            await streams[0].receive()
        codes.append(caught.value.code)

    codes = []
    async with trio.open_nursery() as sending:
        sending.start_soon(send)
        with pytest.raises(LinkLost) as caught:
            await server.run(lambda frame: None)
    assert (codes, caught.value.code) == ([1009], 1009)


async def test_statistics_tell_what_is_under_way(nursery):
    streams = narrow_pair()
    left, right = map(RunningLink, await link_up(streams, dialler=DEVICE))
    nursery.start_soon(left.run)
    left.link.send_nowait(numbered(1, bytes(900_000)))
    left.link.post("a", numbered(2))
    await trio.testing.wait_all_tasks_blocked()
    sending = left.link.statistics()
    assert sending.leaving_in_parts == 1
    assert 900_000 - 4 * PART < sending.waiting_bytes < 900_000
    nursery.start_soon(right.run)
    await right.next()
    await right.next()
    left.link.send_nowait(numbered(3))
    await right.next()
    sent, received = left.link.statistics(), right.link.statistics()
    assert sent.frames_sent == received.frames_received == 900_000 // PART + 1 + 2
    assert sent.bytes_sent == received.bytes_received > 900_000
    assert sent.messages_sent == received.messages_received
    assert sent.waiting_frames == sent.waiting_bytes == sent.leaving_in_parts == received.arriving_in_parts == 0
    left.link.close()


async def test_statistics_tell_how_long_a_peer_has_been_silent(autojump_clock, nursery):
    left, right = map(RunningLink, await link_up(narrow_pair()))
    assert left.link.statistics().silent_for == 0
    nursery.start_soon(left.run)
    await trio.sleep(16)
    assert left.link.statistics().silent_for == pytest.approx(16)
    assert left.link.statistics().pings == 1
    nursery.start_soon(right.run)
    await trio.sleep(1)
    assert left.link.statistics().silent_for == pytest.approx(1)
    left.link.close()
