"""A process that migrates and is killed at the k-th step, for tests: `python killed_migration.py URL VERSIONS`.

It reads numbers from its standard input, one a line. For each it forks a child that begins to migrate and kills itself (SIGKILL) right
before or after the k-th message to the database; it answers "killed", or "done" when there are fewer steps than that.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import event

from peek_trio.storage import migrate, open_engine

HOOKS = ("before_cursor_execute", "after_cursor_execute", "commit", "rollback")
"""Where it may die: around every statement, and right before every commit and rollback. After those, the next statement is as good."""


def die_at(engine: sa.Engine, step: int) -> None:
    """Has this process killed at its `step`-th step with `engine`, from 1."""
    steps: Iterator[int] = count(1)

    def take_step(*_: object) -> None:
        if next(steps) == step:
            os.kill(os.getpid(), signal.SIGKILL)

    for hook in HOOKS:
        event.listen(engine, hook, take_step)


def main(url: str, versions: Path) -> None:
    """Serves the numbers."""
    for line in sys.stdin:
        child = os.fork()  # imports are paid for once; there are no threads yet
        if child == 0:
            engine = open_engine(url)
            die_at(engine, int(line))
            migrate(engine, "pl_test", versions)
            os._exit(0)
        _, how = os.waitpid(child, 0)
        sys.stdout.write({0: "done", signal.SIGKILL: "killed"}.get(how, f"failed with {how}") + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
