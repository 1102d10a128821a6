"""A service as a child process: started in a session of its own, watched until it ends, stopped for certain.

The child learns two descriptors: one to announce its readiness, and a pipe whose end tells it that its supervisor is
gone, so that even a killed supervisor leaves no orphan behind.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import attrs
import trio

from peek_trio.errors import PeekError
from peek_trio.nursery.process import LIFELINE_FD, READY_FD

LINE_BYTES = 16 * 1024
"""Longer lines of a child's output are cut into pieces of this size."""
_LAST_WORDS = 0.5
_GROUP_GRACE = 1.0


class ServiceDied(PeekError):
    """A child process ended though nobody asked it to; `returncode` is negative for a signal."""

    def __init__(self, service: str, returncode: int) -> None:
        super().__init__(f"The {service} ended: {describe_end(returncode)}.")
        self.service = service
        self.returncode = returncode


def describe_end(returncode: int) -> str:
    """How a process ended, in words."""
    if returncode >= 0:
        return f"exit code {returncode}"
    try:
        return f"killed by {signal.Signals(-returncode).name}"
    except ValueError:
        return f"killed by signal {-returncode}"


def service_command(service: str, base: Path) -> list[str]:
    """The command line that runs one service with this Python."""
    return [sys.executable, "-m", "peek_trio", service, "--home", str(base)]


@attrs.frozen
class ChildService:
    """How to run one service as a child.

    `on_line` gets each line that it writes for the terminal, `on_start` its process id, `on_ready` its addresses and
    the seconds that its start took, `on_end` its return code.
    """

    service: str
    command: Sequence[str]
    on_line: Callable[[str], None]
    on_start: Callable[[int], None]
    on_ready: Callable[[dict[str, str], float], None]
    on_end: Callable[[int], None]
    stop_within: float = 9.0
    """Seconds from the cancellation to the certain end."""

    async def run(self, *, task_status: trio.TaskStatus[dict[str, str]]) -> None:
        """Run the child; reports its addresses when it is ready. Raises ServiceDied when it ends by itself."""
        with _pipe() as (ready_end, ready_fd), _pipe() as (lifeline_fd, _held):
            began = trio.current_time()
            process = await self._open(ready_fd.take(), lifeline_fd.take())
            self.on_start(process.pid)
            async with self._stopped_at_the_end(process), trio.open_nursery() as nursery:
                nursery.start_soon(self._forward_lines, process)
                nursery.start_soon(self._await_readiness, ready_end.take(), began, task_status)
                returncode = await process.wait()
                nursery.cancel_scope.deadline = trio.current_time() + _LAST_WORDS
        raise ServiceDied(self.service, returncode)

    async def _open(self, ready_fd: int, lifeline_fd: int) -> trio.Process:
        environment = os.environ | {READY_FD: str(ready_fd), LIFELINE_FD: str(lifeline_fd)}
        try:
            return await trio.lowlevel.open_process(
                list(self.command),
                env=environment,
                pass_fds=(ready_fd, lifeline_fd),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C in the terminal is for the supervisor alone
            )
        finally:
            os.close(ready_fd)
            os.close(lifeline_fd)

    @asynccontextmanager
    async def _stopped_at_the_end(self, process: trio.Process) -> AsyncIterator[None]:
        try:
            yield
        finally:
            with trio.CancelScope(shield=True):  # bounded by stop_within and _GROUP_GRACE
                self.on_end(await _stop(process, self.stop_within))
                await _end_group(process.pid)
                assert process.stdout is not None
                await process.stdout.aclose()

    async def _forward_lines(self, process: trio.Process) -> None:
        assert process.stdout is not None
        async for line in lines_of(process.stdout):
            self.on_line(line)

    async def _await_readiness(
        self, ready_end: int, began: float, task_status: trio.TaskStatus[dict[str, str]]
    ) -> None:
        async with trio.lowlevel.FdStream(ready_end) as pipe:
            async for line in lines_of(pipe):
                event = json.loads(line)
                if event["event"] == "ready":
                    self.on_ready(event["addresses"], trio.current_time() - began)
                    task_status.started(event["addresses"])


async def lines_of(stream: trio.abc.ReceiveStream) -> AsyncIterator[str]:
    """The lines of a byte stream, without their ends; overlong ones in pieces."""
    pending = b""
    while chunk := await stream.receive_some(LINE_BYTES):
        *complete, pending = (pending + chunk).split(b"\n")
        if len(pending) > LINE_BYTES:
            complete, pending = [*complete, pending], b""
        for line in complete:
            yield line.decode("utf-8", "replace").rstrip()
    if pending:
        yield pending.decode("utf-8", "replace").rstrip()


async def _stop(process: trio.Process, within: float) -> int:
    """Ask, ask again a second before the time is up, then kill. Returns the return code."""
    for patience in (max(0.0, within - 1.0), min(1.0, within)):
        if process.returncode is not None:
            return process.returncode
        process.terminate()
        with trio.move_on_after(patience):
            await process.wait()
    process.kill()
    return await process.wait()


async def _end_group(group: int) -> None:
    """End what the child itself left behind in its process group."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGTERM)
        with trio.move_on_after(_GROUP_GRACE):
            while True:  # a group's end cannot be waited for, only looked at
                os.killpg(group, 0)
                await trio.sleep(0.02)
        os.killpg(group, signal.SIGKILL)


class _Descriptor:
    """A file descriptor that is closed at the end of its block unless somebody took it over."""

    def __init__(self, number: int) -> None:
        self._number: int | None = number

    def take(self) -> int:
        assert self._number is not None
        number, self._number = self._number, None
        return number

    def close(self) -> None:
        if self._number is not None:
            os.close(self.take())


@contextmanager
def _pipe() -> Iterator[tuple[_Descriptor, _Descriptor]]:
    read_end, write_end = (_Descriptor(number) for number in os.pipe())
    try:
        yield read_end, write_end
    finally:
        read_end.close()
        write_end.close()
