"""A bell: whoever waits just now is woken, and nobody later."""

from __future__ import annotations

import trio

__all__ = ["Bell"]


class Bell:
    """Rung when something has changed, so that those who wait look again."""

    def __init__(self) -> None:
        self._event = trio.Event()

    def ring(self) -> None:
        """Wakes everybody who waits."""
        self._event.set()
        self._event = trio.Event()

    async def wait(self) -> None:
        """Waits for the next ring."""
        await self._event.wait()
