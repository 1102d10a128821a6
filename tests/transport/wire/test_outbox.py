"""The queue is bounded and in order; a slot keeps the newest."""

from peek_trio.transport.wire import Frame, unpack
from peek_trio.transport.wire.outbox import BATCH, Outbox, packed

ALL = 16 * 1024 * 1024


def ready(number: int, size: int = 0):
    return packed(Frame({"k": "x", "i": number}, b"." * size))


def numbers(parts: list[bytes]) -> list[int]:
    return [frame.header["i"] for frame in unpack(b"".join(parts))]


def test_everything_that_waits_leaves_in_one_message_queue_first():
    box = Outbox()
    box.post("slot", ready(9))
    for number in range(3):
        assert box.offer(ready(number))
    assert numbers(box.take(ALL)) == [0, 1, 2, 9]
    assert box.take(ALL) == []


def test_a_full_queue_takes_no_more():
    box = Outbox(most_frames=2)
    assert box.offer(ready(1))
    assert box.offer(ready(2))
    assert not box.offer(ready(3))
    assert numbers(box.take(ALL)) == [1, 2]
    assert box.offer(ready(3))


def test_the_queue_is_bounded_in_bytes_but_one_large_frame_fits():
    box = Outbox(most_bytes=1000)
    assert box.offer(ready(1, 5000))
    assert not box.offer(ready(2))
    assert box.queued_bytes > 5000
    box.take(ALL)
    assert box.queued_bytes == 0


def test_the_newest_in_a_slot_wins():
    box = Outbox()
    assert box.post("a", ready(1)) is False
    assert box.post("a", ready(2)) is True
    assert numbers(box.take(ALL)) == [2]
    assert box.replaced == 1


def test_a_replaced_frame_keeps_its_place():
    box = Outbox()
    box.post("a", ready(1))
    box.post("b", ready(2))
    box.post("a", ready(3))
    assert numbers(box.take(ALL)) == [3, 2]


def test_what_is_withdrawn_does_not_leave():
    box = Outbox()
    box.post("a", ready(1))
    box.withdraw("a")
    box.withdraw("never there")
    assert box.take(ALL) == []


def test_slots_are_bounded():
    box = Outbox(most_slots=1)
    box.post("a", ready(1))
    assert box.post("b", ready(2)) is None
    assert box.post("a", ready(3)) is True


def test_a_message_ends_when_it_is_full_enough():
    box = Outbox()
    for number in range(3):
        box.offer(ready(number, BATCH // 2))
    assert numbers(box.take(ALL)) == [0]
    assert numbers(box.take(ALL)) == [1]


def test_a_message_is_no_larger_than_the_peer_takes():
    box = Outbox()
    for number in range(4):
        box.offer(ready(number, 100))
    assert len(b"".join(box.take(300))) <= 300


def test_the_body_is_shared_not_copied():
    body = b"a large state"
    assert packed(Frame({"k": "state"}, body))[1] is body
