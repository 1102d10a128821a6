"""What a task sees of the platform while it runs in its subprocess."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING

from peek_trio.errors import DatabaseUnavailable

if TYPE_CHECKING:
    from sqlalchemy import Engine
    from sqlalchemy.orm import Session

    from peek_trio.storage import WithSession

__all__ = ["TaskContext"]

SECONDS_BETWEEN_REPORTS = 0.1


class TaskContext:
    """The first argument of every task. `name` is the task's, `log` a logger whose lines reach the worker's log."""

    def __init__(self, name: str, *, report: Callable[[float, str], None], engine: Callable[[], Engine] | None) -> None:
        self.name = name
        self.log = logging.getLogger(f"peek_trio.task.{name}")
        self._report = report
        self._engine = engine
        self._next_report = 0.0
        self._unsent: tuple[float, str] | None = None

    @contextmanager
    def session(self) -> Iterator[Session]:
        """One transaction: it commits at the end of the block and rolls back when the block raises.

        Whoever follows the tables it touched is told at the commit. Raises DatabaseUnavailable when the worker has no database or
        cannot reach it.
        """
        if self._engine is None:
            raise DatabaseUnavailable("This worker has no database.")
        from peek_trio.storage.unit_of_work import (
            unit_of_work,  # most tasks of an agent-like worker need no database library
        )

        with unit_of_work(self._engine()) as unit:
            yield unit.session

    @cached_property
    def storage(self) -> WithSession:
        """What there is to do with `session` besides what SQLAlchemy offers: many rows at once, ids beforehand, large values."""
        from peek_trio.storage import WithSession

        return WithSession()

    def progress(self, fraction: float, note: str = "") -> None:
        """Tell whoever asked how far it is, from 0 to 1.

        Call it as often as you like: at most ten a second are sent, and always the last.
        """
        self._unsent = (min(1.0, max(0.0, float(fraction))), note)
        now = time.monotonic()
        if now >= self._next_report:
            self._next_report = now + SECONDS_BETWEEN_REPORTS
            self.report_last()

    def report_last(self) -> None:
        """Send the last progress if it was held back; called when the task has returned."""
        if self._unsent is not None:
            report, self._unsent = self._unsent, None
            self._report(*report)
