"""Blocking work in a thread that a Trio cancellation can reach.

`trio.to_thread.run_sync` either ignores a cancellation or abandons the thread, and an abandoned thread keeps its database connection.
Here the cancelled task asks the work to stop, from another thread, and waits until it has. What the work then returns or raises is
the outcome: work that finished in spite of the request has finished, and its result is not thrown away. A server that does not hear
the request (it hangs, or the network swallows everything) has its connection cut, so that the wait ends.
"""

from __future__ import annotations

import contextlib
import contextvars
import os
import socket
import threading
import time
from collections.abc import Callable
from typing import Protocol, TypeVar

import outcome
import trio

__all__ = ["Interrupted", "Interruption", "run_interruptible"]

T = TypeVar("T")

_CUT_AFTER = 2.0  # seconds from the request


class Interrupted(Exception):
    """Raised inside the work when its caller no longer waits for it. Never leaves this package: the caller sees `trio.Cancelled`."""


class _Cancellable(Protocol):
    def cancel_safe(self, *, timeout: float) -> None: ...
    def fileno(self) -> int: ...


class Interruption:
    """The line between a cancelled task and the thread that works for it.

    The thread `aim`s it at the connection it uses and `release`s it before the connection goes back to the pool, so that a late
    cancellation cannot hit the connection's next user.
    """

    __slots__ = ("_lock", "_released", "_requested", "_target")

    def __init__(self) -> None:
        # Plain flags: there is one of us for every unit of work, and an Event costs as much as a small statement's bookkeeping.
        self._requested = False
        self._released = False
        self._lock = threading.Lock()
        self._target: _Cancellable | None = None

    @property
    def requested(self) -> bool:
        """Whether the caller has stopped waiting."""
        return self._requested

    def check(self) -> None:
        """Raises Interrupted when the caller has stopped waiting."""
        if self._requested:
            raise Interrupted

    def aim(self, connection: _Cancellable) -> None:
        """From now on a request cancels what runs on `connection`."""
        with self._lock:
            self._target = connection

    def release(self) -> None:
        """From now on nothing is cancelled. Waits for a cancellation that is under way, at most 2 s."""
        self._released = True
        with self._lock:
            self._target = None

    def request(self) -> None:
        """Asks the work to stop. Returns at once; a thread repeats the cancellation until the work is released, and cuts the
        connection if that does not help within some 2 s."""
        self._requested = True
        trio.lowlevel.start_thread_soon(self._cancel_until_released, lambda _: None, "cancel statement")

    def _cancel_until_released(self) -> None:
        # More than once: the work may just have been between two statements when the first cancellation arrived.
        cut_at = time.monotonic() + _CUT_AFTER
        while not self._released:
            with self._lock:
                if self._target is not None:
                    with contextlib.suppress(Exception):  # a connection that breaks meanwhile ends the work by itself
                        if (left := cut_at - time.monotonic()) > 0:
                            self._target.cancel_safe(timeout=left)
                        else:
                            _cut(self._target)
            time.sleep(0.05)


def _cut(connection: _Cancellable) -> None:
    """Ends the connection's socket under whoever waits for it: the wait sees its end."""
    with socket.socket(fileno=os.dup(connection.fileno())) as line:
        line.shutdown(socket.SHUT_RDWR)


async def run_interruptible(
    work: Callable[[Interruption], T], *, limiter: trio.CapacityLimiter, name: str = "database"
) -> T:
    """Runs `work` in a thread and returns what it returns.

    When the calling task is cancelled, the work's interruption is requested and the work awaited. If it stops with Interrupted, the
    cancellation goes on its way; if it finishes all the same, its result is returned and the next checkpoint sees the cancellation.
    """
    await trio.lowlevel.checkpoint_if_cancelled()
    task, token = trio.lowlevel.current_task(), trio.lowlevel.current_trio_token()
    interruption = Interruption()
    context = contextvars.copy_context()

    def deliver(result: outcome.Outcome[T]) -> None:
        with contextlib.suppress(trio.RunFinishedError):
            token.run_sync_soon(trio.lowlevel.reschedule, task, outcome.Value(result))

    def stop(_: object) -> trio.lowlevel.Abort:
        interruption.request()
        return trio.lowlevel.Abort.FAILED

    async with limiter:
        trio.lowlevel.start_thread_soon(lambda: context.run(work, interruption), deliver, name)
        result: outcome.Outcome[T] = await trio.lowlevel.wait_task_rescheduled(stop)
    try:
        return result.unwrap()
    except Interrupted:
        await trio.lowlevel.checkpoint_if_cancelled()
        raise
