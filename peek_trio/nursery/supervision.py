"""Start again what died: one for one, after a wait that grows and is jittered.

The decision is a `RestartBudget`, the same plain object that governs plugins; this is its driver for anything that
reports when it is up: a database in this process, a service in a process of its own.
"""

import sys
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

import trio

from peek_trio.plugin.restart import RestartBudget

UNTIRING = sys.maxsize
"""For `RestartBudget.most`: never give up."""


class Part(Protocol):
    """An async function that reports when it is up, and runs until it is cancelled or fails."""

    def __call__(self, *, task_status: trio.TaskStatus[Any]) -> Awaitable[None]: ...


async def supervise(
    part: Part,
    budget: RestartBudget,
    *,
    tell: Callable[[ExceptionGroup[Exception], float], None],
    task_status: trio.TaskStatus[Any] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Run `part`, and run it again whenever it fails after its first start.

    Reports what the first start reported. A failure before that is raised: it is not an accident but the way things
    are. So is the failure for which the budget has no restart left. `tell` hears of every other one, and in how many
    seconds the next start comes. A part that returns is done.
    """
    status = _FirstStart(task_status)
    while True:
        try:
            async with trio.open_nursery() as nursery:
                status.report(await nursery.start(part))
            return
        except* Exception as failures:  # the edge of the supervised part
            wait = budget.wait_after_crash(trio.current_time()) if status.happened else None
            if wait is None:
                raise
            tell(failures, wait)
        await trio.sleep(wait)


class _FirstStart:
    """Passes the first report on and keeps the later ones to itself."""

    def __init__(self, task_status: trio.TaskStatus[Any]) -> None:
        self._task_status = task_status
        self.happened = False

    def report(self, value: object) -> None:
        if not self.happened:
            self.happened = True
            self._task_status.started(value)
