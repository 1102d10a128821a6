"""Parts of a service that stop in the reverse order of their start.

Tasks of one nursery are cancelled together, so a plugin could lose its database in the middle of its own stop. A layer
keeps its part alive until the block above it has ended, whatever ended it.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import trio


@asynccontextmanager
async def layer(part: Callable[..., Any], *args: Any, **named: Any) -> AsyncIterator[Any]:
    """Run `part(*args, **named, task_status=…)` below the block: started before it, cancelled after it.

    Yields what the part reported. A part that fails cancels the block and its error is raised from here. The part must
    bound its own cleanup: nothing above cuts it short.
    """
    foundation = trio.CancelScope()  # a start may be cancelled like anything else; what is up is shielded

    async def run(*, task_status: trio.TaskStatus[Any]) -> None:
        with foundation:
            await part(*args, **named, task_status=_ShieldedOnceUp(task_status, foundation))

    async with trio.open_nursery() as nursery:
        try:
            yield await nursery.start(run)
        finally:
            foundation.cancel()


class _ShieldedOnceUp:
    """Shields a part from the cancellation of what surrounds it from the moment it reports itself up."""

    def __init__(self, task_status: trio.TaskStatus[Any], scope: trio.CancelScope) -> None:
        self._task_status = task_status
        self._scope = scope

    def started(self, value: Any = None) -> None:
        self._scope.shield = True
        self._task_status.started(value)
