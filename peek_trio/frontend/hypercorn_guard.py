"""HTTP/1.1 by Hypercorn's protocol, under a driver of ours that keeps every wait within a deadline and every fault within its connection.

Hypercorn's own TCP server lets one client's nonsense end the whole server, never closes an idle connection under Quart-Trio, sends
without a deadline, and stands still for good when an application answers without reading a long body. This driver keeps Hypercorn's
protocol and replaces what moves the bytes.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any

import attrs
import h11
import trio
from hypercorn.app_wrappers import ASGIWrapper
from hypercorn.config import Config
from hypercorn.events import Closed, Event, RawData, Updated
from hypercorn.protocol.h11 import H11Protocol
from hypercorn.trio.task_group import TaskGroup
from hypercorn.trio.worker_context import WorkerContext
from hypercorn.typing import ConnectionState

from peek_trio.frontend.asgi import App, Header

__all__ = ["BODY_DEADLINE", "IDLE_DEADLINE", "SEND_DEADLINE", "Caller", "HttpServer"]

IDLE_DEADLINE = 30.0
"""Seconds a connection may stay open without a request."""
BODY_DEADLINE = 30.0
"""Seconds between two pieces of a request's body."""
SEND_DEADLINE = 60.0
"""Seconds for one piece of an answer to be taken by the client."""
LEAVE_DEADLINE = 10.0
"""Seconds an application may go on after its client has left."""

_RECEIVE_SIZE = 64 * 1024
_TO_NOBODY = 0.1  # seconds that it takes to send something to a client that has left

log = logging.getLogger(__name__)


@attrs.frozen
class Caller:
    """The two ends of a connection: the client's address, ours, and whether TLS is between them."""

    client: tuple[str, int]
    local: tuple[str, int]
    tls: bool = False

    def __str__(self) -> str:
        return f"{self.client[0]}:{self.client[1]}"


class HttpServer:
    """Serves one ASGI application on connections that somebody else accepts.

    `headers` gives what is added to every answer, Hypercorn's own error answers included.
    """

    def __init__(self, app: App, headers: Callable[[], Sequence[Header]]) -> None:
        self.app = ASGIWrapper(app)  # type: ignore[arg-type]  # Hypercorn spells every ASGI message as its own TypedDict
        self.config = _Config(headers)
        self.context = WorkerContext(None)
        self._connections: set[_Connection] = set()

    async def serve(
        self, stream: trio.abc.Stream, caller: Caller, rest: Callable[[bool], None] = lambda idle: None
    ) -> None:
        """Answer the requests of one connection until either side has had enough. Does not close the stream.

        `rest` is told when a request begins (False) and when there is none any more (True).
        """
        connection = _Connection(self, stream, caller, rest)
        self._connections.add(connection)
        try:
            await connection.run()
        except* (trio.BrokenResourceError, trio.ClosedResourceError, OSError):
            log.debug("The connection from %s broke.", caller)
        except* Exception as errors:
            # What a client can provoke in the protocol concerns that client only.
            log.info("The connection from %s was ended: %s", caller, _first_sentence(errors))
            log.debug("What ended it:", exc_info=True)
        finally:
            self._connections.discard(connection)

    async def finish(self) -> None:
        """Take no further request: idle connections end now, the others after the answer in progress."""
        await self.context.terminated.set()
        for connection in list(self._connections):
            connection.end_if_idle()


class _Config(Config):
    """Hypercorn's settings, with the headers for every answer in the one place Hypercorn asks for them each time."""

    def __init__(self, headers: Callable[[], Sequence[Header]]) -> None:
        self._headers = headers
        self.include_server_header = False
        self.errorlog = log
        self.accesslog = None
        self.keep_alive_max_requests = 1_000_000

    def response_headers(self, protocol: str) -> list[Header]:
        return [*super().response_headers(protocol), *self._headers()]


class _Connection:
    """Moves the bytes of one connection between its stream and Hypercorn's protocol."""

    def __init__(
        self, server: HttpServer, stream: trio.abc.Stream, caller: Caller, rest: Callable[[bool], None]
    ) -> None:
        self._server = server
        self._stream = stream
        self._caller = caller
        self._rest = rest
        self._reading = trio.CancelScope()
        self._sending = trio.Lock()
        self._idle = True
        self._lost = False

    async def run(self) -> None:
        server, caller = self._server, self._caller
        async with trio.open_nursery() as nursery:
            protocol = _Http1(
                server.app,
                server.config,
                server.context,
                _RequestTasks(nursery),
                ConnectionState({}),
                caller.tls,
                caller.client,
                caller.local,
                self._take,
            )
            self._reading.deadline = trio.current_time() + IDLE_DEADLINE
            with self._reading:
                await self._read(protocol)
            nursery.cancel_scope.deadline = trio.current_time() + LEAVE_DEADLINE
            await protocol.handle(Closed())

    def end_if_idle(self) -> None:
        if self._idle:
            self._reading.cancel()

    async def _read(self, protocol: H11Protocol) -> None:
        while True:
            if not self._idle:
                sending_body = protocol.connection.their_state is h11.SEND_BODY
                self._reading.deadline = trio.current_time() + BODY_DEADLINE if sending_body else math.inf
            data = await self._stream.receive_some(_RECEIVE_SIZE)
            if not self._idle:
                self._reading.deadline = math.inf  # from here on it is the application that takes its time
            await protocol.handle(RawData(bytes(data)))
            if not data:
                return

    async def _take(self, event: Event) -> None:
        """What the protocol wants done. Called from the reader and from the applications' tasks."""
        match event:
            case RawData(data=data):
                await self._send(data)
            case Closed():
                self._reading.cancel()
            case Updated(idle=idle):
                self._idle = idle
                self._rest(idle)
                self._reading.deadline = trio.current_time() + IDLE_DEADLINE if idle else math.inf

    async def _send(self, data: bytes) -> None:
        if self._lost:
            await trio.sleep(_TO_NOBODY)  # an application that only ever sends must notice that it is cancelled
            return
        # Shielded because Quart cancels a handler as soon as its answer is complete, which may be in the midst of sending it.
        with trio.move_on_after(SEND_DEADLINE, shield=True) as sending:
            async with self._sending:
                try:
                    await self._stream.send_all(data)
                except (trio.BrokenResourceError, trio.ClosedResourceError):
                    self._lose()
        if sending.cancelled_caught:
            log.info("%s took nothing of an answer for %g s and was dropped.", self._caller, SEND_DEADLINE)
            self._lose()

    def _lose(self) -> None:
        self._lost = True
        self._reading.cancel()


class _Http1(H11Protocol):
    """HTTP/1.1 and nothing else: a wish for another protocol is not heard, and the request is answered like any other.

    The websocket is served elsewhere, and HTTP/2 without TLS is a faster way to ask for too much.
    """

    async def _check_protocol(self, event: h11.Request) -> None:
        pass

    async def _create_stream(self, request: h11.Request) -> None:
        names = {name for name, _ in request.headers}
        if names >= {b"content-length", b"transfer-encoding"}:
            # Two lengths: what is in front of us may have read the other one, and taken the rest for another's request.
            await self._send_error_response(400)
            await self.send(Closed())
            return
        headers = [(name, value) for name, value in request.headers if name != b"upgrade"]
        plain = h11.Request(
            method=request.method, target=request.target, headers=headers, http_version=request.http_version
        )
        await super()._create_stream(plain)


class _RequestTasks(TaskGroup):
    """The tasks of one connection's applications. An application that has left or does not listen holds nobody up."""

    def __init__(self, nursery: trio.Nursery) -> None:
        super().__init__()
        self._nursery: trio.Nursery = nursery

    async def spawn_app(self, app: Any, config: Config, scope: Any, send: Any) -> Callable[[Any], Awaitable[None]]:
        outbox, inbox = trio.open_memory_channel[Any](config.max_app_queue_size)
        farewell = {"type": f"{scope['type']}.disconnect"}

        async def put(message: Any) -> None:
            if message["type"] == farewell["type"]:
                farewell.update(message)
                outbox.close()
                return
            with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
                await outbox.send(message)

        async def receive() -> Any:
            try:
                return await inbox.receive()
            except trio.EndOfChannel:
                return farewell

        async def run() -> None:
            with inbox:
                try:
                    await app(scope, receive, send, trio.to_thread.run_sync, trio.from_thread.run)
                except* Exception:
                    log.exception("%s %s failed.", scope.get("method", "Websocket"), scope["path"])
                finally:
                    await send(None)

        self._nursery.start_soon(run)
        return put


def _first_sentence(errors: BaseExceptionGroup[Exception]) -> str:
    error: BaseException = errors
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
