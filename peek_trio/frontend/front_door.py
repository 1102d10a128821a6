"""One port for everything: reads the head of a connection's first request and shows it to the websocket or to the HTTP server.

The door owns the connections. None of them can bring it down, none gets past without having said what it wants within ten seconds, and
when the door closes, websockets are told first (1001), answers in progress are finished, and after three seconds it is shut.
"""

from __future__ import annotations

import logging
import ssl
from collections.abc import Awaitable, Callable, Sequence

import trio

from peek_trio.frontend.hypercorn_guard import Caller
from peek_trio.frontend.prefixed_stream import PrefixedStream
from peek_trio.frontend.request_head import HEAD_DEADLINE, HeadTimeout, HeadTooLarge, RequestHead, read_head

__all__ = ["CLOSE_DEADLINE", "VORTEX", "FrontDoor", "plain_answer"]

VORTEX = "/vortex"
"""Where the websocket is."""
CLOSE_DEADLINE = 3.0
"""Seconds that answers in progress have when the door closes."""
LINGER = 1.0
"""Seconds a client has to read the last answer before the connection is cut."""
MAX_CONNECTIONS = 20_000

log = logging.getLogger(__name__)

ServeHttp = Callable[[PrefixedStream, Caller], Awaitable[None]]
ServeVortex = Callable[[PrefixedStream, Caller, RequestHead], Awaitable[None]]


async def _nothing() -> None:
    pass


class FrontDoor:
    """Accepts connections and hands each to `vortex` or to `http`.

    Either is called with the whole stream, from the request's first byte (`vortex` with the head as well), and returns when it is done
    with it; the door closes the stream. `finish` is called when the door begins to close, and should make both return soon.
    """

    def __init__(
        self,
        *,
        vortex: ServeVortex,
        http: ServeHttp,
        finish: Callable[[], Awaitable[None]] = _nothing,
        ssl_context: ssl.SSLContext | None = None,
        max_connections: int = MAX_CONNECTIONS,
    ) -> None:
        self._vortex = vortex
        self._http = http
        self._finish = finish
        self._ssl_context = ssl_context
        self._max_connections = max_connections
        self._connections = 0
        self._waiting: set[trio.CancelScope] = set()

    @property
    def connections(self) -> int:
        """How many connections are open."""
        return self._connections

    async def run(self, listeners: Sequence[trio.SocketListener]) -> None:
        """Serve until cancelled, then close as the module says."""
        async with trio.open_nursery() as nursery:
            closing = trio.Event()
            connections: trio.Nursery = await nursery.start(_hold_open, closing)
            try:
                await trio.serve_listeners(self._receive, list(listeners), handler_nursery=connections)
            finally:
                for waiting in list(self._waiting):
                    waiting.cancel()
                await self._finish()
                connections.cancel_scope.deadline = trio.current_time() + CLOSE_DEADLINE
                closing.set()

    async def _receive(self, socket: trio.SocketStream) -> None:
        """One connection, from its acceptance to its end. Nothing it does gets out of here."""
        if self._connections >= self._max_connections:
            log.warning("A connection was turned away: %d are open already.", self._connections)
            return
        self._connections += 1
        try:
            caller = Caller(
                _address(socket.socket.getpeername()), _address(socket.socket.getsockname()), bool(self._ssl_context)
            )
            await self._welcome(socket, caller)
        except* (trio.BrokenResourceError, trio.ClosedResourceError, OSError):
            log.debug("A connection broke before it was answered.")
        except* Exception:
            log.exception("A connection ended with a fault; no other is affected.")
        finally:
            self._connections -= 1

    async def _welcome(self, socket: trio.SocketStream, caller: Caller) -> None:
        with trio.CancelScope() as waiting:
            self._waiting.add(waiting)
            try:
                stream = await self._encrypt(socket)
                data = await _head(stream)
            finally:
                self._waiting.discard(waiting)
        if waiting.cancelled_caught or not data:
            return
        head = RequestHead.parse(data)
        if head.path == VORTEX and head.upgrades_to_websocket:
            await self._vortex(PrefixedStream(data, stream), caller, head)
        else:
            await self._http(PrefixedStream(data, stream), caller)
            await _part(stream)

    async def _encrypt(self, socket: trio.SocketStream) -> trio.abc.Stream:
        if self._ssl_context is None:
            return socket
        stream = trio.SSLStream(socket, self._ssl_context, server_side=True, https_compatible=True)
        with trio.move_on_after(HEAD_DEADLINE) as handshake:
            await stream.do_handshake()
        if handshake.cancelled_caught:
            raise trio.BrokenResourceError("The TLS handshake did not arrive in time.")
        return stream


def plain_answer(status: int, phrase: str, sentence: str) -> bytes:
    """A whole HTTP answer that says one sentence and closes the connection, for where no HTTP server is at hand."""
    body = f"{sentence}\n".encode()
    head = (
        f"HTTP/1.1 {status} {phrase}\r\n"
        "Content-Type: text/plain; charset=utf-8\r\n"
        f"Content-Length: {len(body)}\r\n"
        "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n"
        "X-Content-Type-Options: nosniff\r\n"
        "Cache-Control: no-store\r\n"
        "Connection: close\r\n\r\n"
    )
    return head.encode("ascii") + body


async def _head(stream: trio.abc.Stream) -> bytes:
    """What the client sent up to the end of its first head; empty when that was not to be had, and the client has been told why."""
    try:
        return await read_head(stream)
    except HeadTooLarge:
        await stream.send_all(
            plain_answer(431, "Request Header Fields Too Large", "The head of the request is too long.")
        )
    except HeadTimeout as late:
        if late.received:
            await stream.send_all(plain_answer(408, "Request Timeout", "The request did not arrive in time."))
    await _part(stream)
    return b""


async def _hold_open(
    closing: trio.Event, task_status: trio.TaskStatus[trio.Nursery] = trio.TASK_STATUS_IGNORED
) -> None:
    """A nursery for connections that outlives the cancellation of whoever accepts them, until `closing` and its own deadline."""
    with trio.CancelScope(shield=True):
        async with trio.open_nursery() as connections:
            task_status.started(connections)
            await closing.wait()


async def _part(stream: trio.abc.Stream) -> None:
    """Say that no more will come, and give the client a moment to read what did: cutting at once could destroy the last answer."""
    with trio.move_on_after(LINGER):
        if isinstance(stream, trio.abc.HalfCloseableStream):
            await stream.send_eof()
        while await stream.receive_some(64 * 1024):
            pass


def _address(name: tuple[str, int] | tuple[str, int, int, int]) -> tuple[str, int]:
    return name[0], name[1]
