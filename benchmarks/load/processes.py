"""The other processes of a benchmark: started, told what to do by JSON lines, and ended with the block."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

__all__ = ["ROOT", "Other", "crowd", "other"]

ROOT = Path(__file__).parents[2]
CROWD = Path(__file__).with_name("crowd.py")


class Other:
    """Another process that takes commands as JSON lines and answers each by one."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.pid = process.pid

    def tell(self, **command: Any) -> None:
        """Gives a command; `hear` gives the answer."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()

    def hear(self) -> dict[str, Any]:
        """The next answer. Ends the benchmark when there is none."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"{self._process.args} has ended.")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def ask(self, **command: Any) -> dict[str, Any]:
        """Gives a command and waits for its answer."""
        self.tell(**command)
        return self.hear()


@contextmanager
def other(program: Path, *arguments: str, python: str = sys.executable) -> Iterator[Other]:
    """Runs a Python program within the block. It ends when its input does."""
    paths = [str(ROOT), os.environ.get("PYTHONPATH", "")]
    environ = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths)), "PYTHONWARNINGS": "ignore"}
    with subprocess.Popen(
        [python, str(program), *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environ
    ) as process:
        try:
            yield Other(process)
        finally:
            assert process.stdin is not None
            process.stdin.close()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


@contextmanager
def crowd(port: int, dialect: str, **spec: Any) -> Iterator[Other]:
    """A process full of devices that dial `port` and talk as `dialect` says (`load/dialects.py`)."""
    with other(CROWD) as devices:
        devices.tell(do="open", port=port, dialect=dialect, spec=spec)
        yield devices
