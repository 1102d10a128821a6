"""The link from a service to the server: dialled for as long as the service lives, and told of in plain words."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import attrs
import trio

from peek_trio import logs
from peek_trio.config import Address
from peek_trio.nursery.addresses import link_url
from peek_trio.transport import Switchboard
from peek_trio.transport.wire import Hello, Link, Peer, connect_websocket, dial_link, keep_linked
from peek_trio.tuples import TupleRegistry


class Upstream:
    """Keeps `board` linked to the server at `address`."""

    def __init__(self, address: Address, me: Hello, board: Switchboard, registry: TupleRegistry) -> None:
        self._url = link_url(address.host, address.port)
        self._me = me
        self._board = board
        self._registry = registry
        self._is_up = False
        self._came_up = trio.Event()
        self._callbacks: list[Callable[[], None]] = []
        board.on_peers(self._told_of)

    def on_linked(self, callback: Callable[[], None]) -> None:
        """Call `callback` each time the link has come up."""
        self._callbacks.append(callback)

    def is_up(self) -> bool:
        """Whether the server is linked just now."""
        return self._is_up

    async def linked(self, *, within: float) -> bool:
        """Wait for the first link, at most `within` seconds; returns whether it is up now."""
        with trio.move_on_after(within):
            await self._came_up.wait()
        return self._is_up

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Dial, serve, and dial again, until cancelled. Started at once: a server that is away holds nobody up."""
        task_status.started()
        await keep_linked(self._connect, self._serve)

    @asynccontextmanager
    async def _connect(self) -> AsyncIterator[Link]:
        me = attrs.evolve(self._me, schemas=self._registry.hashes())
        async with connect_websocket(self._url) as stream:
            yield await dial_link(stream, me)

    async def _serve(self, link: Link) -> None:
        await self._board.serve_link(link, upstream=True)

    def _told_of(self, peer: Peer, connected: bool) -> None:
        if peer.service != "server":
            return
        self._is_up = connected
        if connected:
            if self._came_up.is_set():
                logs.progress.info("linked to the server again")
            self._came_up.set()
            for callback in self._callbacks:
                callback()
