"""A command of the platform as a running process, and the lines that people see of it."""

from __future__ import annotations

import contextlib
import os
import re
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from tests.whole.homes import PATIENCE, ROOT, Homes

T = TypeVar("T")


class Running:
    """`python -m peek_trio <command>` on `homes`, from its start."""

    def __init__(self, homes: Homes, command: str = "up") -> None:
        self.homes = homes
        self.lines: list[str] = []
        self._news = threading.Condition()
        self._has_ended = False
        self.process = subprocess.Popen(
            [sys.executable, "-m", "peek_trio", command, "--home", str(homes.base)],
            cwd=ROOT,
            env=homes.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def line(self, pattern: str, *, after: int = 0) -> re.Match[str]:
        """The first line from number `after` on that matches, waited for."""
        with self._news:
            found: list[re.Match[str]] = []

            def look() -> bool:
                found.extend(match for line in self.lines[after:] if (match := re.search(pattern, line)))
                return bool(found) or self._has_ended

            self._news.wait_for(look, PATIENCE)
            assert found, f"no line like {pattern!r} in\n" + "\n".join(self.lines)
            return found[0]

    def ready(self) -> Running:
        """Wait until all of `up` is ready."""
        self.line("Ctrl-C stops everything")
        return self

    @property
    def text(self) -> str:
        """Everything it has said so far."""
        return "\n".join(self.lines)

    def pid(self, service: str) -> int:
        """The process that `up` told of last for this service."""
        return int(
            [match[1] for line in self.lines if (match := re.match(rf"{service} +starts +process (\d+)", line))][-1]
        )

    def kill(self, service: str) -> int:
        """Kill the process of a service; gives how many lines had been said before."""
        seen = len(self.lines)
        os.kill(self.pid(service), signal.SIGKILL)
        return seen

    def end(self, *signals: signal.Signals) -> int:
        """Send it signals and wait for its end; gives the exit code."""
        for number in signals:
            self.process.send_signal(number)
        code = self.process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        return code

    def close(self) -> None:
        """Whatever happened, be gone."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.terminate()
            self.process.wait(12)
        self.process.kill()
        self.process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        assert self.process.stdout is not None
        self.process.stdout.close()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self._news:
                self.lines.append(line.rstrip("\n"))
                self._news.notify_all()
        with self._news:
            self._has_ended = True
            self._news.notify_all()


@contextmanager
def running(homes: Homes, command: str = "up") -> Iterator[Running]:
    """A running command for the block, ended after it."""
    one = Running(homes, command)
    try:
        yield one
    finally:
        one.close()


def await_end(pid: int, *, within: float = PATIENCE) -> None:
    """Wait until a process that is not our child has ended."""
    with contextlib.suppress(ProcessLookupError):
        handle = os.pidfd_open(pid)
        ended, _, _ = select.select([handle], [], [], within)
        os.close(handle)
        assert ended, f"process {pid} has not ended within {within} s"


def eventually(look: Callable[[], T], what: str, *, within: float = PATIENCE) -> T:
    """What `look` gives as soon as it is true; for signs that nothing announces."""
    until = time.monotonic() + within
    while not (found := look()):
        assert time.monotonic() < until, f"{what}: not within {within} s"
        time.sleep(0.05)
    return found
