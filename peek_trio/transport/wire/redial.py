"""Keeping a link: dial, serve, and when it is lost dial again, with full jitter, for as long as the caller lives.

The backoff is plain arithmetic; `keep_linked` is the loop around it.
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

__all__ = ["Backoff", "LinkState", "Wake", "keep_linked"]

_log = logging.getLogger(__name__)

LinkState = Literal["connecting", "live", "away", "refused"]

LIVED = 10.0
"""Seconds after which a link counts as one that worked: the next delays begin small again."""

AFTER_REFUSAL = 30.0
"""Seconds until the next attempt after a refusal: somebody has to change something first."""


@attrs.define
class Backoff:
    """Delays between attempts: random between `shortest` and a ceiling that doubles with every attempt, up to `longest`.

    The randomness spreads those who lost the same server, so that they do not come back all at once ("full jitter").
    """

    shortest: float = 0.5
    longest: float = 30.0
    random: random.Random = attrs.field(factory=random.Random, repr=False)
    attempts: int = 0

    def next(self) -> float:
        """The seconds to wait before the next attempt."""
        self.attempts += 1
        ceiling = min(self.longest, self.shortest * 2 ** min(self.attempts, 32))
        return self.random.uniform(self.shortest, ceiling)

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
    comes in half a minute. Errors about links are told in the log, once for each new reason; all others pass.
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
                await serve(link)
        except* LinkError as group:
            problem = _first(group)
        if live_since is not None and trio.current_time() - live_since > LIVED:
            delays.reset()
            told = ""
        refused = isinstance(problem, LinkRefused)
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
