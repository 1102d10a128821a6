"""A connection that is no link yet, with the place it has in the waiting room and the seconds it has left to say what it wants."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import trio

from peek_trio.frontend.hypercorn_guard import Caller
from peek_trio.frontend.waiting_room import WaitingRoom

__all__ = ["PATIENCE", "Visitor"]

PATIENCE = 5.0
"""Seconds from connecting until a client must have sent the head of its request, and for a websocket its hello as well."""


class Visitor:
    """Who has connected to the front door and holds a place in its waiting room.

    `caller` is who that is, `heard` whether the head of a request has come.
    """

    def __init__(self, caller: Caller, socket: trio.SocketStream, room: WaitingRoom[Visitor]) -> None:
        self.caller = caller
        self.heard = False
        self._socket = socket
        self._room = room
        self._until = trio.current_time() + PATIENCE
        self._stay = trio.CancelScope()
        self._busy = False

    @contextmanager
    def staying(self) -> Iterator[None]:
        """Within, the visitor is served, unless he is dismissed: then the block is cancelled, and left as if it had ended."""
        try:
            with self._stay:
                yield
        finally:
            self._room.leave(self)

    @property
    def seconds_left(self) -> float:
        """What is left of the client's `PATIENCE` seconds."""
        return max(0.0, self._until - trio.current_time())

    def let_in(self) -> None:
        """The visitor has become a link, and nobody can dismiss him any more."""
        self._room.leave(self)

    def rest(self, idle: bool) -> None:
        """The visitor has no request open from now on (`idle`), or one that is being answered."""
        self._busy = not idle
        self._room.rest(self, idle)

    def dismiss(self) -> None:
        """Ends the connection: its place is needed."""
        self._stay.cancel()
        if self._busy:
            self._socket.socket.close()  # an answer that is not taken would hold on to it for a while yet
