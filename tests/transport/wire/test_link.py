"""What a link promises, on every transport."""

import itertools
import logging
import time
from functools import partial

import pytest
import trio
import trio.testing

from peek_trio.errors import FrameError, LinkLost
from peek_trio.transport.wire import (
    Frame,
    Hello,
    Series,
    accept_link,
    accept_websocket,
    connect_websocket,
    dial_link,
    memory_stream_pair,
    pack,
)
from peek_trio.transport.wire.sender import ENOUGH, GATHER
from peek_trio.transport.wire.websocket import CLOSE_WITHIN
from tests.transport.wire.conftest import AGENT, SERVER, RunningLink, admit_agent


def numbered(number, body=b""):
    return Frame({"k": "res", "i": number}, body)


async def test_frames_arrive_in_order_with_their_bodies(connected):
    left, right = connected
    sent = [numbered(number, bytes([number % 256]) * number) for number in range(300)]
    for frame in sent:
        await left.link.send(frame)
    assert [await right.next() for _ in sent] == sent


async def test_what_is_ready_at_once_travels_in_one_message(links, nursery):
    left, right = links
    for number in range(50):
        left.send_nowait(numbered(number))
    done = trio.Event()

    def count(frame):
        if frame.header["i"] == 49:
            done.set()

    async def run(link):
        with pytest.raises(LinkLost):
            await link.run(count)

    nursery.start_soon(run, left)
    nursery.start_soon(run, right)
    with trio.fail_after(5):
        await done.wait()
    assert right.statistics().messages_received == 1
    assert right.statistics().frames_received == 50
    left.close()


async def test_a_frame_on_an_idle_link_leaves_within_the_call(connected):
    left, right = connected
    await trio.testing.wait_all_tasks_blocked()
    sent = left.link.statistics().messages_sent
    left.link.send_nowait(numbered(1))
    assert left.link.statistics().messages_sent == sent + 1
    assert left.link.statistics().waiting_frames == 0
    assert (await right.next()).header["i"] == 1


async def test_frames_that_follow_each_other_share_messages(connected):
    left, right = connected
    await trio.testing.wait_all_tasks_blocked()
    for number in range(50):
        left.link.send_nowait(numbered(number))
    assert [(await right.next()).header["i"] for _ in range(50)] == list(range(50))
    assert right.link.statistics().messages_received <= 25


async def test_a_crowded_link_holds_frames_back_for_those_that_follow(links, nursery):
    left, right = links
    heard = []
    all_heard = trio.Event()

    def hear(frame):
        heard.append(frame.header["i"])
        if len(heard) == 3:
            all_heard.set()

    async def run(link, crowded):
        with pytest.raises(LinkLost):
            await link.run(hear, crowded=crowded)

    nursery.start_soon(run, left, lambda: True)
    nursery.start_soon(run, right, lambda: False)
    await trio.testing.wait_all_tasks_blocked()
    for number in range(3):
        left.send_nowait(numbered(number))
    assert left.statistics().waiting_frames == 3
    with trio.fail_after(5):
        await all_heard.wait()
    assert heard == [0, 1, 2]
    assert right.statistics().messages_received == 1
    left.close()


async def test_a_crowded_link_lets_the_peer_begin_when_there_is_enough(links, nursery):
    left, right = links

    async def run(link):
        with pytest.raises(LinkLost):
            await link.run(lambda frame: None, crowded=lambda: True)

    nursery.start_soon(run, left)
    nursery.start_soon(run, right)
    await trio.testing.wait_all_tasks_blocked()
    for number in range(ENOUGH + 1):
        left.send_nowait(numbered(number))
    assert left.statistics().messages_sent == 1
    assert left.statistics().waiting_frames == 1
    left.close()


async def test_frames_go_both_ways_at_once(connected):
    left, right = connected
    left.link.send_nowait(numbered(1))
    right.link.send_nowait(numbered(2))
    assert (await right.next()).header["i"] == 1
    assert (await left.next()).header["i"] == 2


async def test_closing_says_why_and_both_ends_know(connected):
    left, right = connected
    left.link.close(1012, "This service restarts.")
    for end in (left, right):
        lost = await end.end()
        assert (lost.code, lost.reason) == (1012, "This service restarts.")
        assert end.link.closed


async def test_what_waits_is_sent_before_a_close(connected):
    left, right = connected
    for number in range(100):
        left.link.send_nowait(numbered(number))
    left.link.close(1000, "Done.")
    assert [(await right.next()).header["i"] for _ in range(100)] == list(range(100))
    assert (await right.end()).code == 1000


def shared(number, body=b""):
    """A frame that others are sent as well."""
    return Series({"k": "state"}, body).numbered(number)


async def test_what_is_posted_on_an_idle_link_leaves_at_once(connected):
    left, right = connected
    await trio.testing.wait_all_tasks_blocked()
    assert not left.link.post("slot", shared(1, b"rows"))
    assert not left.link.waiting("slot")
    assert left.link.statistics().messages_sent == left.link.statistics().frames_sent == 1
    arrived = await right.next()
    assert (arrived.header, arrived.body) == ({"i": 1, "k": "state"}, b"rows")
    assert right.link.statistics().bytes_received == left.link.statistics().bytes_sent


async def test_what_is_posted_right_after_another_message_waits_for_others(links_in_memory, mock_clock, nursery):
    running = RunningLink(links_in_memory)
    nursery.start_soon(running.run)
    await trio.testing.wait_all_tasks_blocked()
    assert not links_in_memory.post(1, shared(1))
    assert links_in_memory.post(2, shared(2))
    assert links_in_memory.post(3, shared(3))
    await trio.testing.wait_all_tasks_blocked()
    assert links_in_memory.statistics().messages_sent == 2
    mock_clock.jump(2 * GATHER)
    assert not links_in_memory.post(1, shared(1))
    running.scope.cancel()


async def test_what_is_posted_while_a_message_does_not_leave_waits_and_the_newest_wins(connect):
    left_stream, right_stream = memory_stream_pair()
    stuck = _Stuck(left_stream)
    left, _right = await connect((stuck, right_stream))
    await trio.testing.wait_all_tasks_blocked()
    stuck.is_stuck = True
    assert not left.link.post("slot", shared(1))
    assert left.link.post("slot", shared(2))
    assert left.link.post("slot", shared(3))
    assert left.link.waiting("slot")
    assert left.link.statistics().replaced == 1
    left.scope.cancel()


async def test_what_is_posted_on_a_stream_that_has_ended_ends_the_link(connect):
    left_stream, right_stream = memory_stream_pair()
    left, _right = await connect((left_stream, right_stream))
    await trio.testing.wait_all_tasks_blocked()
    left_stream.cut()
    assert not left.link.post("slot", shared(1))
    assert left.link.closed
    assert (await left.end()).code == 1006


async def test_a_frame_too_large_for_the_peer_is_refused_on_an_idle_link_too(connected):
    left, _right = connected
    await trio.testing.wait_all_tasks_blocked()
    with pytest.raises(FrameError, match="larger than"):
        left.link.post("slot", shared(1, bytes(16 * 1024 * 1024)))
    assert not left.link.waiting("slot")


async def test_a_closed_link_takes_no_frames(connected):
    left, _right = connected
    left.link.close()
    with pytest.raises(LinkLost):
        left.link.send_nowait(numbered(1))
    with pytest.raises(LinkLost):
        await left.link.send(numbered(1))
    assert left.link.post("slot", numbered(1)) is False


async def test_nothing_from_a_peer_is_heard_after_closing(links, nursery):
    left, right = links
    for number in range(10):
        left.send_nowait(numbered(number))
    heard = []

    def shut_out(frame):
        heard.append(frame)
        right.close(1008, "Signed out.")

    async def run(link, on_frame):
        with pytest.raises(LinkLost) as caught:
            await link.run(on_frame)
        assert caught.value.code == 1008

    async with trio.open_nursery() as inner:
        inner.start_soon(run, left, heard.append)
        inner.start_soon(run, right, shut_out)
    assert len(heard) == 1


async def test_cancelling_tells_the_peer_that_this_end_is_stopping(connected):
    left, right = connected
    left.scope.cancel()
    lost = await right.end()
    assert (lost.code, lost.reason) == (1001, "This end is stopping.")
    assert left.link.closed


async def test_a_connection_cancelled_as_a_whole_says_goodbye_and_is_not_kept_waiting_for_the_answer(nursery):
    async def dial(port, task_status):
        with trio.CancelScope() as scope:
            async with connect_websocket(f"ws://127.0.0.1:{port}/vortex") as stream:
                link = await dial_link(stream, AGENT)
                task_status.started(scope)
                await link.run(lambda frame: None)
        ended.append(trio.current_time())

    async def accept(stream):
        async with accept_websocket(stream, allowed_origins=lambda origin: True) as websocket:
            link = await accept_link(websocket, SERVER, admit_agent)
            with pytest.raises(LinkLost) as lost:
                await link.run(lambda frame: None)
            reasons.append((lost.value.code, lost.value.reason))
            told.set()

    ended, reasons, told = [], [], trio.Event()
    (listener,) = await nursery.start(partial(trio.serve_tcp, accept, 0, host="127.0.0.1"))
    async with trio.open_nursery() as dialling:
        scope = await dialling.start(dial, listener.socket.getsockname()[1])
        cancelled = trio.current_time()
        scope.cancel()
    assert ended[0] - cancelled < CLOSE_WITHIN / 2
    with trio.fail_after(5):
        await told.wait()
    assert reasons == [(1001, "This end is stopping.")]
    nursery.cancel_scope.cancel()


async def test_bytes_that_are_no_frames_close_the_link_as_a_protocol_error(streams, links, nursery):
    left_stream, _ = streams
    _left, right = links
    await left_stream.send(b"junk")
    with pytest.raises(LinkLost) as caught:
        await right.run(lambda frame: None)
    assert caught.value.code == 1002
    with pytest.raises(LinkLost) as caught:
        await left_stream.receive()
    assert (caught.value.code, "ends within" in caught.value.reason) == (1002, True)


async def test_a_fault_in_the_handler_closes_the_link_and_is_logged(links, nursery, caplog):
    left, right = links
    left.send_nowait(numbered(1))

    def broken(frame):
        raise KeyError("a bug")

    async def run_left():
        with pytest.raises(LinkLost) as caught:
            await left.run(lambda frame: None)
        assert (caught.value.code, caught.value.reason) == (1011, "Internal fault.")

    nursery.start_soon(run_left)
    with pytest.raises(LinkLost) as caught, caplog.at_level(logging.ERROR):
        await right.run(broken)
    assert caught.value.code == 1011
    assert "KeyError: 'a bug'" in caplog.text


async def test_a_frame_larger_than_the_peer_takes_is_refused_here(connected):
    left, right = connected
    with pytest.raises(FrameError, match="larger than the 16777216"):
        left.link.send_nowait(numbered(1, bytes(16 * 1024 * 1024)))
    left.link.send_nowait(numbered(2))
    assert (await right.next()).header["i"] == 2


async def test_a_large_frame_passes(connected):
    left, right = connected
    body = bytes(range(256)) * 4096 * 12
    await left.link.send(numbered(1, body))
    assert (await right.next()).body == body


async def test_pings_are_answered_and_not_handed_on(streams, links, nursery):
    left_stream, _ = streams
    _, right = links
    heard = []

    async def run():
        with pytest.raises(LinkLost):
            await right.run(heard.append)

    nursery.start_soon(run)
    await left_stream.send(pack([Frame({"k": "ping", "n": 7}), numbered(1)]))
    assert await left_stream.receive() == pack([Frame({"k": "pong", "n": 7})])
    assert heard == [numbered(1)]
    right.close()


async def test_an_idle_link_lives_on_pings(autojump_clock, connect):
    left, right = await connect(memory_stream_pair())
    await trio.sleep(100)
    assert not left.link.closed
    assert not right.link.closed
    assert 6 <= left.link.statistics().messages_received <= 14  # pings or their answers, every 15 s


@pytest.mark.parametrize(("dialler", "within"), [(AGENT, 25), (Hello("device", "d1"), 20)], ids=["service", "device"])
async def test_both_ends_know_of_a_pulled_cable_within_25_seconds_and_of_a_device_within_20(
    autojump_clock, connect, dialler, within
):
    left_stream, right_stream = memory_stream_pair()
    cables = _Unplugged(left_stream), _Unplugged(right_stream)
    ends = await connect(cables, dialler=dialler)
    for cable in cables:
        cable.pulled = True
    began = trio.current_time()
    for end in ends:
        lost = await _patient_end(end)
        assert trio.current_time() - began <= within + 0.1
        assert f"silent for {within} s" in lost.reason


async def test_a_clock_that_is_set_back_drops_nothing(autojump_clock, connect, monkeypatch):
    left, right = await connect(memory_stream_pair())
    hours = itertools.count(1)
    monkeypatch.setattr(time, "time", lambda: 1e9 - 3600 * next(hours))
    for _ in range(10):
        await trio.sleep(20)
        left.link.send_nowait(numbered(1))
        assert (await right.next()).header["i"] == 1
    assert not left.link.closed
    assert not right.link.closed
    assert next(hours) == 1, "nothing on a link's way asks the wall clock"


async def test_a_sender_waits_for_room_then_gives_the_peer_up(autojump_clock, links):
    left, _right = links
    for number in range(1024):
        left.send_nowait(numbered(number))
    began = trio.current_time()
    with pytest.raises(LinkLost) as caught:
        await left.send(numbered(1024))
    assert caught.value.code == 1013
    assert trio.current_time() - began == pytest.approx(10)


async def test_a_waiting_sender_goes_on_when_there_is_room(links, nursery):
    left, right = links
    for number in range(1024):
        left.send_nowait(numbered(number))
    nursery.start_soon(left.send, numbered(1024))
    await trio.testing.wait_all_tasks_blocked()
    last = trio.Event()

    async def run(link):
        with pytest.raises(LinkLost):
            await link.run(lambda frame: last.set() if frame.header["i"] == 1024 else None)

    nursery.start_soon(run, left)
    nursery.start_soon(run, right)
    with trio.fail_after(5):
        await last.wait()
    left.close()


async def test_send_nowait_on_a_full_queue_closes_the_link(links):
    left, _right = links
    for number in range(1024):
        left.send_nowait(numbered(number))
    with pytest.raises(LinkLost) as caught:
        left.send_nowait(numbered(1024))
    assert caught.value.code == 1013
    assert left.closed


async def test_a_peer_that_does_not_receive_is_closed_as_too_slow(autojump_clock, connect):
    left_stream, right_stream = memory_stream_pair()
    stuck = _Stuck(left_stream)
    left, _right = await connect((stuck, right_stream))
    stuck.is_stuck = True
    left.link.send_nowait(numbered(1))
    began = trio.current_time()
    lost = await _patient_end(left)
    assert lost.code == 1013
    assert trio.current_time() - began == pytest.approx(20, abs=0.1)


async def test_cancelling_does_not_wait_for_a_peer_that_does_not_receive(autojump_clock, connect):
    left_stream, right_stream = memory_stream_pair()
    stuck = _Stuck(left_stream)
    left, _right = await connect((stuck, right_stream))
    stuck.is_stuck = True
    left.link.send_nowait(numbered(1))
    await trio.testing.wait_all_tasks_blocked()
    began = trio.current_time()
    left.scope.cancel()
    await left.end()
    assert trio.current_time() - began <= 1.1


async def test_only_the_newest_of_a_slot_arrives(links, nursery):
    left, right = links
    assert left.post("state", numbered(1))
    assert left.post("state", numbered(2))
    assert left.statistics().replaced == 1
    left.post("other", numbered(3))
    left.post("withdrawn", numbered(4))
    left.withdraw("withdrawn")
    heard = []
    both = trio.Event()

    def hear(frame):
        heard.append(frame.header["i"])
        if len(heard) == 2:
            both.set()

    async def run(link, on_frame):
        with pytest.raises(LinkLost):
            await link.run(on_frame)

    nursery.start_soon(run, left, hear)
    nursery.start_soon(run, right, hear)
    with trio.fail_after(5):
        await both.wait()
    assert heard == [2, 3]
    assert left.statistics().replaced == 1
    left.close()


async def test_a_cable_pulled_is_a_lost_link_at_both_ends(connect):
    left_stream, right_stream = memory_stream_pair()
    left, right = await connect((left_stream, right_stream))
    left_stream.cut()
    assert (await left.end()).code == 1006
    assert (await right.end()).code == 1006


class _Unplugged:
    """A stream that carries nothing any more once `pulled`, and does not say so."""

    def __init__(self, stream):
        self._stream = stream
        self.pulled = False

    def begin(self, parts):
        return True if self.pulled else self._stream.begin(parts)

    async def flush(self):
        await self._stream.flush()

    async def send(self, data):
        await self._stream.send(data)

    async def receive(self):
        message = await self._stream.receive()
        if self.pulled:
            await trio.sleep_forever()
        return message

    def allow(self, message):
        self._stream.allow(message)

    async def aclose(self, code=1000, reason=""):
        await self._stream.aclose(code, reason)


class _Stuck:
    """A stream whose sends block once `is_stuck`, as a full socket does."""

    def __init__(self, stream):
        self._stream = stream
        self.is_stuck = False

    def begin(self, parts):
        return False if self.is_stuck else self._stream.begin(parts)

    async def flush(self):
        if self.is_stuck:
            await trio.sleep_forever()
        await self._stream.flush()

    async def send(self, data):
        await self._stream.send(data)

    async def receive(self):
        return await self._stream.receive()

    def allow(self, message):
        self._stream.allow(message)

    async def aclose(self, code=1000, reason=""):
        await self._stream.aclose(code, reason)


async def _patient_end(running):
    await running._ended.wait()
    return running.lost
