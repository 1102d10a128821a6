"""A large frame leaves in parts; what belongs behind it waits, and everything else goes past it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from peek_trio.transport.wire import Frame, Limits, unpack
from peek_trio.transport.wire.frames import packed
from peek_trio.transport.wire.lanes import Lanes, order_of
from peek_trio.transport.wire.outbox import BATCH, Outbox
from peek_trio.transport.wire.parts import LANES, LARGE, PART, Assembly

PARTS = 8
SIZE = PARTS * PART - 1000
"""A body that makes a frame of eight parts."""


def frame(kind, size=0, **header):
    return Frame({"k": kind, **header}, bytes(size))


class Peer:
    """What arrives at the other end of an outbox."""

    def __init__(self, box):
        self.box = box
        self.sizes = []
        self._assembly = Assembly(Limits.SERVICE)

    def receive(self):
        """The next message: the headers of the frames that are whole with it."""
        message = b"".join(self.box.take())
        self.sizes.append(len(message))
        whole = []
        for part in unpack(message) if message else []:
            arrived = self._assembly.take(part) if part.kind == "part" else part
            if arrived is not None:
                whole.append(arrived.header)
        return whole

    def receive_all(self):
        """Every message until nothing waits any more."""
        messages = []
        while self.box:
            messages.append(self.receive())
        return messages


@pytest.fixture
def box():
    return Outbox()


@pytest.fixture
def peer(box):
    return Peer(box)


def offer(box, *frames):
    for one in frames:
        assert box.offer(packed(one))


def kinds(messages):
    return [header["k"] for message in messages for header in message]


def numbers(messages):
    return [header["i"] for message in messages for header in message]


def test_a_large_frame_leaves_in_parts_and_arrives_whole(box, peer):
    offer(box, frame("res", SIZE, i=1))
    messages = peer.receive_all()
    assert numbers(messages) == [1]
    assert len(messages) == PARTS
    assert max(peer.sizes) < PART + 100


def test_a_frame_that_is_not_large_leaves_whole(box, peer):
    head = len(packed(frame("res", LARGE, i=1))[0])
    offer(box, frame("res", LARGE - head, i=1))
    assert numbers([peer.receive()]) == [1]
    offer(box, frame("res", LARGE - head + 1, i=1))
    assert peer.receive() == []
    assert box.under_way == 1


def test_everything_else_goes_past_it(box, peer):
    offer(box, frame("res", SIZE, i=1))
    peer.receive()
    offer(box, frame("res", i=2), frame("call", i=1), frame("act", i=3, dev="d", key=""))
    box.post("a", packed(frame("state", i=4)))
    offer(box, frame("more", i=5))
    assert kinds([peer.receive()]) == ["more", "res", "call", "act", "state"]


def test_a_question_of_the_same_number_is_of_another_exchange():
    assert order_of({"k": "call", "i": 1}) != order_of({"k": "res", "i": 1})
    assert order_of({"k": "cancel", "i": 1}) == order_of({"k": "call", "i": 1})
    assert order_of({"k": "unsub", "i": 1}) == order_of({"k": "sub", "i": 1})
    assert order_of({"k": "err", "i": 1}) == order_of({"k": "item", "i": 1}) == order_of({"k": "state", "i": 1})


@pytest.mark.parametrize(
    ("large", "behind"),
    [
        (frame("item", SIZE, i=1), frame("res", i=1)),
        (frame("state", SIZE, i=1), frame("err", i=1)),
        (frame("call", SIZE, i=1), frame("cancel", i=1)),
        (frame("sub", SIZE, i=1), frame("unsub", i=1)),
        (frame("act", SIZE, i=1, dev="d", key="k"), frame("act", i=2, dev="d", key="k")),
        (frame("msg", SIZE, i=1), frame("msg", i=2)),
    ],
    ids=lambda one: one.kind,
)
def test_what_belongs_behind_it_waits(box, peer, large, behind):
    offer(box, large, behind, frame("call", i=99))
    messages = peer.receive_all()
    assert kinds(messages) == ["call", large.kind, behind.kind]
    assert kinds(messages[:1]) == ["call"]


@pytest.mark.parametrize("other", [{"dev": "e", "key": "k"}, {"dev": "d", "key": "l"}])
def test_actions_of_another_device_or_key_go_past(box, peer, other):
    offer(box, frame("act", SIZE, i=1, dev="d", key="k"), frame("act", i=2, **other))
    assert numbers([peer.receive()]) == [2]


def test_what_waits_behind_one_keeps_its_order(box, peer):
    offer(box, frame("msg", SIZE, i=1), *(frame("msg", i=number) for number in range(2, 5)))
    peer.receive()
    offer(box, frame("msg", SIZE, i=5), frame("msg", i=6))
    assert numbers(peer.receive_all()) == [1, 2, 3, 4, 5, 6]


def test_four_large_frames_are_under_way_in_turns_and_a_fifth_waits(box, peer):
    offer(box, *(frame("res", SIZE, i=number) for number in range(1, LANES + 2)), frame("res", i=9))
    assert numbers([peer.receive()]) == [9]
    assert box.under_way == LANES
    messages = peer.receive_all()
    assert numbers(messages) == [1, 2, 3, 4, 5]
    # All four end within four messages of each other, and the fifth needs its own eight from then on.
    ends = [at for at, message in enumerate(messages) if message]
    assert ends[3] - ends[0] == 3
    assert len(messages) == (LANES + 1) * PARTS - 1


def test_what_belongs_behind_a_large_frame_without_a_lane_waits_too(box, peer):
    offer(box, *(frame("res", SIZE, i=number) for number in range(1, LANES + 2)), frame("err", i=LANES + 1))
    assert numbers([peer.receive()]) == []
    assert numbers(peer.receive_all()) == [1, 2, 3, 4, 5, 5]


def test_a_large_frame_is_not_starved_by_small_ones(box, peer):
    offer(box, frame("res", SIZE, i=1))
    messages = 0
    while box.under_way or not messages:
        while box.offer(packed(frame("res", 10_000, i=2))):
            if box.waiting_bytes > 3 * BATCH:
                break
        peer.receive()
        messages += 1
    assert messages == PARTS


def test_no_message_is_larger_than_a_batch_and_a_part(box, peer):
    offer(box, frame("res", SIZE, i=1), *(frame("res", 60_000, i=number) for number in range(2, 40)))
    offer(box, *(frame("ping", n=number) for number in range(100)))
    peer.receive_all()
    assert max(peer.sizes) < BATCH + PART + 10_000 < Limits.DEVICE.message


def test_a_state_whose_transmission_has_begun_arrives_and_the_newer_one_follows(box, peer):
    box.post("a", packed(frame("state", SIZE, i=1, rev=1)))
    peer.receive()
    assert not box.waiting("a")
    assert box.post("a", packed(frame("state", SIZE, i=1, rev=2))) is False
    assert box.post("a", packed(frame("state", SIZE, i=1, rev=3))) is True
    peer.receive()
    assert box.waiting("a")
    assert box.post("a", packed(frame("state", i=1, rev=4))) is True
    assert [header["rev"] for message in peer.receive_all() for header in message] == [1, 4]


def test_what_is_withdrawn_behind_a_large_state_does_not_leave(box, peer):
    box.post("a", packed(frame("state", SIZE, i=1, rev=1)))
    peer.receive()
    box.post("a", packed(frame("state", i=1, rev=2)))
    peer.receive()
    box.withdraw("a")
    assert [header["rev"] for message in peer.receive_all() for header in message] == [1]


def test_slots_set_aside_count_for_the_bound():
    box = Outbox(most_slots=2)
    peer = Peer(box)
    box.post("a", packed(frame("state", SIZE, i=1)))
    peer.receive()
    box.post("a", packed(frame("state", i=1)))
    peer.receive()
    assert box.post("b", packed(frame("state", SIZE, i=2))) is False
    assert box.post("c", packed(frame("state", i=3))) is None


def test_frames_set_aside_count_for_the_bound():
    box = Outbox(most_frames=2)
    peer = Peer(box)
    offer(box, frame("msg", SIZE, i=1), frame("msg", i=2))
    peer.receive()
    offer(box, frame("msg", i=3))
    assert not box.offer(packed(frame("call", i=4)))
    assert box.offer(packed(frame("ping", n=1)))
    peer.receive_all()
    assert box.offer(packed(frame("call", i=4)))


def test_what_is_under_way_does_not_count_for_the_bound_of_the_queue():
    box = Outbox(most_bytes=BATCH)
    offer(box, frame("res", SIZE, i=1))
    box.take()
    offer(box, frame("res", 1000, i=2), frame("res", 1000, i=3))
    assert box.waiting_bytes == pytest.approx((PARTS - 1) * PART + 2000, abs=1500)


def test_clearing_forgets_what_is_under_way(box):
    offer(box, frame("res", SIZE, i=1), frame("err", i=1))
    box.take()
    box.clear()
    assert len(box) == box.under_way == box.waiting_bytes == 0
    assert box.take() == []


def test_no_order_is_looked_up_while_nothing_large_is_under_way(box, monkeypatch):
    monkeypatch.setattr(Lanes, "admit", None)
    offer(box, *(frame("res", 1000, i=number) for number in range(100)))
    box.post("a", packed(frame("state", i=1)))
    while box:
        box.take()


EXCHANGES = st.integers(1, 3)
SENT = st.one_of(
    st.builds(lambda i, size: frame("item", size, i=i), EXCHANGES, st.sampled_from([0, 1000, SIZE])),
    st.builds(lambda i: frame("cancel", i=i), EXCHANGES),
    st.builds(lambda i, size: frame("call", size, i=i), EXCHANGES, st.sampled_from([0, SIZE])),
    st.builds(
        lambda dev, size: frame("act", size, i=9, dev=dev, key=""), st.sampled_from("de"), st.sampled_from([0, SIZE])
    ),
    st.builds(lambda size: frame("msg", size, i=9), st.sampled_from([0, 1000, SIZE])),
)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.one_of(SENT, st.none()), max_size=30))
def test_whatever_is_sent_arrives_once_and_in_the_order_it_has_to(plan):
    box = Outbox(most_bytes=2**40)
    peer = Peer(box)
    sent, arrived = [], []
    for number, one in enumerate(plan):
        if one is None:
            arrived += peer.receive()
        else:
            numbered = Frame({**one.header, "number": number}, one.body)
            sent.append(numbered.header)
            offer(box, numbered)
    arrived += [header for message in peer.receive_all() for header in message]
    assert sorted(header["number"] for header in arrived) == [header["number"] for header in sent]
    for order in {order_of(header) for header in sent}:
        assert [header for header in arrived if order_of(header) == order] == [
            header for header in sent if order_of(header) == order
        ]
