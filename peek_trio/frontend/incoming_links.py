"""The links that came in through one port, so that they can be told when it closes."""

from __future__ import annotations

from peek_trio.transport import Switchboard
from peek_trio.transport.wire import Hello, Link, spread_of

__all__ = ["IncomingLinks"]

_GOING_AWAY = 1001


class IncomingLinks:
    """Hands links to `board` and remembers them while they are open."""

    def __init__(self, board: Switchboard) -> None:
        self._board = board
        self._open: set[Link] = set()
        self._finishing = False

    @property
    def me(self) -> Hello:
        """How the service introduces itself to whoever links to it."""
        return self._board.me

    def spread(self) -> float:
        """Over how many seconds those who are linked should return when this service is lost."""
        return spread_of(len(self._open))

    async def serve(self, link: Link) -> None:
        """Serve the link until it is lost; then raises LinkLost."""
        self._open.add(link)
        if self._finishing:
            self._say_goodbye(link)
        try:
            await self._board.serve_link(link)
        finally:
            self._open.discard(link)

    def finish(self) -> None:
        """Close every link, and each that is still to come, with 1001: the peer knows that it may dial again."""
        self._finishing = True
        for link in list(self._open):
            self._say_goodbye(link)

    def _say_goodbye(self, link: Link) -> None:
        link.close(_GOING_AWAY, "The service is stopping.")
