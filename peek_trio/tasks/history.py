"""The tasks that were asked for, newest first, as administrators see them. Bounded; kept in memory."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Literal

import attrs

from peek_trio.tuples import tuple_type

__all__ = ["MOST_RUNS", "TaskHistory", "TaskRun", "TaskState"]

MOST_RUNS = 200
"""How many runs are remembered."""

TaskState = Literal["running", "done", "failed", "cancelled"]


@tuple_type("peek.TaskRun")
@attrs.frozen
class TaskRun:
    """One run of a task. `progress` is from 0 to 1, `worker` the id of the service that runs it, `error` a sentence when it failed."""

    id: str
    plugin: str
    name: str
    state: TaskState
    progress: float
    note: str
    asked_by: str
    worker: str
    started: datetime
    ended: datetime | None
    error: str


class TaskHistory:
    """Remembers runs. `on_change` is called after every change."""

    def __init__(self, on_change: Callable[[], None]) -> None:
        self._runs: OrderedDict[str, TaskRun] = OrderedDict()
        self._on_change = on_change

    def add(self, run: TaskRun) -> None:
        """Remember a new run; the oldest that is over makes room."""
        self._runs[run.id] = run
        if len(self._runs) > MOST_RUNS:
            over = next((old.id for old in self._runs.values() if old.state != "running"), next(iter(self._runs)))
            del self._runs[over]
        self._on_change()

    def change(self, run_id: str, **changes: Any) -> None:
        """Change fields of a run, if it is still remembered."""
        if run_id in self._runs:
            self._runs[run_id] = attrs.evolve(self._runs[run_id], **changes)
            self._on_change()

    def end(self, run_id: str, state: TaskState, error: str = "") -> None:
        """A run is over."""
        self.change(run_id, state=state, error=error, ended=datetime.now(UTC))

    def runs(self) -> list[TaskRun]:
        """All that are remembered, newest first."""
        return list(reversed(self._runs.values()))
