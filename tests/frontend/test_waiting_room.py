import pytest
from hypothesis import given
from hypothesis import strategies as st

from peek_trio.frontend.waiting_room import WaitingRoom, network_of


def test_there_is_room_until_all_places_are_taken():
    room = WaitingRoom(places=3, of_one=3)

    assert [room.enter(name, name) for name in ("a", "b", "c")] == [None, None, None]
    assert len(room) == 3
    room.leave("b")
    assert room.enter("d", "d") is None


def test_when_it_is_full_who_holds_most_loses_his_oldest():
    room = WaitingRoom(places=4, of_one=4)
    for name in ("greedy 1", "honest", "greedy 2", "greedy 3"):
        room.enter(name, name.partition(" ")[0])

    assert room.enter("newcomer", "elsewhere") == "greedy 1"
    assert room.enter("greedy 4", "greedy") == "greedy 2"
    assert room.enter("another", "somewhere") == "greedy 3"


def test_one_network_has_a_bound_of_its_own():
    room = WaitingRoom(places=10, of_one=2)

    assert [room.enter(number, "one") for number in range(4)] == [None, None, 0, 1]
    assert len(room) == 2


def test_whoever_is_being_answered_goes_last():
    room = WaitingRoom(places=10, of_one=2)
    room.enter("answered", "one")
    room.rest("answered", False)

    assert [room.enter("idle", "one"), room.enter("next", "one")] == [None, "idle"]
    room.rest("next", False)
    room.leave("next")
    room.rest("answered", True)
    assert [room.enter("last", "one"), room.enter("one more", "one")] == [None, "answered"]


def test_when_everybody_is_being_answered_it_is_the_one_who_takes_longest():
    room = WaitingRoom(places=2)
    for name in ("slow", "quick"):
        room.enter(name, "one")
        room.rest(name, False)

    assert room.enter("newcomer", "one") == "slow"


def test_places_can_be_given_up_until_nobody_is_left():
    room = WaitingRoom()
    room.enter("a", "one")
    room.enter("b", "one")
    room.rest("a", False)

    assert [room.give_up(), room.give_up(), room.give_up()] == ["b", "a", None]


def test_who_has_lost_his_place_may_still_leave_and_rest():
    room = WaitingRoom(places=1)
    room.enter("a", "one")
    assert room.enter("b", "two") == "a"

    room.rest("a", False)
    room.leave("a")
    room.leave("a")
    assert (len(room), room.give_up()) == (1, "b")


STEPS = st.lists(st.tuples(st.sampled_from(["enter", "leave", "busy", "idle"]), st.integers(0, 30), st.integers(0, 4)))


@given(STEPS)
def test_however_they_come_and_go_it_is_bounded_and_a_lone_visitor_keeps_his_place(steps):
    room = WaitingRoom(places=6, of_one=4)
    here = {"lone": "alone"}
    room.enter("lone", "alone")
    for step, visitor, network in steps:
        match step:
            case "enter" if visitor not in here:
                lost = room.enter(visitor, str(network))
                here[visitor] = str(network)
                if lost is not None:
                    held = list(here.values())
                    assert lost != visitor
                    assert held.count(here.pop(lost)) in (5, max(map(held.count, held)))
            case "leave":
                room.leave(visitor)
                here.pop(visitor, None)
            case "busy" | "idle":
                room.rest(visitor, step == "idle")
        assert len(room) == len(here) <= 6
        assert all(list(here.values()).count(network) <= 4 for network in here.values())
    assert "lone" in here or len(set(here.values())) == len(here)


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
    ],
)
def test_an_address_counts_for_its_network(address, network):
    assert network_of(address) == network
