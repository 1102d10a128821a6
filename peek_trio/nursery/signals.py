"""Ending a service process: politely at the first signal or when its supervisor is gone, for certain soon after.

The polite end is a cancel scope. The certain end is a timer in a thread of its own, because what it guards against is
an event loop that no longer runs anything.
"""

import logging
import os
import signal
import threading
from collections.abc import Callable

import trio

logger = logging.getLogger(__name__)

GRACE = 10.0
"""Seconds from the first signal to the certain end."""
SHORT_GRACE = 1.0
"""Seconds from the second signal to the certain end."""
FORCED_EXIT_CODE = 70


class Stopping:
    """What a process does when it is asked to end: call `polite` once, and see that the end comes."""

    def __init__(self, polite: Callable[[], None], force: Callable[[], None] | None = None) -> None:
        self._polite = polite
        self._force = force or _exit_now
        self._timer: threading.Timer | None = None
        self._asked = 0

    def ask(self, why: str) -> None:
        """Ask for the end; asking again shortens the patience. `why` completes "Stopping: …"."""
        self._asked += 1
        if self._asked == 1:
            logger.info("Stopping: %s.", why)
            self._arm(GRACE)
            self._polite()
        elif self._asked == 2:
            logger.warning("Stopping at once: %s again.", why)
            self._arm(SHORT_GRACE)

    def ended(self) -> None:
        """Disarm the certain end, for a process that goes on."""
        if self._timer is not None:
            self._timer.cancel()

    def _arm(self, seconds: float) -> None:
        self.ended()
        self._timer = threading.Timer(seconds, self._force)
        self._timer.daemon = True
        self._timer.start()


def _exit_now() -> None:
    logger.error("The service did not end in time and is cut off.")
    os._exit(FORCED_EXIT_CODE)


async def stop_on_signals(stopping: Stopping, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
    """Hand every SIGTERM and SIGINT to `stopping`, until cancelled."""
    with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as received:
        task_status.started()
        async for number in received:
            stopping.ask(f"{signal.Signals(number).name} received")


async def stop_without_supervisor(stopping: Stopping, lifeline: int) -> None:
    """Ask for the end when nobody holds the other end of the pipe `lifeline` any more.

    The supervisor never writes to it: the pipe ends when the supervisor does, however that comes about.
    """
    async with trio.lowlevel.FdStream(lifeline) as pipe:
        while await pipe.receive_some(64):
            pass
    stopping.ask("the supervisor is gone")
