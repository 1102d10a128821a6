"""supervision: what failed starts again, after a growing wait, and nothing else does."""

from collections.abc import Callable

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from peek_trio.nursery.supervision import UNTIRING, supervise
from peek_trio.plugin.restart import RestartBudget


def budget(most: int = UNTIRING) -> RestartBudget:
    return RestartBudget(most=most, draw=lambda: 1.0)


def ignore(failures: BaseException, wait: float) -> None:
    """Nobody listens."""


def living(seconds: float, starts: list[float]) -> Callable[..., object]:
    """A part that is up at once and fails after some seconds."""

    async def part(*, task_status: trio.TaskStatus[str]) -> None:
        starts.append(trio.current_time())
        task_status.started(f"start {len(starts)}")
        await trio.sleep(seconds)
        raise OSError("broke")

    return part


async def test_a_failed_part_starts_again_after_waits_that_double(
    autojump_clock: MockClock, nursery: trio.Nursery
) -> None:
    starts: list[float] = []
    told: list[float] = []
    value = await nursery.start(
        lambda task_status: supervise(
            living(1, starts),  # type: ignore[arg-type]
            budget(),
            tell=lambda failures, wait: told.append(wait),
            task_status=task_status,
        )
    )
    assert value == "start 1"
    await trio.sleep(10)
    nursery.cancel_scope.cancel()
    assert starts == pytest.approx([0, 1.5, 3.5, 6.5], abs=0.01)
    assert told == [0.5, 1, 2, 4]


async def test_a_first_start_that_fails_is_raised(autojump_clock: MockClock) -> None:
    async def part(*, task_status: trio.TaskStatus[None]) -> None:
        raise OSError("port busy")

    with pytest.RaisesGroup(OSError, flatten_subgroups=True):
        await supervise(part, budget(), tell=ignore)


async def test_a_spent_budget_raises_the_last_failure(autojump_clock: MockClock) -> None:
    starts: list[float] = []
    with pytest.RaisesGroup(OSError, flatten_subgroups=True):
        await supervise(living(0, starts), budget(most=2), tell=ignore)  # type: ignore[arg-type]
    assert len(starts) == 3


async def test_a_later_start_that_fails_is_tried_again(autojump_clock: MockClock, nursery: trio.Nursery) -> None:
    starts: list[float] = []

    async def part(*, task_status: trio.TaskStatus[None]) -> None:
        starts.append(trio.current_time())
        if len(starts) == 2:
            raise OSError("not yet")
        task_status.started()
        if len(starts) == 1:
            raise OSError("broke")
        await trio.sleep_forever()

    await nursery.start(lambda task_status: supervise(part, budget(), tell=ignore, task_status=task_status))
    await trio.sleep(60)
    nursery.cancel_scope.cancel()
    assert len(starts) == 3


async def test_a_part_that_returns_is_done(autojump_clock: MockClock) -> None:
    async def part(*, task_status: trio.TaskStatus[None]) -> None:
        task_status.started()

    await supervise(part, budget(), tell=ignore)


async def test_a_cancelled_part_is_no_failure(nursery: trio.Nursery) -> None:
    cleaned = []

    async def part(*, task_status: trio.TaskStatus[None]) -> None:
        task_status.started()
        try:
            await trio.sleep_forever()
        finally:
            cleaned.append(True)

    await nursery.start(lambda task_status: supervise(part, budget(), tell=pytest.fail, task_status=task_status))  # type: ignore[arg-type]
    nursery.cancel_scope.cancel()
    with trio.CancelScope(shield=True):
        await wait_all_tasks_blocked()
    assert cleaned == [True]
