"""The server runs tasks on a connected worker, follows them and remembers how they went."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import task_examples
import trio

from peek_trio.errors import TaskError, TaskFailed, TaskTimeout, TupleError, Unavailable
from peek_trio.security import Principal
from peek_trio.tasks import TaskCaller, TaskPool, TaskProgress, TaskRun, serve_tasks
from peek_trio.tasks.history import MOST_RUNS, TaskHistory
from peek_trio.testing import platform
from peek_trio.transport import Switchboard
from peek_trio.transport.wire import Hello
from peek_trio.tuples import TupleRegistry

SOON = 20.0


@pytest.fixture
async def worker(pool: TaskPool, nursery: trio.Nursery) -> Switchboard:
    """A worker that serves the pool."""
    registry = TupleRegistry()
    board = Switchboard(Hello("worker", "worker-1"), registry, principal=Principal.for_service("server", "server-1"))
    await nursery.start(board.run)
    serve_tasks(board.scope("peek"), pool, registry, worker="worker-1")
    return board


@pytest.fixture
def caller(worker: Switchboard) -> TaskCaller:
    """A caller on the same switchboard: the way over a link is tested with the contexts of plugins."""
    return TaskCaller(worker, worker.registry)


async def test_a_task_takes_and_gives_typed_values(caller: TaskCaller) -> None:
    summary = task_examples.Summary("May", 1, datetime(2026, 5, 1, tzinfo=UTC))

    result = await caller.call(task_examples.summarise, summary, [2, 3], timeout=SOON)

    assert result == task_examples.Summary("May", 6, datetime(2026, 5, 1, tzinfo=UTC))


async def test_a_run_is_remembered(caller: TaskCaller) -> None:
    await caller.call(task_examples.add, 1, 2, timeout=SOON, asked_by="anna")

    (run,) = caller.runs()
    assert (run.plugin, run.name, run.state, run.asked_by) == ("task_examples", "add", "done", "anna")
    assert (run.worker, run.progress, run.error) == ("worker-1", 1.0, "")
    assert run.ended is not None
    assert run.started <= run.ended


async def test_progress_is_followed_while_the_task_runs(caller: TaskCaller) -> None:
    reports: list[tuple[TaskProgress, TaskRun]] = []

    with trio.move_on_after(SOON) as scope:
        await caller.call(
            task_examples.report_and_hang,
            timeout=SOON,
            on_progress=lambda progress: (reports.append((progress, caller.runs()[0])), scope.cancel())[0],
        )

    ((progress, run),) = reports
    assert progress.fraction == run.progress == 0.25
    assert run.state == "running"


async def test_cancelling_the_call_cancels_the_run(caller: TaskCaller) -> None:
    with trio.CancelScope() as scope:
        await caller.call(task_examples.report_and_hang, timeout=SOON, on_progress=lambda progress: scope.cancel())

    assert caller.runs()[0].state == "cancelled"


async def test_failures_keep_their_kind_and_are_remembered(caller: TaskCaller) -> None:
    with pytest.raises(TaskFailed, match="ValueError: no data"):
        await caller.call(task_examples.fail, "no data", timeout=SOON)
    with pytest.raises(TaskTimeout, match=r"took longer than 0\.5 s"):
        await caller.call(task_examples.report_and_hang, timeout=0.5)

    assert [(run.state, run.error) for run in caller.runs()] == [
        ("failed", "The task task_examples:report_and_hang took longer than 0.5 s and was stopped."),
        ("failed", "ValueError: no data"),
    ]


async def test_what_cannot_be_a_call_is_refused_before_it_leaves(caller: TaskCaller) -> None:
    with pytest.raises(TaskError, match="mark the function with @task"):
        await caller.call(task_examples.unmarked, timeout=SOON)
    with pytest.raises(TupleError):
        await caller.call(task_examples.fail, 7, timeout=SOON)  # type: ignore[arg-type]

    assert caller.runs() == []


async def test_without_a_worker_the_call_fails_at_once() -> None:
    async with platform(plugins=[]) as peek:
        caller = TaskCaller(peek.server.board, peek.server.registry)

        with pytest.raises(Unavailable):
            await caller.call(task_examples.add, 1, timeout=SOON)

        assert caller.runs()[0].state == "failed"


def run(number: int, state: str) -> TaskRun:
    now = datetime.now(UTC)
    return TaskRun(str(number), "p", "t", state, 0.0, "", "", "", now, None, "")  # type: ignore[arg-type]


def test_the_history_is_bounded_and_keeps_what_runs() -> None:
    changes: list[None] = []
    history = TaskHistory(lambda: changes.append(None))

    history.add(run(0, "running"))
    for number in range(1, MOST_RUNS + 10):
        history.add(run(number, "done"))

    assert len(history.runs()) == MOST_RUNS
    assert history.runs()[-1].id == "0"
    assert len(changes) == MOST_RUNS + 10
