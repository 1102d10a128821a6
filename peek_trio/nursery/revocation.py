"""Ends what hangs on a session when the session ends: links to the server at once, links to client services by telling them."""

import logging

import trio

from peek_trio.errors import CallError
from peek_trio.nursery.platform_contracts import sessions_ended
from peek_trio.transport import Switchboard

logger = logging.getLogger(__name__)

MOST_PENDING = 1000
_RECONNECT = 1012


class Revocations:
    """Takes the names of people whose sessions ended. A client service that cannot be told finds out within minutes."""

    def __init__(self, board: Switchboard) -> None:
        self._board = board
        self._send, self._names = trio.open_memory_channel[str](MOST_PENDING)

    def revoked(self, name: str) -> None:
        """One of this person's sessions ended, or what they may do has changed."""
        self._board.disconnect(
            lambda peer: peer.principal.kind == "person" and peer.principal.name == name,
            _RECONNECT,
            "What you may do has changed; connecting anew.",
        )
        try:
            self._send.send_nowait(name)
        except trio.WouldBlock:
            logger.warning("Client services learn only later that sessions of %s have ended: too many at once.", name)

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Tell the client services, until cancelled."""
        task_status.started()
        async for name in self._names:
            async with trio.open_nursery() as nursery:
                for peer in self._board.peers():
                    if peer.service == "client" and peer.principal.kind == "service":
                        nursery.start_soon(self._tell, peer.id, name)

    async def _tell(self, client: str, name: str) -> None:
        try:
            await self._board.caller(sessions_ended, to=client, timeout=10)(name)
        except CallError as error:
            logger.info("The client service %s was not told that sessions of %s have ended: %s", client, name, error)
