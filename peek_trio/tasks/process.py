"""One subprocess of a worker, seen from the worker.

Progress, the result, log lines, the lifeline and the kill share one channel, a socket pair: that is why the pool speaks a protocol of
its own (`peek_trio.tasks.frames`) rather than a library's.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import trio

from peek_trio.errors import TaskDied, TaskFailed
from peek_trio.tasks.frames import FrameBuffer, TooLarge, frame
from peek_trio.tasks.progress import TaskProgress

__all__ = ["NotStarted", "TaskProcess"]

_log = logging.getLogger("peek_trio.tasks")
_output_log = logging.getLogger("peek_trio.tasks.output")

KILL_SECONDS = 5.0
"""How long the end of a killed process is waited for."""

LONGEST_LINE = 4096
"""Characters of one line that a task printed, as they go to the log."""


class NotStarted(Exception):
    """The process had ended before it got the task. Another one may run it."""


class TaskProcess:
    """A warm process that runs one task at a time. `run` owns it: when `run` ends, the process has ended.

    `doomed` is true from the moment it is told to end or has ended: no task may be given to it any more.
    """

    def __init__(self, setup: dict[str, Any]) -> None:
        self.tasks_done = 0
        self.doomed = False
        self.ended = trio.Event()
        self._setup = setup
        self._scope = trio.CancelScope()
        self._process: trio.Process | None = None
        self._stream: trio.SocketStream | None = None
        self._number = 0
        self._answers, self._arrivals = trio.open_memory_channel[dict[str, Any]](16)

    @property
    def pid(self) -> int:
        """The process id, 0 before it has one."""
        return self._process.pid if self._process is not None else 0

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Run the process until it ends or is told to; started once it is warm. Raises OSError when it cannot be started."""
        try:
            with self._scope:
                await self._run(task_status)
        finally:
            self.doomed = True
            self.ended.set()
            self._answers.close()

    async def perform(self, name: str, arguments: str, on_progress: Callable[[TaskProgress], None]) -> str:
        """Run one task and give its result as JSON text. When this is cancelled, the process is killed.

        Raises TaskFailed when the task raised, TaskDied when the process ended, NotStarted when it had ended before.
        """
        self._number += 1
        try:
            data = frame({"k": "run", "n": self._number, "name": name, "arguments": arguments})
        except TooLarge as error:
            raise TaskFailed(f"The arguments of {name} are too large: {error}", kind="TooLarge") from None
        try:
            await self._send(data)
            return await self._result(on_progress)
        except trio.EndOfChannel:
            raise self._death(name) from None
        except trio.Cancelled:
            self.end()
            raise

    def end(self) -> None:
        """End the process and whatever it started, whatever they are doing."""
        self.doomed = True
        self._scope.cancel()

    async def _send(self, request: bytes) -> None:
        if self._stream is None:
            raise NotStarted
        try:
            await self._stream.send_all(request)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            self.end()
            raise NotStarted from None  # it cannot have run what it did not get whole

    async def _result(self, on_progress: Callable[[TaskProgress], None]) -> str:
        while True:
            answer = await self._arrivals.receive()
            if answer["k"] == "progress":
                on_progress(TaskProgress(answer["fraction"], answer["note"]))
                continue
            self.tasks_done += 1
            if answer["k"] == "error":
                raise TaskFailed(answer["message"], kind=answer["kind"])
            return str(answer["result"])

    async def _run(self, task_status: trio.TaskStatus[None]) -> None:
        ours, theirs = socket.socketpair()
        self._stream = trio.SocketStream(trio.socket.from_stdlib_socket(ours))
        async with self._stream:
            with theirs:
                process = self._process = await _open_process(theirs.fileno())
            try:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(self._log_output)
                    await self._read(self._stream, task_status)
                    nursery.cancel_scope.deadline = trio.current_time() + 1.0  # a grandchild may hold the output open
            finally:
                with suppress(ProcessLookupError):  # its own end has not been collected, so the number is still its
                    os.killpg(process.pid, signal.SIGKILL)
                with trio.move_on_after(KILL_SECONDS, shield=True):
                    await process.wait()
                    if process.stdout is not None:
                        await process.stdout.aclose()

    async def _read(self, stream: trio.SocketStream, task_status: trio.TaskStatus[None]) -> None:
        buffer = FrameBuffer()
        try:
            await stream.send_all(frame({"k": "setup", **self._setup}))
            async for data in stream:
                for arrived in buffer.feed(bytes(data)):
                    if arrived["k"] == "ready":
                        task_status.started()
                    elif arrived["k"] == "log":
                        logging.getLogger(arrived["logger"]).log(arrived["level"], "%s", arrived["text"])
                    elif arrived["n"] == self._number:
                        await self._answers.send(arrived)
        except trio.BrokenResourceError:
            pass  # it ended in the middle of something; whoever waits for it is told so by the end of `_answers`
        except ValueError as error:
            _log.error("The task process %d sent what is no frame, and is ended: %s", self.pid, error)

    async def _log_output(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        pending = b""
        async for data in self._process.stdout:
            *lines, pending = (pending + data).split(b"\n")
            pending = pending[-LONGEST_LINE:]
            for line in lines:
                _output_log.info("%d: %s", self.pid, line.decode(errors="replace")[:LONGEST_LINE])
        if pending:
            _output_log.info("%d: %s", self.pid, pending.decode(errors="replace"))

    def _death(self, name: str) -> TaskDied:
        code = self._process.returncode if self._process is not None else None
        if code is not None and code < 0:
            number = -code
            return TaskDied(
                f"The process that ran {name} was ended by signal {number} ({_signal_name(number)}).", signal=number
            )
        return TaskDied(f"The process that ran {name} ended with exit code {code}.", exit_code=code)


async def _open_process(descriptor: int) -> trio.Process:
    return await trio.lowlevel.open_process(
        [sys.executable, "-P", "-m", "peek_trio.tasks.child", str(descriptor)],
        pass_fds=[descriptor],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,  # Ctrl-C is for the worker; and what the task starts can be ended with it
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return "unknown"
