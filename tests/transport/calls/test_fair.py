"""Who may have a thread, and whose turn it is: without threads first, then with them."""

from __future__ import annotations

import threading
from functools import partial

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from trio.testing import wait_all_tasks_blocked

from peek_trio.security import NOBODY, Principal
from peek_trio.transport.calls.fair import FairLimiter, Turns
from tests.transport.network import ANN, JOE

SERVER = Principal.for_service("server", "server-1")


def test_places_are_taken_until_there_are_none() -> None:
    turns: Turns[str] = Turns(2)
    assert [turns.take("joe", 2) for _ in range(3)] == [True, True, False]
    assert turns.give_back("joe") is None
    assert turns.take("ann", 2)
    assert turns.taken == 2


def test_one_party_may_have_only_so_many() -> None:
    turns: Turns[str] = Turns(4)
    assert [turns.take("joe", 2) for _ in range(3)] == [True, True, False]
    assert turns.take("ann", 2)


def test_those_who_wait_have_their_turn_by_party() -> None:
    turns: Turns[str] = Turns(1)
    assert turns.take("joe", 1)
    for waiter in ("joe 1", "joe 2", "joe 3", "ann 1", "bob 1", "ann 2"):
        turns.wait(waiter.split()[0], 1, waiter)
    party, order = "joe", []
    while (waiter := turns.give_back(party)) is not None:
        order.append(waiter)
        party = waiter.split()[0]
    assert order == ["joe 1", "ann 1", "bob 1", "joe 2", "ann 2", "joe 3"]
    assert turns.taken == 0


def test_who_waits_at_its_own_bound_holds_nobody_up() -> None:
    turns: Turns[str] = Turns(3)
    assert turns.take("joe", 1)
    assert turns.take("ann", 2)
    assert turns.take("ann", 2)
    turns.wait("joe", 1, "joe 2")
    turns.wait("bob", 1, "bob 1")
    assert turns.give_back("ann") == "bob 1"
    assert turns.give_back("ann") is None
    assert turns.give_back("joe") == "joe 2"


def test_who_gave_up_is_not_given_a_place() -> None:
    turns: Turns[str] = Turns(1)
    turns.take("joe", 1)
    turns.wait("ann", 1, "ann 1")
    turns.wait("ann", 1, "ann 2")
    turns.leave("ann", "ann 1")
    assert turns.give_back("joe") == "ann 2"
    assert turns.give_back("ann") is None


@given(st.lists(st.sampled_from("abc"), max_size=60))
def test_no_place_is_lost_or_free_while_somebody_waits_who_may_have_it(parties: list[str]) -> None:
    turns: Turns[str] = Turns(4)
    holding: list[str] = []
    waiting: list[str] = []
    for party in parties:
        if turns.take(party, 2):
            holding.append(party)
        else:
            turns.wait(party, 2, party)
            waiting.append(party)
        if len(holding) > 2:
            released = holding.pop(0)
            if (next_one := turns.give_back(released)) is not None:
                waiting.remove(next_one)
                holding.append(next_one)
        assert turns.taken == len(holding) <= 4
        assert all(holding.count(each) <= 2 for each in holding)
        assert len(holding) == 4 or all(holding.count(each) == 2 for each in waiting)


async def test_a_person_has_half_of_the_threads_and_others_have_the_rest() -> None:
    limiter = FairLimiter(4)
    release, begun = threading.Event(), threading.Semaphore(0)
    at_work: list[str] = []

    async def work(principal: Principal) -> None:
        def in_thread() -> None:
            at_work.append(principal.name)
            begun.release()
            release.wait(10)

        await trio.to_thread.run_sync(in_thread, limiter=limiter.share(principal))

    async with trio.open_nursery() as nursery:
        for principal, count in ((JOE, 4), (ANN, 1), (NOBODY, 1)):
            for _ in range(count):
                nursery.start_soon(work, principal)
        for _ in range(4):
            assert await trio.to_thread.run_sync(begun.acquire, True, 10)
        assert limiter.borrowed_tokens == 4
        release.set()
    assert sorted(at_work[:4]) == ["", "ann", "joe", "joe"]
    assert len(at_work) == 6
    assert limiter.borrowed_tokens == 0


async def test_a_service_may_have_all_of_them() -> None:
    limiter = FairLimiter(3)
    together = threading.Barrier(3)
    wait = partial(together.wait, 10)
    with trio.fail_after(10):
        async with trio.open_nursery() as nursery:
            for _ in range(3):
                nursery.start_soon(partial(trio.to_thread.run_sync, wait, limiter=limiter.share(SERVER)))


async def test_who_is_cancelled_in_the_queue_leaves_it() -> None:
    limiter = FairLimiter(2)
    release = threading.Event()
    ran: list[str] = []

    def in_thread(name: str) -> None:
        ran.append(name)
        release.wait(10)

    async def work(name: str, scope: trio.CancelScope) -> None:
        with scope:
            await trio.to_thread.run_sync(in_thread, name, limiter=limiter.share(JOE))

    given_up = trio.CancelScope()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(work, "first", trio.CancelScope())
        await wait_all_tasks_blocked()
        nursery.start_soon(work, "second", given_up)
        await wait_all_tasks_blocked()
        nursery.start_soon(work, "third", trio.CancelScope())
        await wait_all_tasks_blocked()
        given_up.cancel()
        await wait_all_tasks_blocked()
        release.set()
    assert ran == ["first", "third"]
    assert limiter.borrowed_tokens == 0


@pytest.mark.parametrize("principal", [JOE, SERVER])
async def test_a_cancelled_task_takes_no_place(principal: Principal) -> None:
    limiter = FairLimiter(2)
    with trio.CancelScope() as scope:
        scope.cancel()
        await limiter.share(principal).acquire_on_behalf_of("it")
    assert scope.cancelled_caught
    assert limiter.borrowed_tokens == 0
