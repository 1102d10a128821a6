"""The server's side of tasks: `ctx.tasks`. Picks a connected worker, follows the task there, and remembers how it went."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeVar, TypeVarTuple, cast

import trio

from peek_trio.errors import PeekError, RemoteError
from peek_trio.tasks.context import TaskContext
from peek_trio.tasks.contract import TaskNews, run_task
from peek_trio.tasks.history import TaskHistory, TaskRun
from peek_trio.tasks.marks import TaskFunction, task_function
from peek_trio.tasks.progress import TaskProgress
from peek_trio.transport import Switchboard
from peek_trio.tuples import TupleRegistry

__all__ = ["TaskCaller"]

R = TypeVar("R")
Ts = TypeVarTuple("Ts")

GRACE_SECONDS = 5.0
"""How much longer than the task's own timeout its answer is waited for, so that the worker's word about it arrives."""


class TaskCaller:
    """Runs tasks on workers. `on_change` is called after every change in `runs`."""

    def __init__(
        self, board: Switchboard, registry: TupleRegistry, *, on_change: Callable[[], None] = lambda: None
    ) -> None:
        self._board = board
        self._registry = registry
        self._history = TaskHistory(on_change)
        for cls in (TaskNews, TaskProgress, TaskRun):
            registry.add(cls, owner="peek")

    async def call(
        self,
        fn: Callable[[TaskContext, *Ts], R],
        *args: *Ts,
        timeout: float,
        on_progress: Callable[[TaskProgress], None] | None = None,
        asked_by: str = "",
    ) -> R:
        """Run `fn(task_context, *args)` in a subprocess of a worker and give what it returns, within `timeout` seconds.

        `on_progress` is called with each report of the task, `asked_by` is shown to administrators. Cancelling this kills the task.
        Raises Unavailable when no worker is connected or its link is lost, and TaskTimeout, TaskFailed or TaskDied; TaskError for a
        function that is not marked with `@task`, TupleError for an argument that does not fit.
        """
        function = task_function(fn)
        arguments = function.encode_arguments(self._registry.codec, args)
        run_id = self._remember(function, asked_by)
        try:
            result = await self._follow(run_id, function, arguments, timeout, on_progress)
        except trio.Cancelled:
            self._history.end(run_id, "cancelled")
            raise
        except PeekError as error:
            self._history.end(run_id, "failed", str(error))
            raise
        self._history.end(run_id, "done")
        return cast(R, result)

    def runs(self) -> list[TaskRun]:
        """The last 200 runs, newest first."""
        return self._history.runs()

    def _remember(self, function: TaskFunction, asked_by: str) -> str:
        run_id = secrets.token_hex(8)
        self._history.add(
            TaskRun(
                id=run_id,
                plugin=function.plugin,
                name=function.fn.__name__,
                state="running",
                progress=0.0,
                note="",
                asked_by=asked_by,
                worker="",
                started=datetime.now(UTC),
                ended=None,
                error="",
            )
        )
        return run_id

    async def _follow(
        self,
        run_id: str,
        function: TaskFunction,
        arguments: str,
        timeout: float,
        on_progress: Callable[[TaskProgress], None] | None,
    ) -> object:
        stream = self._board.streamer(run_task, timeout=timeout + GRACE_SECONDS)
        async with stream(function.name, arguments, timeout) as news:
            async for item in news:
                if item.worker:
                    self._history.change(run_id, worker=item.worker)
                if item.progress is not None:
                    self._history.change(run_id, progress=item.progress.fraction, note=item.progress.note)
                    if on_progress is not None:
                        on_progress(item.progress)
                if item.result is not None:
                    self._history.change(run_id, progress=1.0)
                    return function.decode_result(self._registry.codec, item.result)
        raise RemoteError(f"The worker ended the task {function.name} without a result.")
