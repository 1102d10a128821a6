"""The deltas that a state remembers."""

from __future__ import annotations

from peek_trio.transport.observables.body import Body
from peek_trio.transport.observables.history import COST_OF_DELTA, COST_OF_FRAME, MOST_DELTAS, NO_HISTORY, History, Step


def step(base: str, size: int = 10, deltas: int = 1) -> Step:
    return Step(base, tuple(Body(base.encode() * size, False) for _ in range(deltas)))


def chain(*bases: str, size: int = 10_000) -> History:
    history = NO_HISTORY
    for base in bases:
        history = history.then(step(base), size)
    return history


def test_the_deltas_since_a_state_are_all_that_followed_it() -> None:
    history = chain("a", "b", "c")
    assert [delta.data[:1] for delta in history.since("a")] == [b"a", b"b", b"c"]
    assert [delta.data[:1] for delta in history.since("c")] == [b"c"]
    assert history.since("d") == ()


def test_of_a_state_that_came_twice_the_shorter_way_is_taken() -> None:
    history = chain("a", "b", "a", "b")
    assert len(history.since("a")) == 2


def test_only_so_many_are_remembered() -> None:
    history = chain(*(f"{number:02}" for number in range(MOST_DELTAS + 3)))
    assert len(history.steps) == MOST_DELTAS
    assert history.since("02") == ()
    assert len(history.since("03")) == MOST_DELTAS


def test_deltas_within_one_step_count_too() -> None:
    history = chain("a").then(step("b", deltas=MOST_DELTAS), 10_000)
    assert [kept.base for kept in history.steps] == ["b"]


def test_together_they_cost_less_than_the_state() -> None:
    room = COST_OF_FRAME + 2 * (10 + COST_OF_DELTA)
    assert [kept.base for kept in chain("a", "b", "c", size=room + 1).steps] == ["b", "c"]
    assert [kept.base for kept in chain("a", "b", "c", size=room).steps] == ["c"]
    assert chain("a", "b", size=10).steps == ()


def test_a_state_that_became_small_forgets() -> None:
    assert chain("a", "b").then(step("c"), 50).steps == ()


def test_size_is_that_of_all_deltas() -> None:
    assert chain("a", "b").size == 20
