"""Keeping a link: dial, serve, and when it is lost dial again, for as long as the caller lives.

Whoever loses a service loses it at the same moment as everybody else on it, and it comes back to all of them at once. The backoff that
keeps them apart is plain arithmetic; `keep_linked` is the loop around it.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Literal, NoReturn, Protocol

import attrs
import trio

from peek_trio.errors import LinkError, LinkRefused
from peek_trio.transport.wire.link import Link

__all__ = ["Backoff", "LinkState", "Wake", "keep_linked", "spread_of"]

_log = logging.getLogger(__name__)

LinkState = Literal["connecting", "live", "away", "refused"]

LIVED = 10.0
"""Seconds after which a link counts as one that worked: the next delays begin small again."""

AFTER_REFUSAL = 30.0
"""Seconds until the next attempt after a refusal: somebody has to change something first."""


SHORTEST = 0.5
"""Seconds that an attempt comes after a loss at least."""

LONGEST = 12.0
"""Seconds between two attempts at most."""

RETURNS = 17
"""Peers that a service wants back in a second, on the average. Of 200, a fifth in one second is rare."""


def spread_of(links: int) -> float:
    """Over how many seconds the peers of a service should spread their return, when it has so many links."""
    return min(LONGEST, max(1.0, links / RETURNS))


@attrs.define
class Backoff:
    """Delays between attempts, under ceilings that double from `spread` (in seconds, at least 1) up to 12 s.

    The first delay is anything from 0.5 s to `spread`, so that those who lost the same service do not return all at once ("full jitter").
    Later ones are between three quarters of their ceiling and the ceiling: they keep apart who is apart already. Were they anything
    below the ceiling the short ones would pile up, and a quarter of 200 peers could return within one second.
    """

    spread: float = 1.0
    random: random.Random = attrs.field(factory=random.Random, repr=False)
    attempts: int = 0

    def next(self) -> float:
        """The seconds to wait before the next attempt."""
        ceiling = min(LONGEST, max(1.0, self.spread) * 2 ** min(self.attempts, 8))
        floor = ceiling * 0.75 if self.attempts else SHORTEST
        self.attempts += 1
        return self.random.uniform(floor, ceiling)

    def reset(self) -> None:
        """Begins anew, after an attempt that worked."""
        self.attempts = 0


class Wakeable(Protocol):
    """What tells `keep_linked` not to wait any longer."""

    async def wait(self) -> object:
        """Returns when there is reason to try at once."""
        ...


class Wake:
    """A signal that there is reason to dial at once, when the network is back for instance. It may be given any number of times."""

    def __init__(self) -> None:
        self._event = trio.Event()

    def set(self) -> None:
        """Gives the signal. It is kept for the next who waits."""
        self._event.set()

    async def wait(self) -> None:
        """Waits for the signal and takes it."""
        await self._event.wait()
        self._event = trio.Event()


async def keep_linked(
    connect: Callable[[], AbstractAsyncContextManager[Link]],
    serve: Callable[[Link], Awaitable[object]],
    *,
    on_state: Callable[[LinkState], None] = lambda state: None,
    wake: Wakeable | None = None,
    backoff: Backoff | None = None,
) -> NoReturn:
    """Connects, serves the link until it is lost, waits, and begins again. Ends only when it is cancelled.

    `on_state` hears "connecting", "live", "away" and "refused" as they come. `wake` cuts a wait short. After a refusal the next attempt
    comes in half a minute, unless the peer is only busy. Errors about links are told in the log, once for each new reason; all others pass.
    """
    delays = backoff or Backoff()
    told = ""
    while True:
        on_state("connecting")
        problem: LinkError | None = None
        live_since: float | None = None
        try:
            async with connect() as link:
                live_since = trio.current_time()
                on_state("live")
                _log.info("Linked to %s %s.", link.peer.service, link.peer.name or link.peer.id)
                try:
                    await serve(link)
                finally:
                    delays.spread = link.told_spread or 1.0
        except* LinkError as group:
            problem = _first(group)
        if live_since is not None and trio.current_time() - live_since > LIVED:
            delays.reset()
            told = ""
        refused = isinstance(problem, LinkRefused) and problem.code != "busy"
        delay = AFTER_REFUSAL if refused else delays.next()
        reason = str(problem) if problem is not None else "The link was closed."
        _log.log(
            logging.DEBUG if reason == told else logging.WARNING,
            "%s %s Next attempt in %.1f s.",
            "The link was refused." if refused else "The link is down.",
            reason,
            delay,
        )
        told = reason
        on_state("refused" if refused else "away")
        with trio.move_on_after(delay):
            if wake is not None:
                await wake.wait()
            else:
                await trio.sleep_forever()


def _first(group: BaseExceptionGroup[LinkError]) -> LinkError:
    first = group.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first
