"""Which links hang on which session, so that a session's end is the end of its links too.

A sign-out on this site ends them at once. What happens elsewhere, an expired session, a person removed, roles that changed, is found by
asking again once a minute. A new link's session is asked about once more right away: it may have ended while the link was welcomed, when
there was no link yet that whoever ended it could have closed.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import trio

from peek_trio.errors import PeekError
from peek_trio.security import Principal, SessionAuthority
from peek_trio.transport.wire import Link

__all__ = ["CHECK_INTERVAL", "MOST_LINKS", "LiveSessions"]

CHECK_INTERVAL = 60.0
"""Seconds between two questions whether the sessions with open links still hold."""

MOST_LINKS = 50
"""Links of one session: as many pages as one browser may have open at a time."""

_REFUSED, _RESTART = 1008, 1012

log = logging.getLogger(__name__)


class LiveSessions:
    """The sessions of one site that have open links."""

    def __init__(self, authority: SessionAuthority) -> None:
        self._authority = authority
        self._links: dict[str, set[Link]] = {}
        self._due: set[str] = set()
        self._something_due = trio.Event()

    @contextmanager
    def hold(self, token: str, link: Link) -> Iterator[None]:
        """Within, `link` hangs on the session of `token`."""
        links = self._links.setdefault(token, set())
        links.add(link)
        self._check_soon(token)
        try:
            yield
        finally:
            links.discard(link)
            if not links and self._links.get(token) is links:
                del self._links[token]

    def is_full(self, token: str) -> bool:
        """Whether the session has as many links as it may."""
        return len(self._links.get(token, ())) >= MOST_LINKS

    def end(self, token: str, reason: str) -> int:
        """Close the links of the session with `reason`. Gives how many there were."""
        return self._close(token, _REFUSED, reason)

    def check_soon(self) -> None:
        """Ask about all sessions now instead of within the minute."""
        self._check_soon(*self._links)

    async def watch(self) -> None:
        """Ask about the sessions regularly and close the links of those that have ended or mean somebody else now."""
        next_round = trio.current_time() + CHECK_INTERVAL
        while True:
            with trio.move_on_at(next_round):
                await self._something_due.wait()
            if trio.current_time() >= next_round:
                next_round += CHECK_INTERVAL
                self.check_soon()
            self._something_due = trio.Event()
            due, self._due = self._due, set()
            for token in due:
                if token in self._links:
                    await self._check_one(token)

    def _check_soon(self, *tokens: str) -> None:
        self._due.update(tokens)
        self._something_due.set()

    async def _check_one(self, token: str) -> None:
        try:
            principal = await self._authority.resolve(token)
        except PeekError as error:
            # Nobody is sent away because the one who knows cannot be asked.
            log.debug("A session could not be checked: %s", error)
            return
        if principal is None:
            self._close(token, _REFUSED, "Your session has ended. Sign in again.")
        elif any(link.peer.principal != principal for link in self._links.get(token, ())):
            self._close_changed(token, principal)

    def _close_changed(self, token: str, principal: Principal) -> None:
        for link in list(self._links.get(token, ())):
            if link.peer.principal != principal:
                link.close(_RESTART, "What you may do has changed; connecting anew.")

    def _close(self, token: str, code: int, reason: str) -> int:
        links = list(self._links.get(token, ()))
        for link in links:
            link.close(code, reason)
        return len(links)
