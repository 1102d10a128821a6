"""The queue is bounded and in order; a slot keeps the newest; what keeps the link going comes first."""

from peek_trio.transport.wire import Frame, unpack
from peek_trio.transport.wire.frames import packed
from peek_trio.transport.wire.outbox import BATCH, Outbox
from peek_trio.transport.wire.parts import LARGE


def ready(number: int, size: int = 0):
    return packed(Frame({"k": "x", "i": number}, b"." * size))


def numbers(parts: list[bytes]) -> list[int]:
    return [frame.header["i"] for frame in unpack(b"".join(parts))]


def test_everything_that_waits_leaves_in_one_message_queue_first():
    box = Outbox()
    box.post("slot", ready(9))
    for number in range(3):
        assert box.offer(ready(number))
    assert numbers(box.take()) == [0, 1, 2, 9]
    assert box.take() == []


def test_a_full_queue_takes_no_more():
    box = Outbox(most_frames=2)
    assert box.offer(ready(1))
    assert box.offer(ready(2))
    assert not box.offer(ready(3))
    assert numbers(box.take()) == [1, 2]
    assert box.offer(ready(3))


def test_the_queue_is_bounded_in_bytes():
    box = Outbox(most_bytes=1000)
    assert box.offer(ready(1, 800))
    assert not box.offer(ready(2, 200))
    assert box.waiting_bytes > 800
    box.take()
    assert box.waiting_bytes == 0
    assert box.offer(ready(2, 200))


def test_one_large_frame_always_fits_and_costs_the_small_ones_nothing():
    box = Outbox(most_bytes=LARGE + 1000)
    assert box.offer(ready(1, 3 * LARGE))
    assert not box.offer(ready(2, LARGE))
    assert box.offer(ready(3))
    box.take()
    assert box.offer(ready(2, LARGE))


def test_the_newest_in_a_slot_wins():
    box = Outbox()
    assert box.post("a", ready(1)) is False
    assert box.post("a", ready(2)) is True
    assert numbers(box.take()) == [2]
    assert box.replaced == 1


def test_a_replaced_frame_keeps_its_place():
    box = Outbox()
    box.post("a", ready(1))
    box.post("b", ready(2))
    box.post("a", ready(3))
    assert numbers(box.take()) == [3, 2]


def test_what_is_withdrawn_does_not_leave():
    box = Outbox()
    box.post("a", ready(1))
    box.withdraw("a")
    box.withdraw("never there")
    assert box.take() == []


def test_slots_are_bounded():
    box = Outbox(most_slots=1)
    box.post("a", ready(1))
    assert box.post("b", ready(2)) is None
    assert box.post("a", ready(3)) is True


def test_a_message_ends_when_it_is_full_enough():
    box = Outbox()
    for number in range(3):
        box.offer(ready(number, BATCH // 2))
    assert numbers(box.take()) == [0]
    assert numbers(box.take()) == [1]


def test_pings_and_room_for_items_go_before_everything_else():
    box = Outbox()
    box.offer(ready(1))
    for kind in ("ping", "pong", "more"):
        box.offer(packed(Frame({"k": kind, "i": 2})))
    box.post("slot", ready(3))
    assert [frame.kind for frame in unpack(b"".join(box.take()))] == ["ping", "pong", "more", "x", "x"]


def test_a_full_queue_still_takes_what_keeps_the_link_going_within_a_bound():
    box = Outbox(most_frames=1, most_control=2)
    ping = packed(Frame({"k": "ping", "n": 1}))
    box.offer(ready(1))
    assert not box.offer(ready(2))
    assert box.offer(ping)
    assert box.offer(ping)
    assert not box.offer(ping)
    assert len(box) == 3


def test_whether_a_slot_waits_is_known():
    box = Outbox()
    assert not box.waiting("a")
    box.post("a", ready(1))
    assert box.waiting("a")
    box.take()
    assert not box.waiting("a")


def test_the_body_is_shared_not_copied():
    body = b"a large state"
    assert packed(Frame({"k": "state"}, body))[1] is body
