"""Full collections stop everybody: there are few of them, and garbage goes all the same."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from typing import Any
from weakref import ref

import pytest

from peek_trio.nursery.garbage import SELDOM, collect_seldom

OBJECTS = 400_000


@pytest.fixture(autouse=True)
def thresholds() -> Iterator[None]:
    """Those of this process, as they are again after the test."""
    before = gc.get_threshold()
    gc.freeze()  # what other tests have left does not count
    gc.collect()
    yield
    gc.unfreeze()
    gc.set_threshold(*before)


def full_collections_while_many_arrive() -> int:
    """How often everything was looked at while objects came that stay."""
    full = 0

    def count(phase: str, info: dict[str, Any]) -> None:
        nonlocal full
        full += phase == "start" and info["generation"] == 2

    gc.callbacks.append(count)
    try:
        staying: list[list[None]] = [[] for _ in range(OBJECTS)]
    finally:
        gc.callbacks.remove(count)
    assert len(staying) == OBJECTS
    return full


def test_many_objects_that_stay_cost_no_full_collection() -> None:
    gc.set_threshold(700, 10, 10)
    assert full_collections_while_many_arrive() > 0, "Python has changed: is this module still needed?"
    collect_seldom()
    assert full_collections_while_many_arrive() == 0


def test_objects_that_only_hold_each_other_go_all_the_same() -> None:
    class Node:
        other: Node

    collect_seldom()
    one, two = Node(), Node()
    one.other, two.other = two, one
    gone = ref(one)
    del one, two
    many = [[] for _ in range(2 * SELDOM[0])]  # type: ignore[var-annotated]
    assert gone() is None, f"There were {len(many)} new objects since."
