"""Websockets as message streams: trio-websocket with a guard around it, for both ends.

trio-websocket starts a reader of its own for every connection. Bytes from outside can make that reader raise (a ping that arrives after
a close does), an idle handshake would live for a minute, and a send cut short leaves half a frame behind. Here the reader's faults end
their own connection and nothing else, every step has a deadline, and the socket is closed in the end whatever happened.
"""

from __future__ import annotations

import logging
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TypeVar, cast

import trio
from trio_websocket import (
    ConnectionClosed,
    ConnectionRejected,
    WebSocketConnection,
    WebSocketRequest,
    wrap_client_stream,
    wrap_server_stream,
)
from wsproto.utilities import LocalProtocolError

from peek_trio.errors import FrameError, LinkLost
from peek_trio.transport.wire.dialling import WebSocketAddress, open_stream
from peek_trio.transport.wire.limits import Limits
from peek_trio.transport.wire.line import Line, framed

__all__ = ["WebSocketStream", "accept_websocket", "connect_websocket"]

_log = logging.getLogger(__name__)

_T = TypeVar("_T")

HANDSHAKE_WITHIN = 5.0
CONNECT_WITHIN = 10.0
CLOSE_WITHIN = 1.0

_MESSAGE_QUEUE = 16  # with fewer, trio-websocket's reader waits for us before it answers a ping or a close
_RECEIVE_BYTES = 64 * 1024
_LONGEST_REASON = 123  # bytes that a close frame has room for
_UNSENDABLE = {1005, 1006, 1015}  # codes that say "there was no close frame"


class WebSocketStream:
    """One end of a websocket, as a `MessageStream` of binary messages.

    `headers` are those of the upgrade request, by lower-case name (on the accepting end), and `path` is what it asked for.
    """

    def __init__(
        self,
        connection: WebSocketConnection,
        line: Line,
        reader: _Reader,
        *,
        path: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.path = path
        self.headers: Mapping[str, str] = headers or {}
        self._connection = connection
        self._line = line
        self._reader = reader
        self._masks = connection.is_client
        line.settle()

    def begin(self, parts: Sequence[bytes]) -> bool:
        """Takes one binary message; as much of it as the socket has room for leaves at once, or none when the connection is TLS."""
        if self._line.cut_short:
            raise LinkLost("A message was cut short, so the link cannot go on.")
        if self._connection.closed is not None:
            raise self._lost()
        try:
            return self._line.begin(framed(parts, masked=self._masks))
        except trio.BrokenResourceError:
            raise self._lost() from None

    async def flush(self) -> None:
        """Sends the rest of a message. Cancelled, it leaves half a message behind: nothing more can be sent after it."""
        try:
            await self._line.flush()
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            raise self._lost() from None

    async def send(self, data: bytes) -> None:
        """Sends one binary message."""
        if self.begin([data]):
            await trio.lowlevel.checkpoint()
        else:
            await self.flush()

    async def receive(self) -> bytes:
        """The next binary message. Raises FrameError (1003) for one that is text."""
        try:
            message = await self._connection.get_message()
        except ConnectionClosed:
            raise self._lost() from None
        if isinstance(message, str):
            raise FrameError("Messages are binary; this one was text.", close_code=1003)
        return message

    async def aclose(self, code: int = 1000, reason: str = "") -> None:
        """Says goodbye if that is still possible, for at most a second, and closes the socket."""
        with trio.CancelScope(shield=True, deadline=trio.current_time() + CLOSE_WITHIN):
            try:
                if self._reader.ended:
                    await self._let_peer_read()
                elif not self._line.cut_short and code not in _UNSENDABLE:
                    await self._connection.aclose(code, _fitting(reason))
            except (ConnectionClosed, LocalProtocolError, trio.BrokenResourceError, trio.ClosedResourceError):
                pass  # gone while we said goodbye
        await _close_socket(self._line)

    async def _let_peer_read(self) -> None:
        """After a message that was too large: the peer is still sending it, and a socket closed meanwhile would lose our reason."""
        closed = self._connection.closed
        if closed is not None and closed.code == 1009:
            while await self._line.receive_some(_RECEIVE_BYTES):
                pass

    def _lost(self) -> LinkLost:
        closed = self._connection.closed
        if closed is None:
            return LinkLost("The connection broke.")
        return LinkLost(closed.reason or _MEANINGS.get(closed.code, "The other side ended the link."), code=closed.code)


_MEANINGS = {
    1000: "The other side ended the link.",
    1001: "The other side is stopping.",
    1006: "The connection was lost.",
    1009: "A message was larger than the other side takes.",
    1011: "The other side has an internal fault.",
    1012: "The other side restarts.",
    1013: "This end takes too long to receive.",
}


@asynccontextmanager
async def accept_websocket(
    stream: trio.abc.Stream,
    *,
    allowed_origins: Callable[[str | None], bool],
    limits: Limits = Limits.DEVICE,
) -> AsyncIterator[WebSocketStream]:
    """Completes a websocket handshake on a connection that somebody has made, and closes the connection at the end of the block.

    `allowed_origins` sees the Origin header (None when there is none, as from services) before anything is accepted; when it says no,
    the browser gets a 403 with a sentence. Raises LinkLost when there is no websocket after 5 s, for whatever reason: a caller that
    contains LinkError contains everything that a peer can do.
    """
    async with _connection(stream) as (reader, line):
        request = await reader.until_done(
            lambda: wrap_server_stream(
                reader.nursery,
                line,
                message_queue_size=_MESSAGE_QUEUE,
                max_message_size=limits.message,
                receive_buffer_size=_RECEIVE_BYTES,
            ),
            within=HANDSHAKE_WITHIN,
            failed="The peer did not complete a websocket handshake",
        )
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in request.headers}
        origin = headers.get("origin")
        if not allowed_origins(origin):
            sentence = f"Pages from {origin or 'nowhere'} may not connect here."
            await reader.until_done(lambda: _reject(request, sentence), within=HANDSHAKE_WITHIN, failed=sentence)
            raise LinkLost(sentence, code=1008)
        connection = await reader.until_done(
            request.accept, within=HANDSHAKE_WITHIN, failed="The peer left during the handshake"
        )
        yield WebSocketStream(connection, line, reader, path=request.path, headers=headers)


async def _reject(request: WebSocketRequest, sentence: str) -> None:
    await request.reject(403, extra_headers=[(b"Content-Type", b"text/plain; charset=utf-8")], body=sentence.encode())


@asynccontextmanager
async def connect_websocket(
    url: str,
    *,
    ssl_context: ssl.SSLContext | None = None,
    headers: Iterable[tuple[str, str]] = (),
    limits: Limits = Limits.SERVICE,
) -> AsyncIterator[WebSocketStream]:
    """Connects to `url` (ws: or wss:), within 10 s, and closes the connection at the end of the block.

    `headers` go with the upgrade request. Without a context, wss: trusts what the system trusts. Raises LinkLost with a sentence for
    whatever goes wrong, ConfigError when the URL is none.
    """
    address = WebSocketAddress.of(url)
    begun = trio.current_time()
    stream = await open_stream(address, ssl_context, within=CONNECT_WITHIN)
    async with _connection(stream) as (reader, line):
        extra_headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        connection = await reader.until_done(
            lambda: wrap_client_stream(
                reader.nursery,
                cast("trio.SocketStream", line),
                address.host_header,
                address.resource,
                extra_headers=extra_headers,
                message_queue_size=_MESSAGE_QUEUE,
                max_message_size=limits.message,
                receive_buffer_size=_RECEIVE_BYTES,
            ),
            within=max(0.1, CONNECT_WITHIN - (trio.current_time() - begun)),
            failed=f"{url} did not complete a websocket handshake",
        )
        yield WebSocketStream(connection, line, reader, path=address.resource)


class _Reader:
    """trio-websocket's reader task, watched: it may end or fail at any time without harm to anybody else."""

    def __init__(self, nursery: trio.Nursery) -> None:
        self.ended = False
        self._fault: Exception | None = None
        self._own_nursery = nursery
        self._waiting: trio.CancelScope | None = None
        # It outlives the cancellation of those it reads for, so that their goodbye is answered; `stop` ends it.
        self._scope = trio.CancelScope(shield=True)

    @property
    def nursery(self) -> trio.Nursery:
        """What trio-websocket takes for a nursery: all it asks of one is to start its reader."""
        return cast(trio.Nursery, self)

    def start_soon(self, reader: Callable[[], Awaitable[None]]) -> None:
        """Starts the reader, as `trio.Nursery.start_soon` would."""
        self._own_nursery.start_soon(self._watch, reader)

    def stop(self) -> None:
        """Ends the reader: nobody reads any more."""
        self._scope.cancel()

    async def until_done(self, step: Callable[[], Awaitable[_T]], *, within: float, failed: str) -> _T:
        """The result of `step`, a part of the handshake, which is over as soon as the reader is. Raises LinkLost."""
        with trio.move_on_after(within) as self._waiting:
            try:
                return await step()
            except (ConnectionClosed, LocalProtocolError):
                self.ended = True
        if not self.ended:
            raise LinkLost(f"{failed} within {within:.0f} s.")
        if isinstance(self._fault, ConnectionRejected):
            sentence = (self._fault.body or b"").decode("utf-8", "replace")[:500].strip()
            raise LinkLost(f"{failed}: {self._fault.status_code} {sentence}".rstrip(), code=1008)
        raise LinkLost(f"{failed}: it closed the connection or spoke something else.")

    async def _watch(self, reader: Callable[[], Awaitable[None]]) -> None:
        try:
            with self._scope:
                await reader()
        except Exception as fault:  # noqa: BLE001  # the edge of a connection: what its bytes do to the library stays here
            _log.debug("The reader of a websocket failed: %r", fault)
            self._fault = fault
        finally:
            self.ended = True
            if self._waiting is not None:
                self._waiting.cancel()


@asynccontextmanager
async def _connection(stream: trio.abc.Stream) -> AsyncIterator[tuple[_Reader, Line]]:
    """Owns a connection's reader and its socket. What the block raises leaves as it is, not wrapped in a group."""
    failure: Exception | None = None
    async with trio.open_nursery() as nursery:
        reader = _Reader(nursery)
        try:
            yield reader, Line(stream)
        except Exception as error:  # noqa: BLE001  # raised again below, outside the nursery
            failure = error
        finally:
            reader.stop()
            await _close_socket(stream)
    if failure is not None:
        raise failure


async def _close_socket(stream: trio.abc.Stream) -> None:
    with trio.CancelScope(shield=True, deadline=trio.current_time() + CLOSE_WITHIN):
        await trio.aclose_forcefully(stream)


def _fitting(reason: str) -> str:
    """`reason`, cut to what a close frame has room for."""
    return reason.encode("utf-8", "replace")[:_LONGEST_REASON].decode("utf-8", "ignore")
