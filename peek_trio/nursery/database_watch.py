"""Looks after the database: how it is goes to administrators as a tuple that updates by itself, and to the log when it changes."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime

import trio

from peek_trio.nursery.platform_tuples import DatabaseState
from peek_trio.storage import Database, Health

logger = logging.getLogger(__name__)

EVERY = 5.0
"""Seconds between two looks."""


class DatabaseWatch:
    """How the database is, as of the last look. `on_change` is called when there is something new to show."""

    def __init__(
        self,
        database: Database,
        on_change: Callable[[], None],
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._database = database
        self._on_change = on_change
        self._now = now
        self._last: DatabaseState | None = None

    def rows(self) -> list[DatabaseState]:
        """The one state, or nothing before the first look."""
        return [self._last] if self._last is not None else []

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Looks until cancelled."""
        task_status.started()
        while True:
            self.saw(await self._database.health())
            await trio.sleep(EVERY)

    def saw(self, health: Health) -> None:
        """Takes note of one look."""
        before = self._last
        same = before is not None and before.state == health.state
        since = before.since if before is not None and same else self._now()
        self._last = DatabaseState(health.state, health.why, since, health.connections, health.running, health.waiting)
        if not same:
            _tell(before, health)
        if self._last != before:
            self._on_change()


def _tell(before: DatabaseState | None, health: Health) -> None:
    if health.state != "ok":
        logger.warning("The database is %s: %s", health.state, health.why)
    elif before is not None:
        logger.warning("The database is well again.")
