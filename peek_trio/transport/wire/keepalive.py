"""When to ask whether the peer is still there, and when to give it up. A half-open connection tells nobody that it is dead.

Plain arithmetic on a clock that the caller reads: the link's keepalive task asks `step` and sleeps until the time it is told.
"""

from __future__ import annotations

from typing import Literal

import attrs

from peek_trio.transport.wire.limits import LinkTiming

__all__ = ["Keepalive"]


@attrs.define
class Keepalive:
    """Watches one peer. Times are seconds of one clock."""

    timing: LinkTiming
    heard_at: float
    asked_at: float | None = None
    asked: int = 0

    def heard(self, now: float) -> None:
        """Something arrived from the peer."""
        self.heard_at = now
        self.asked_at = None

    def step(self, now: float) -> tuple[Literal["wait", "ping", "gone"], float]:
        """What to do now, and when to ask again.

        "ping": send one with the number `asked`. "gone": the peer has been silent for too long after a ping.
        """
        if self.asked_at is not None:
            gone_at = self.asked_at + self.timing.answer
            return ("gone", now) if now >= gone_at else ("wait", min(gone_at, now + self.timing.idle))
        ask_at = self.heard_at + self.timing.idle
        if now < ask_at:
            return "wait", ask_at
        self.asked_at = now
        self.asked += 1
        return "ping", now + min(self.timing.idle, self.timing.answer)
