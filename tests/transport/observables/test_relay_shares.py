"""Nobody takes up all the room of a relay: what each person watches is counted, and given back."""

from __future__ import annotations

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from peek_trio.security import Principal
from peek_trio.tuples import TupleSelector
from tests.transport.network import ANN, JOE
from tests.transport.observables.test_relay import CLIENT, Bench
from tests.transport.recorder import RecordingSubscriber


def meter(name: str) -> TupleSelector:
    return TupleSelector("test.Reading", {"meter": name})


def watch(bench: Bench, name: str, principal: Principal = JOE) -> RecordingSubscriber:
    subscriber = RecordingSubscriber(principal)
    bench.relay.join(meter(name), subscriber)
    return subscriber


FULL = ("failed", "You watch 2 things already, the most one person may.")


@pytest.fixture
async def bench(nursery: trio.Nursery) -> Bench:
    bench = Bench(nursery, most_of_one=2)
    await bench.connect()
    return bench


async def test_one_person_watches_only_so_much_and_leaves_room_for_others(bench: Bench) -> None:
    for name in "ab":
        assert watch(bench, name).heard == []
    assert watch(bench, "c").heard == [FULL]
    assert watch(bench, "c", ANN).heard == []
    assert bench.kept()[0] == 3


async def test_watching_the_same_twice_or_with_others_costs_nothing(bench: Bench) -> None:
    watch(bench, "a")
    watch(bench, "b")
    assert watch(bench, "a").heard == []
    watch(bench, "c", ANN)
    assert watch(bench, "c").heard == []


async def test_who_leaves_may_watch_something_else(bench: Bench) -> None:
    first, _ = watch(bench, "a"), watch(bench, "b")
    first.leave()
    first.leave()
    assert watch(bench, "c").heard == []
    assert watch(bench, "d").heard == [FULL]


async def test_who_stays_takes_the_entry_over(bench: Bench) -> None:
    first = watch(bench, "a")
    watch(bench, "a", ANN)
    watch(bench, "b", ANN)
    first.leave()
    assert watch(bench, "c", ANN).heard == [FULL]
    assert [watch(bench, name).heard for name in "cd"] == [[], []]


async def test_what_the_server_refuses_is_given_back(nursery: trio.Nursery) -> None:
    bench = Bench(nursery, most_of_one=2)
    upstream = await bench.connect()
    for name in "ab":
        watch(bench, name)
        watch(bench, name, ANN)
    await wait_all_tasks_blocked()
    for number in (1, 2):
        upstream.answer("err", number, e={"type": "NotAllowed", "message": "No."})
    assert bench.kept() == (0, 0)
    assert [watch(bench, name).heard for name in "cde"] == [[], [], [FULL]]
    assert [watch(bench, name, ANN).heard for name in "fgh"] == [[], [], [FULL]]


async def test_an_entry_that_lingers_is_on_nobodys_account(nursery: trio.Nursery) -> None:
    bench = Bench(nursery, most_of_one=1)
    upstream = await bench.connect()
    watching = watch(bench, "a")
    await wait_all_tasks_blocked()
    upstream.answer("state", 1, "d1")
    watching.leave()
    other = watch(bench, "b")
    assert other.heard == []
    assert watch(bench, "a").heard == [("failed", "You watch 1 things already, the most one person may.")]
    other.leave()
    assert watch(bench, "a").heard == [("changed", "d1", None)]


async def test_a_service_watches_for_itself_as_much_as_there_is_room_for(bench: Bench) -> None:
    assert [watch(bench, name, CLIENT).heard for name in "abcd"] == [[], [], [], []]
