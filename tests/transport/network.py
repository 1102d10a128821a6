"""Switchboards of a test, linked over memory or over real websockets."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

import attrs
import trio

from peek_trio.errors import LinkLost
from peek_trio.security import Principal
from peek_trio.transport import Switchboard
from peek_trio.transport.wire import (
    Hello,
    Link,
    MessageStream,
    accept_link,
    accept_websocket,
    connect_websocket,
    dial_link,
    memory_stream_pair,
)
from peek_trio.tuples import TupleRegistry, tuple_type

JOE = Principal("person", "joe", roles=frozenset({"operator"}))
ANN = Principal("person", "ann", roles=frozenset({"operator"}))
ADMIN = Principal("person", "root", roles=frozenset({"admin"}))


@tuple_type("test.Reading")
@attrs.frozen
class Reading:
    """A row that is observed."""

    meter: str
    value: int


@tuple_type("test.SetValue")
@attrs.frozen
class SetValue:
    """An action."""

    meter: str
    value: int


class Connection:
    """A link between two boards, as a test holds it."""

    def __init__(self) -> None:
        self.upper: Link
        self.lower: Link
        self.lost_by_upper = trio.Event()
        self.lost_by_lower = trio.Event()
        self.reason = ""

    async def cut(self) -> None:
        """Ends the link and waits until both boards know."""
        self.upper.close(1001, "the test cut it")
        with trio.fail_after(5):
            await self.lost_by_upper.wait()
            await self.lost_by_lower.wait()


class Network:
    """Makes boards that run, and links between them."""

    def __init__(self, nursery: trio.Nursery, transport: str = "memory") -> None:
        self._nursery = nursery
        self._transport = transport

    async def board(self, service: str, id: str | None = None) -> Switchboard:
        """A running switchboard with a registry of its own."""
        registry = TupleRegistry()
        for cls in (Reading, SetValue):
            registry.add(cls, owner="test")
        me = Hello(service, id or f"{service}-1")
        board = Switchboard(me, registry, principal=Principal.for_service(service, me.id))
        await self._nursery.start(board.run)
        return board

    async def link(self, upper: Switchboard, lower: Switchboard, principal: Principal | None = None) -> Connection:
        """Links `lower` to `upper`, which takes it for `principal`, by default the service it says it is."""
        connection = Connection()
        accepted = trio.Event()

        async def admit(hello: Hello) -> Principal:
            return principal or Principal.for_service(hello.service, hello.id)

        async def accept(stream: MessageStream) -> None:
            connection.upper = await accept_link(stream, upper.me, admit)
            accepted.set()
            await self._serve(connection, upper, connection.upper, connection.lost_by_upper, upstream=False)

        async def dial(stream: MessageStream, *, task_status: trio.TaskStatus[None]) -> None:
            connection.lower = await dial_link(stream, lower.me)
            task_status.started()
            await self._serve(connection, lower, connection.lower, connection.lost_by_lower, upstream=True)

        if self._transport == "memory":
            ours, theirs = memory_stream_pair()
            self._nursery.start_soon(accept, ours)
            await self._nursery.start(lambda task_status: dial(theirs, task_status=task_status))
        else:
            port = await self._listen(accept)

            async def dial_websocket(task_status: trio.TaskStatus[None]) -> None:
                async with connect_websocket(f"ws://127.0.0.1:{port}/vortex") as stream:
                    await dial(stream, task_status=task_status)

            await self._nursery.start(dial_websocket)
        with trio.fail_after(5):
            await accepted.wait()
            while not (upper.peers() and lower.peers()):
                await trio.lowlevel.checkpoint()
        return connection

    async def _listen(self, accept: Callable[[MessageStream], Awaitable[None]]) -> int:
        async def serve(socket: trio.SocketStream) -> None:
            async with accept_websocket(socket, allowed_origins=lambda origin: True) as stream:
                await accept(stream)

        listeners = await self._nursery.start(partial(trio.serve_tcp, serve, 0, host="127.0.0.1"))
        port: int = listeners[0].socket.getsockname()[1]
        return port

    async def _serve(
        self, connection: Connection, board: Switchboard, link: Link, lost: trio.Event, *, upstream: bool
    ) -> None:
        try:
            await board.serve_link(link, upstream=upstream)
        except LinkLost as error:
            connection.reason = str(error)
        finally:
            lost.set()
