"""The tasks in which calls are served, each one call after the other.

To start a task and to enter a cancel scope takes a fifth of all that a short call costs both services, so a task that has served one
stays for the next, until the deadline that the call had. It stays only while nothing of the call is left in it: not when its scope was
cancelled, and not when the call changed a context variable. Thus a call cannot tell that it was not the first.
"""

from __future__ import annotations

import contextvars
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

import trio

from peek_trio.transport.spawn import Spawn

__all__ = ["MOST_IDLE", "Attendants"]

MOST_IDLE = 64
"""Tasks that stay for another job. With more jobs than that at a time, the further ones have a task of their own."""

J = TypeVar("J")
R = TypeVar("R")


class Attendants(Generic[J, R]):
    """Runs `work` for each job in a cancel scope that is its own meanwhile, then `done`.

    `work` raises no Exception. `done` is told what it returned, None when it was cut short by its deadline or a cancel; it is not
    called when everything is cancelled, and the deadline may meet it, too, so it had better begin with what must not be missed.
    """

    def __init__(
        self, spawn: Spawn, work: Callable[[J], Awaitable[R]], done: Callable[[J, R | None], Awaitable[None]]
    ) -> None:
        self._spawn, self._work, self._done = spawn, work, done
        self._idle: list[_Attendant[J]] = []

    def take(self, job: J, deadline: float) -> trio.CancelScope:
        """Begins `job` soon; returns the scope of its work, which may be cancelled until the work has ended, and not after it."""
        if not self._idle:
            attendant = _Attendant[J](trio.CancelScope(deadline=deadline))
            self._spawn(self._attend, attendant, job)
        else:
            attendant = self._idle.pop()
            attendant.scope.deadline = deadline
            attendant.wake(job)
        return attendant.scope

    async def _attend(self, attendant: _Attendant[J], job: J | None) -> None:
        clean = contextvars.copy_context()
        outcome: R | None = None
        with attendant.scope as scope:
            while job is not None:
                outcome = await self._work(job)
                if scope.cancel_called:
                    break
                await self._done(job, outcome)
                job = outcome = None
                if len(self._idle) < MOST_IDLE and contextvars.copy_context() == clean:
                    job = await self._next(attendant)
        if job is not None:
            await self._done(job, outcome)

    async def _next(self, attendant: _Attendant[J]) -> J:
        def leave(_: object) -> trio.lowlevel.Abort:
            self._idle.remove(attendant)
            return trio.lowlevel.Abort.SUCCEEDED

        self._idle.append(attendant)
        return await attendant.sleep(leave)


class _Attendant(Generic[J]):
    """One task, asleep or at work. Woken directly, which costs a third of what a `trio.Event` does."""

    __slots__ = ("_job", "_task", "scope")

    def __init__(self, scope: trio.CancelScope) -> None:
        self.scope = scope
        self._job: J | None = None
        self._task: trio.lowlevel.Task | None = None

    def wake(self, job: J) -> None:
        assert self._task is not None
        self._job = job
        trio.lowlevel.reschedule(self._task)

    async def sleep(self, leave: Callable[[object], trio.lowlevel.Abort]) -> J:
        self._task = trio.lowlevel.current_task()
        await trio.lowlevel.wait_task_rescheduled(leave)
        job, self._job = self._job, None
        assert job is not None
        return job
