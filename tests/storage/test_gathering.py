"""Gathering: who leads a batch, who is taken along, and that nobody is left behind."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from peek_trio.storage import Claim, Receipt
from peek_trio.storage.exactly_once import Outcome, Piece
from peek_trio.storage.gathering import AT_A_TIME, MOST_TOGETHER, Gathering


class Batches:
    """Does batches when it is told to, and writes down who was in them."""

    def __init__(self) -> None:
        self.seen: list[list[str]] = []
        self.gates: list[trio.Event] = []
        self.open = False
        self.outcome: dict[str, Outcome] = {}

    async def apply_all(self, pieces: Sequence[Piece[None]]) -> list[Outcome]:
        names = [piece.name for piece in pieces]
        self.seen.append(names)
        if not self.open:
            gate = trio.Event()
            self.gates.append(gate)
            await gate.wait()
        return [self.outcome.pop(name, Receipt("applied", name)) for name in names]


def piece(name: str) -> Piece[None]:
    return Piece(Claim("phone", name), lambda nothing: b"", name)


@pytest.fixture
def batches() -> Batches:
    return Batches()


@pytest.fixture
def gathering(batches: Batches) -> Gathering[None]:
    return Gathering(batches.apply_all)


async def queued(gathering: Gathering[None], nursery: trio.Nursery, names: Sequence[str]) -> dict[str, Receipt]:
    """Has these applied one after the other; what they came to, as they come to it."""
    receipts: dict[str, Receipt] = {}

    async def apply(name: str) -> None:
        receipts[name] = await gathering.apply(piece(name))

    for name in names:
        nursery.start_soon(apply, name)
        await wait_all_tasks_blocked()
    return receipts


async def test_what_finds_a_free_place_goes_at_once_and_alone(gathering: Gathering[None], batches: Batches) -> None:
    batches.open = True
    assert (await gathering.apply(piece("a"))).message == "a"
    assert (await gathering.apply(piece("b"))).message == "b"
    assert batches.seen == [["a"], ["b"]]


async def test_what_comes_meanwhile_shares_the_next_batch_in_order(
    gathering: Gathering[None], batches: Batches, nursery: trio.Nursery
) -> None:
    receipts = await queued(gathering, nursery, ["a", "b", "c", "d", "e"])
    assert gathering.waiting == 3
    batches.open = True
    batches.gates[0].set()
    await wait_all_tasks_blocked()
    assert batches.seen == [["a"], ["b"], ["c", "d", "e"]]
    assert sorted(receipts) == ["a", "c", "d", "e"]
    batches.gates[1].set()


async def test_a_batch_has_a_bound(gathering: Gathering[None], batches: Batches, nursery: trio.Nursery) -> None:
    await queued(gathering, nursery, [str(number) for number in range(AT_A_TIME + MOST_TOGETHER + 3)])
    batches.open = True
    for gate in batches.gates:
        gate.set()
    await wait_all_tasks_blocked()
    sizes = [len(names) for names in batches.seen]
    assert (max(sizes), sum(sizes)) == (MOST_TOGETHER, AT_A_TIME + MOST_TOGETHER + 3)
    assert gathering.waiting == 0


async def test_batches_that_end_together_leave_nobody_behind(
    gathering: Gathering[None], batches: Batches, nursery: trio.Nursery
) -> None:
    """Both pass the lead on in one moment; neither leader is lost, and both places are free again in the end."""
    for _ in range(20):
        first = len(batches.gates)
        receipts = await queued(gathering, nursery, ["a", "b", "c", "d"])
        for gate in batches.gates[first:]:
            gate.set()
        await wait_all_tasks_blocked()
        for gate in batches.gates[first + AT_A_TIME :]:
            gate.set()
        await wait_all_tasks_blocked()
        assert sorted(receipts) == ["a", "b", "c", "d"]
        assert gathering._batches == 0


async def test_what_had_no_turn_is_first_in_the_next_batch(
    gathering: Gathering[None], batches: Batches, nursery: trio.Nursery
) -> None:
    batches.outcome = {"d": None, "e": None}
    receipts = await queued(gathering, nursery, ["a", "b", "c", "d", "e"])
    batches.open = True
    batches.gates[0].set()
    await wait_all_tasks_blocked()
    assert batches.seen[2:] == [["c", "d", "e"], ["d", "e"]]
    assert receipts["e"].message == "e"
    batches.gates[1].set()


async def test_the_fault_of_one_is_raised_to_it_alone(
    gathering: Gathering[None], batches: Batches, nursery: trio.Nursery
) -> None:
    batches.outcome = {"d": ValueError("bug")}
    receipts = await queued(gathering, nursery, ["a", "b", "c"])
    faults: list[str] = []

    async def apply() -> None:
        with pytest.raises(ValueError, match="bug") as raised:
            await gathering.apply(piece("d"))
        faults.append(str(raised.value))

    nursery.start_soon(apply)
    await wait_all_tasks_blocked()
    batches.open = True
    for gate in batches.gates:
        gate.set()
    await wait_all_tasks_blocked()
    assert (faults, sorted(receipts)) == (["bug"], ["a", "b", "c"])


async def test_whoever_is_cancelled_in_the_queue_is_not_applied(
    gathering: Gathering[None], batches: Batches, nursery: trio.Nursery, autojump_clock: MockClock
) -> None:
    await queued(gathering, nursery, ["a", "b"])
    with trio.move_on_after(1) as scope:
        await gathering.apply(piece("c"))
    assert scope.cancelled_caught
    batches.open = True
    for gate in batches.gates:
        gate.set()
    await wait_all_tasks_blocked()
    assert batches.seen == [["a"], ["b"]]
    assert (gathering.waiting, gathering._batches) == (0, 0)


async def test_a_leader_that_is_cancelled_leaves_the_others_to_the_next(
    gathering: Gathering[None], batches: Batches, nursery: trio.Nursery
) -> None:
    await queued(gathering, nursery, ["a", "b"])
    scope = trio.CancelScope()

    async def apply() -> None:
        with scope:
            await gathering.apply(piece("c"))

    nursery.start_soon(apply)
    await wait_all_tasks_blocked()
    receipts = await queued(gathering, nursery, ["d", "e"])
    batches.gates[0].set()
    await wait_all_tasks_blocked()
    assert batches.seen[2] == ["c", "d", "e"]
    scope.cancel()
    batches.open = True
    await wait_all_tasks_blocked()
    assert batches.seen[3] == ["d", "e"]
    assert sorted(receipts) == ["d", "e"]
    batches.gates[1].set()


async def test_one_that_is_cancelled_when_it_was_called_to_lead_passes_the_lead_on(
    gathering: Gathering[None], batches: Batches, nursery: trio.Nursery
) -> None:
    await queued(gathering, nursery, ["a", "b"])
    scope = trio.CancelScope()

    async def apply() -> None:
        with scope:
            await gathering.apply(piece("c"))

    nursery.start_soon(apply)
    await wait_all_tasks_blocked()
    receipts = await queued(gathering, nursery, ["d"])
    batches.open = True
    batches.gates[0].set()
    batches.gates[1].set()
    scope.cancel()  # in the same moment
    await wait_all_tasks_blocked()
    assert receipts["d"].message == "d"
    assert (gathering.waiting, gathering._batches) == (0, 0)
