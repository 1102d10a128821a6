"""A worker's pool of warm subprocesses. A task that hangs, crashes or is cancelled takes its own process with it and nothing else."""

from __future__ import annotations

import logging
import random
from collections import deque
from collections.abc import Callable, Sequence

import trio

from peek_trio.errors import NotAllowed, TaskTimeout, Unavailable
from peek_trio.tasks.process import NotStarted, TaskProcess
from peek_trio.tasks.progress import TaskProgress

__all__ = ["MOST_WAITING", "TASKS_PER_PROCESS", "TaskPool"]

TASKS_PER_PROCESS = 100
"""After so many tasks a process is replaced, so that what leaks is let go."""

MOST_WAITING = 1000
"""How many tasks may wait for a process; one more is refused."""

START_SECONDS = 60.0
"""How long a process may take to import the plugins' modules."""

_log = logging.getLogger("peek_trio.tasks")


class TaskPool:
    """`size` subprocesses that have the modules in `preload` imported, and connect to `database_url` if a task asks for a session.

    Only marked functions (`@task`) of the packages that `preload` names can be run.
    """

    def __init__(self, *, size: int, preload: Sequence[str], database_url: str | None) -> None:
        self._size = size
        self._packages = frozenset(module.partition(".")[0] for module in preload)
        self._setup = {
            "preload": list(preload),
            "database": database_url,
            "level": logging.getLogger("peek_trio").getEffectiveLevel(),
        }
        self._alive: set[TaskProcess] = set()
        self._idle: deque[TaskProcess] = deque()
        self._queue = trio.lowlevel.ParkingLot()

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Keep the processes running until cancelled, when they are killed. Started at once; tasks wait for the first warm process."""
        async with trio.open_nursery() as nursery:
            for _ in range(self._size):
                nursery.start_soon(self._keep_one)
            task_status.started()

    async def call(
        self,
        name: str,
        arguments: str,
        *,
        timeout: float,
        on_progress: Callable[[TaskProgress], None] = lambda progress: None,
    ) -> str:
        """Run the task "module:function" with its arguments (a JSON object) and give its result (JSON), within `timeout` seconds.

        The time includes the wait for a free process. On timeout and on cancel the process is killed. Raises NotAllowed for a function
        of a plugin that is not enabled here, Unavailable when too many tasks wait already, and TaskTimeout, TaskFailed or TaskDied.
        """
        if name.partition(":")[0].partition(".")[0] not in self._packages:
            raise NotAllowed(f"The task {name} cannot run here: its plugin is not enabled on this worker.")
        if len(self._queue) >= MOST_WAITING:
            raise Unavailable(f"{MOST_WAITING} tasks are waiting on this worker already. Try again later.")
        with trio.move_on_after(timeout):
            return await self._call(name, arguments, on_progress)
        raise TaskTimeout(f"The task {name} took longer than {timeout:g} s and was stopped.")

    def pids(self) -> list[int]:
        """The process ids of the subprocesses that are warm."""
        return sorted(process.pid for process in self._alive)

    async def _call(self, name: str, arguments: str, on_progress: Callable[[TaskProgress], None]) -> str:
        while True:
            while not self._idle:
                await self._queue.park()
            process = self._idle.popleft()
            try:
                return await process.perform(name, arguments, on_progress)
            except NotStarted:
                continue
            finally:
                if process.tasks_done >= TASKS_PER_PROCESS:
                    process.end()
                elif not process.doomed:
                    self._give(process)

    def _give(self, process: TaskProcess) -> None:
        self._idle.append(process)
        self._queue.unpark()

    async def _keep_one(self) -> None:
        """Always one process, started anew when it ends: at once after a task ended it, with backoff while it does not even get warm."""
        failures = 0
        while True:
            process = TaskProcess(self._setup)
            if await self._live(process):
                failures = 0
                continue
            failures += 1
            wait = random.random() * min(60.0, 0.5 * 2**failures)
            _log.error("A task process did not come up; the next attempt is in %.1f s.", wait)
            await trio.sleep(wait)

    async def _live(self, process: TaskProcess) -> bool:
        """Run one process until it ends; whether it had been warm."""
        warm = False
        async with trio.open_nursery() as nursery:
            try:
                with trio.fail_after(START_SECONDS):
                    await nursery.start(process.run)
            except (trio.TooSlowError, RuntimeError, OSError) as error:  # RuntimeError: it ended before it was warm
                _log.debug("A task process ended early: %r", error)
                nursery.cancel_scope.cancel()
            else:
                warm = True
                self._alive.add(process)
                self._give(process)
                await process.ended.wait()
        self._alive.discard(process)
        if process in self._idle:
            self._idle.remove(process)
        return warm
