"""The asking side of an exchange: send a frame, wait for its answer within a deadline, and say `cancel` when nobody waits any more.

`ask` is for one answer, `stream` for items. Both end early in the same three ways: the peer's error, the end of the link (Unavailable)
and the deadline (DeadlineExceeded).
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from logging import DEBUG
from typing import Any

import trio

from peek_trio.errors import DeadlineExceeded, PeekError, RemoteError, Unavailable, from_wire
from peek_trio.logs import current_trace
from peek_trio.transport.calls.contract import LONGEST_TIMEOUT
from peek_trio.transport.exchange import Asking, Port
from peek_trio.transport.trace import log_request, new_trace, present_trace, requests
from peek_trio.transport.wire import Frame

__all__ = ["WINDOW", "ask", "error_of", "lose_interest", "seconds_left", "stream"]

WINDOW = 64
"""Items of a stream that may be under way or waiting at the consumer."""


def seconds_left(timeout: float) -> float:
    """The time a call has: `timeout`, or what the enclosing cancel scopes leave if that is less. At most a day."""
    deadline = trio.current_effective_deadline()
    if deadline != math.inf:
        timeout = min(timeout, deadline - trio.current_time())
    return max(0.0, min(timeout, LONGEST_TIMEOUT))


async def ask(port: Port, header: dict[str, Any], body: bytes, *, timeout: float, what: str) -> Frame:
    """Opens an exchange on `port` and returns the frame that ends it. `what` begins the sentence of a DeadlineExceeded.

    A header without a trace is given the present one. Raises the peer's error, Unavailable when the link is lost and DeadlineExceeded
    after `timeout` seconds. (The wait for room on a crowded link has a deadline of its own, 10 s.)
    """
    reply = _Reply(what, timeout)
    number = port.open(reply)
    port.calling += 1
    header["i"] = number
    if "tr" not in header:
        header["tr"] = current_trace.get() or new_trace()
    began = trio.current_time()
    # An entry in the timetable rather than a cancel scope: a call rarely meets its deadline, and the scope would cost a tenth of it.
    port.timetable.set(reply, began + timeout, reply.too_late)
    try:
        await port.send(Frame(header, body))
        return await reply.wait()
    finally:
        port.calling -= 1
        port.timetable.drop(reply)
        if not reply.answered:
            lose_interest(port, number, reply, header)
        if requests.isEnabledFor(DEBUG):
            log_request("Asked", header, port.peer, began, reply.summary(), header["tr"])


@asynccontextmanager
async def stream(
    port: Port, header: dict[str, Any], body: bytes, *, timeout: float, what: str
) -> AsyncIterator[AsyncIterator[bytes]]:
    """Opens an exchange that streams; gives an iterator of the bodies of its items. Leaving the context ends it.

    `timeout` is for the whole stream. The callee is allowed `WINDOW` items ahead of the consumer.
    """
    began = trio.current_time()
    items = _Items(port, what, began + timeout, timeout)
    number = items.number = port.open(items)
    port.calling += 1
    header.update(i=number, w=WINDOW, tr=present_trace())
    try:
        await port.send(Frame(header, body))
        yield items
    finally:
        port.calling -= 1
        if not items.over:
            lose_interest(port, number, items, header)
        if requests.isEnabledFor(DEBUG):
            log_request("Asked", header, port.peer, began, items.summary(), header["tr"])


def lose_interest(port: Port, number: int, exchange: Asking, header: dict[str, Any]) -> None:
    """Forgets an exchange that has not ended; of a call, the callee is told."""
    if port.asking.pop(number, None) is exchange and header["k"] == "call":
        port.tell(Frame({"k": "cancel", "i": number}))


def error_of(frame: Frame) -> PeekError:
    """The error that a frame carries as `e`."""
    data = frame.header.get("e")
    return from_wire(data) if isinstance(data, dict) else RemoteError("The other side failed without saying why.")


class _Reply:
    """One answer for one waiting task. Wakes it directly, which costs a third of what a `trio.Event` does."""

    __slots__ = ("_outcome", "_task", "_timeout", "_what", "answered")

    def __init__(self, what: str, timeout: float) -> None:
        self._what, self._timeout = what, timeout
        self.answered = False
        self._outcome: Frame | Exception | None = None
        self._task: trio.lowlevel.Task | None = None

    def take(self, frame: Frame) -> bool:
        self.answered = True
        self._end(error_of(frame) if frame.header["k"] == "err" else frame)
        return True

    def lost(self, error: Unavailable) -> None:
        self.answered = True
        self._end(error)

    def too_late(self) -> None:
        self._end(DeadlineExceeded(f"{self._what} took longer than {self._timeout:g} s."))

    def _end(self, outcome: Frame | Exception) -> None:
        if self._outcome is not None:
            return  # an answer in the instant of the deadline: the first counts
        self._outcome = outcome
        if self._task is not None:
            task, self._task = self._task, None
            trio.lowlevel.reschedule(task)

    def summary(self) -> object:
        """What it came to, for the log."""
        return "answered" if isinstance(self._outcome, Frame) else self._outcome or "given up"

    async def wait(self) -> Frame:
        if self._outcome is None:
            self._task = trio.lowlevel.current_task()
            await trio.lowlevel.wait_task_rescheduled(self._abandon)
        assert self._outcome is not None
        if isinstance(self._outcome, Exception):
            raise self._outcome
        return self._outcome

    def _abandon(self, _: object) -> trio.lowlevel.Abort:
        self._task = None
        return trio.lowlevel.Abort.SUCCEEDED


class _Items:
    """The items of one stream, at most `WINDOW` of them, in front of one consumer."""

    def __init__(self, port: Port, what: str, deadline: float, timeout: float) -> None:
        self.number = 0
        self.over = False
        self._port = port
        self._deadline = deadline
        self._too_late = f"{what} took longer than {timeout:g} s."
        self._bodies: deque[bytes] = deque()
        self._taken = 0
        self._error: Exception | None = None
        self._news = trio.Event()

    def take(self, frame: Frame) -> bool:
        kind = frame.header["k"]
        if kind == "item" and len(self._bodies) < WINDOW:
            self._bodies.append(frame.body)
        else:
            self.over = True
            if kind == "err":
                self._error = error_of(frame)
            elif kind == "item":
                self._error = RemoteError("The other side streams faster than it was allowed to.")
                self._port.tell(Frame({"k": "cancel", "i": self.number}))
        self._news.set()
        return self.over

    def lost(self, error: Unavailable) -> None:
        self.over = True
        self._error = error
        self._news.set()

    def summary(self) -> object:
        """What it came to, for the log."""
        return self._error or ("answered" if self.over else "given up")

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        while not self._bodies:
            if self.over:
                if self._error is not None:
                    raise self._error
                raise StopAsyncIteration
            self._news = trio.Event()
            with trio.move_on_at(self._deadline) as scope:
                await self._news.wait()
            if scope.cancelled_caught:
                raise DeadlineExceeded(self._too_late)
        self._taken += 1
        if self._taken == WINDOW // 2 and not self.over:
            self._taken = 0
            self._port.tell(Frame({"k": "more", "i": self.number, "n": WINDOW // 2}))
        return self._bodies.popleft()
