"""One port for everything: reads the head of a connection's first request and shows it to the websocket or to the HTTP server.

The door owns the connections. None of them can bring it down, none keeps a place without saying within five seconds what it wants, and
those that are no links have so many places and no more (`waiting_room.py`). When the door closes, websockets are told first (1001),
answers in progress are finished, and after three seconds it is shut.
"""

from __future__ import annotations

import logging
import ssl
from collections.abc import Awaitable, Callable, Sequence

import trio

from peek_trio.frontend.accepting import accept_connections
from peek_trio.frontend.hypercorn_guard import Caller
from peek_trio.frontend.prefixed_stream import PrefixedStream
from peek_trio.frontend.request_head import HeadTimeout, HeadTooLarge, RequestHead, read_head
from peek_trio.frontend.seldom import Seldom
from peek_trio.frontend.visitor import Visitor
from peek_trio.frontend.waiting_room import WaitingRoom, network_of

__all__ = ["CLOSE_DEADLINE", "MAX_CONNECTIONS", "VORTEX", "FrontDoor", "plain_answer"]

VORTEX = "/vortex"
"""Where the websocket is."""
CLOSE_DEADLINE = 3.0
"""Seconds that answers in progress have when the door closes."""
LINGER = 1.0
"""Seconds a client has to read the last answer before the connection is cut."""
MAX_CONNECTIONS = 20_000
"""Connections in all: links, and whoever is in the waiting room."""

_MOST_TURNED_AWAY = 64  # at a time, politely; under a flood the others are cut off
_SPARED = 32  # places that are given up when the system has no descriptors left

log = logging.getLogger(__name__)

ServeHttp = Callable[[PrefixedStream, Caller, Callable[[bool], None]], Awaitable[None]]
ServeVortex = Callable[[PrefixedStream, RequestHead, Visitor], Awaitable[None]]


async def _nothing() -> None:
    pass


class FrontDoor:
    """Accepts connections and hands each to `vortex` or to `http`.

    Either is called with the whole stream, from the request's first byte, and returns when it is done with it; the door closes the
    stream. `vortex` gets the head as well, and the visitor, whom it lets in once there is a link; `http` what it tells whether a
    request is open (False) or none (True). `finish` is called when the door begins to close, and should make both return soon.
    """

    def __init__(
        self,
        *,
        vortex: ServeVortex,
        http: ServeHttp,
        finish: Callable[[], Awaitable[None]] = _nothing,
        ssl_context: ssl.SSLContext | None = None,
        max_connections: int = MAX_CONNECTIONS,
        room: WaitingRoom[Visitor] | None = None,
    ) -> None:
        self._vortex = vortex
        self._http = http
        self._finish = finish
        self._ssl_context = ssl_context
        self._max_connections = max_connections
        self._room = room if room is not None else WaitingRoom()
        self._connections = 0
        self._turned_away = 0
        self._unheard: set[Visitor] = set()
        self._door_is_full, self._room_is_full, self._system_is_full = Seldom(), Seldom(), Seldom()

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
                async with trio.open_nursery() as accepting:
                    for listener in listeners:
                        accepting.start_soon(accept_connections, listener, self._receive, connections, self._make_room)
            finally:
                for visitor in list(self._unheard):
                    visitor.dismiss()
                await self._finish()
                connections.cancel_scope.deadline = trio.current_time() + CLOSE_DEADLINE
                closing.set()

    async def _receive(self, socket: trio.SocketStream) -> None:
        """One connection, from its acceptance to its end. Nothing it does gets out of here."""
        if self._connections >= self._max_connections:
            await self._turn_away(socket)
            return
        self._connections += 1
        try:
            visitor = self._visitor(socket)
            with visitor.staying():
                await self._serve(socket, visitor)
        except* (trio.BrokenResourceError, trio.ClosedResourceError, OSError):
            log.debug("A connection broke before it was answered.")
        except* Exception:
            log.exception("A connection ended with a fault; no other is affected.")
        finally:
            self._connections -= 1

    def _visitor(self, socket: trio.SocketStream) -> Visitor:
        peer, local = _address(socket.socket.getpeername()), _address(socket.socket.getsockname())
        visitor = Visitor(Caller(peer, local, bool(self._ssl_context)), socket, self._room)
        dismissed = self._room.enter(visitor, network_of(peer[0]))
        if dismissed is not None:
            dismissed.dismiss()
            if times := self._room_is_full.happened(trio.current_time()):
                log.warning(
                    "Connections are ended to make room for newer ones, %d since this was told last: %d are open that are no "
                    "links. The last one was from %s.",
                    times,
                    len(self._room),
                    dismissed.caller,
                )
        return visitor

    async def _serve(self, socket: trio.SocketStream, visitor: Visitor) -> None:
        self._unheard.add(visitor)
        try:
            stream = await self._encrypt(socket, visitor)
            data = await _head(stream, visitor)
        finally:
            self._unheard.discard(visitor)
        if not data:
            return
        head = RequestHead.parse(data)
        if head.path == VORTEX and head.upgrades_to_websocket:
            await self._vortex(PrefixedStream(data, stream), head, visitor)
        else:
            await self._http(PrefixedStream(data, stream), visitor.caller, visitor.rest)
            await _part(stream)

    async def _encrypt(self, socket: trio.SocketStream, visitor: Visitor) -> trio.abc.Stream:
        if self._ssl_context is None:
            return socket
        stream = trio.SSLStream(socket, self._ssl_context, server_side=True, https_compatible=True)
        with trio.move_on_after(visitor.seconds_left) as handshake:
            await stream.do_handshake()
        if handshake.cancelled_caught:
            raise trio.BrokenResourceError("The TLS handshake did not arrive in time.")
        return stream

    async def _turn_away(self, socket: trio.SocketStream) -> None:
        """There are too many connections. Says so to the client, where that costs no handshake, and to the log."""
        if times := self._door_is_full.happened(trio.current_time()):
            log.warning(
                "Connections are turned away, %d since this was told last: %d are open, as many as there may be.",
                times,
                self._connections,
            )
        if self._ssl_context is not None or self._turned_away >= _MOST_TURNED_AWAY:
            return
        self._turned_away += 1
        try:
            with trio.move_on_after(LINGER):
                await socket.send_all(
                    plain_answer(503, "Service Unavailable", "Too many are connected. Try again later.")
                )
                await _part(socket)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            log.debug("A connection that was turned away did not wait for the answer.")
        finally:
            self._turned_away -= 1

    def _make_room(self, missing: str) -> None:
        spared = [visitor for _ in range(_SPARED) if (visitor := self._room.give_up()) is not None]
        for visitor in spared:
            visitor.dismiss()
        if self._system_is_full.happened(trio.current_time()):
            log.error(
                "No connection can be accepted (%s); %d are open here, %d of them were ended to make room. "
                "Raise the limit of open files of this service.",
                missing,
                self._connections,
                len(spared),
            )


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


async def _head(stream: trio.abc.Stream, visitor: Visitor) -> bytes:
    """What the client sent up to the end of its first head; empty when that was not to be had, and the client has been told why."""
    try:
        return await read_head(stream, within=visitor.seconds_left)
    except HeadTooLarge:
        answer = plain_answer(431, "Request Header Fields Too Large", "The head of the request is too long.")
    except HeadTimeout as late:
        answer = b""
        if late.received:
            answer = plain_answer(408, "Request Timeout", "The request did not arrive in time.")
    with trio.move_on_after(LINGER):
        if answer:
            await stream.send_all(answer)
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
