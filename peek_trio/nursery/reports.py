"""Tells the server how this service's plugins are doing: all of them whenever something changed or the link came up."""

import logging
from collections.abc import Callable, Sequence

import trio

from peek_trio.errors import CallError
from peek_trio.nursery.platform_contracts import report_plugins
from peek_trio.plugin.status import PluginStatus
from peek_trio.transport import Switchboard

logger = logging.getLogger(__name__)


class PluginReports:
    """Coalesces changes: however many come while one report is under way, one more follows."""

    def __init__(self, board: Switchboard, statuses: Callable[[], Sequence[PluginStatus]]) -> None:
        self._report = board.caller(report_plugins, timeout=10)
        self._statuses = statuses
        self._due = trio.Event()

    def due(self) -> None:
        """Something changed, or the link has come up."""
        self._due.set()

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Report when due, until cancelled. A report that fails is made again when the link comes back."""
        task_status.started()
        while True:
            await self._due.wait()
            self._due = trio.Event()
            try:
                await self._report(list(self._statuses()))
            except CallError as error:
                logger.info("The server does not know the state of the plugins here yet: %s", error)
