"""Every transport carries messages alike."""

import pytest
import trio

from peek_trio.errors import LinkLost
from peek_trio.transport.wire import memory_stream_pair


async def test_messages_arrive_whole_and_in_order(streams):
    left, right = streams
    sent = [bytes([number]) * (number * 1000 + 1) for number in range(10)]
    for message in sent:
        await left.send(message)
    assert [await right.receive() for _ in sent] == sent


async def test_both_sides_may_send(streams):
    left, right = streams
    await left.send(b"to the right")
    await right.send(b"to the left")
    assert (await left.receive(), await right.receive()) == (b"to the left", b"to the right")


async def test_what_was_sent_before_the_end_still_arrives(streams):
    left, right = streams
    await left.send(b"last words")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(left.aclose, 1012, "Back in a minute.")
        assert await right.receive() == b"last words"
        with pytest.raises(LinkLost) as caught:
            await right.receive()
    assert (caught.value.code, caught.value.reason) == (1012, "Back in a minute.")


async def test_a_side_that_closed_can_neither_send_nor_receive(streams):
    left, _right = streams
    await left.aclose()
    with pytest.raises(LinkLost):
        await left.send(b"x")
    with pytest.raises(LinkLost):
        await left.receive()


async def test_closing_twice_is_harmless(streams):
    left, right = streams
    await left.aclose(1001, "first")
    await left.aclose(1011, "second")
    with pytest.raises(LinkLost) as caught:
        await right.receive()
    assert caught.value.code == 1001


async def test_sending_to_a_side_that_left_is_a_lost_link(streams):
    left, right = streams
    await right.aclose()

    async def send_until_it_fails():
        while True:
            await left.send(b"anybody?")

    with pytest.raises(LinkLost), trio.fail_after(5):
        await send_until_it_fails()


async def test_a_memory_stream_makes_a_fast_sender_wait(autojump_clock):
    left, right = memory_stream_pair()
    sent = 0
    with trio.move_on_after(1):
        while True:
            await left.send(b"x")
            sent += 1
    assert sent == 16
    assert await right.receive() == b"x"


async def test_a_cut_memory_stream_ends_without_a_reason(autojump_clock):
    left, right = memory_stream_pair()
    left.cut()
    with pytest.raises(LinkLost) as caught:
        await right.receive()
    assert caught.value.code == 1006
