"""Devices that write in a ledger as pages do: an outbox for each, that sends an action again and again until it is answered for good."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial

import trio

from peek_trio.errors import DeadlineExceeded, LinkError, LinkLost
from peek_trio.security import Principal
from peek_trio.transport import Switchboard
from peek_trio.transport.wire import Hello, accept_link, accept_websocket, connect_websocket, dial_link
from peek_trio.tuples import TupleRegistry
from tests.faults.actions.ledger import Line, Write, WritePlainly

ACK_WITHIN = 5.0
"""Seconds after which an action without an answer is sent again."""


def board_of(kind: str, name: str) -> Switchboard:
    """A switchboard for a service or a device."""
    principal = Principal("person", name) if kind == "device" else Principal.for_service(kind, name)
    return Switchboard(Hello(kind, name), TupleRegistry(), principal=principal)


@asynccontextmanager
async def listening(board: Switchboard) -> AsyncIterator[int]:
    """Takes links for `board` on a real socket for the block; gives the port. Whoever dials is believed."""

    async def admit(hello: Hello) -> Principal:
        return (
            Principal("person", hello.id)
            if hello.service == "device"
            else Principal.for_service(hello.service, hello.id)
        )

    async def link(socket: trio.SocketStream) -> None:
        try:
            async with accept_websocket(socket, allowed_origins=lambda origin: True) as stream:
                await board.serve_link(await accept_link(stream, board.me, admit))
        except (LinkLost, LinkError, OSError, trio.BrokenResourceError):
            return

    async with trio.open_nursery() as nursery:
        await nursery.start(board.run)
        listeners = await nursery.start(partial(trio.serve_tcp, link, 0, host="127.0.0.1"))
        yield listeners[0].socket.getsockname()[1]
        nursery.cancel_scope.cancel()


async def keep_dialling(board: Switchboard, port: int, linked: Callable[[bool], None] = lambda up: None) -> None:
    """Links `board` to whoever listens on `port`, again and again and with little patience."""
    while True:
        try:
            async with connect_websocket(f"ws://127.0.0.1:{port}/vortex") as stream:
                link = await dial_link(stream, board.me)
                linked(True)
                await board.serve_link(link, upstream=True)
        except (LinkLost, LinkError, OSError, trio.BrokenResourceError):
            linked(False)
        await trio.sleep(0.02)


class TappingDevice:
    """A device with some order keys, each of which writes its numbers one after the other. `acknowledged` is what it was told is done."""

    def __init__(self, name: str, rng: random.Random) -> None:
        self.name = name
        self.acknowledged: list[Line] = []
        self.sent = 0
        """How often an action was sent, resends included."""
        self.repeated = 0
        """How many were answered from a receipt."""
        self._board = board_of("device", name)
        self._random = rng
        self._linked = trio.Event()

    async def write(self, port: int, keys: int, count: int) -> None:
        """Writes `count` numbers for each of so many keys; returns when all of them are acknowledged."""
        async with trio.open_nursery() as nursery:
            await nursery.start(self._board.run)
            nursery.start_soon(keep_dialling, self._board, port, self._changed)
            async with trio.open_nursery() as lanes:
                for key in range(keys):
                    lanes.start_soon(self._lane, f"key {key}", count)
            nursery.cancel_scope.cancel()

    async def _lane(self, key: str, count: int) -> None:
        for number in range(1, count + 1):
            kind = self._random.choice((Write, WritePlainly))
            await self._until_answered(kind(self.name, key, number), key)
            self.acknowledged.append((self.name, key, number))

    async def _until_answered(self, action: Write, key: str) -> None:
        request = self._board.request(action, key=key)
        while True:
            await self._linked.wait()
            self.sent += 1
            try:
                result = await self._board.send(request, timeout=ACK_WITHIN)
            except DeadlineExceeded:
                continue  # perhaps it was applied, and perhaps not: its receipt knows
            if result.status == "applied":
                assert result.missing is None, (action, result)
                self.repeated += result.repeated
                return
            assert result.status == "retry", (action, result)
            await trio.sleep(0.02)

    def _changed(self, up: bool) -> None:
        if up:
            self._linked.set()
        elif self._linked.is_set():
            self._linked = trio.Event()
