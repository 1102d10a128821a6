"""Websockets as message streams, for both ends: TCP or TLS, an opening handshake, and wsproto to read what arrives.

There is no task here. Whoever receives also answers pings and closes, and a message for which the socket has room leaves within the call
that brings it. Every step of the handshake and of the close has a deadline, whatever a peer sends becomes a LinkLost with a sentence, and
the socket is closed in the end whatever happened.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TypeVar

import trio
from wsproto import ConnectionType, WSConnection
from wsproto.events import RejectConnection, RejectData, Request
from wsproto.utilities import RemoteProtocolError

from peek_trio.errors import FrameError, LinkLost
from peek_trio.transport.wire.dialling import WebSocketAddress, open_stream
from peek_trio.transport.wire.engine import ConnectionState, Engine, beyond_handshake
from peek_trio.transport.wire.incoming import Incoming
from peek_trio.transport.wire.limits import Limits
from peek_trio.transport.wire.line import Line, framed, framed_once
from peek_trio.transport.wire.upgrade import END_OF_HEAD, MOST_HEAD, UpgradeRefused, UpgradeRequest

__all__ = ["WebSocketStream", "accept_websocket", "connect_websocket"]

_T = TypeVar("_T")

HANDSHAKE_WITHIN = 5.0
CONNECT_WITHIN = 10.0
CLOSE_WITHIN = 1.0

_RECEIVE_BYTES = 64 * 1024
_LONGEST_SENTENCE = 500  # bytes of what a server says when it refuses
_UNSENDABLE = {1005, 1006, 1015}  # codes that say "there was no close frame"
_LOST = (trio.BrokenResourceError, trio.ClosedResourceError)
_NO_HANDSHAKE = "The peer did not complete a websocket handshake"


class WebSocketStream:
    """One end of a websocket, as a `MessageStream` of binary messages. A dialling end `masks` what it sends.

    `headers` are those of the upgrade request, by lower-case name (on the accepting end), and `path` is what it asked for.
    """

    __slots__ = ("_arrived", "_incoming", "_line", "_masks", "headers", "path")

    def __init__(
        self,
        line: Line,
        engine: Engine,
        most: int,
        *,
        masks: bool,
        path: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.path = path
        self.headers: Mapping[str, str] = headers or {}
        self._line = line
        self._incoming = Incoming(engine, most)
        self._arrived = self._incoming.take_over()
        self._masks = masks

    def allow(self, message: int) -> None:
        """From now on messages of at most so many bytes may arrive."""
        self._incoming.most = message

    def begin(self, parts: Sequence[bytes]) -> bool:
        """Takes one binary message; as much of it as the socket has room for leaves at once, or none when the connection is TLS."""
        if self._line.cut_short:
            raise LinkLost("A message was cut short, so the link cannot go on.")
        if self._incoming.end is not None:
            raise self._lost()
        shared = type(parts) is tuple and not self._masks
        try:
            return self._line.begin([framed_once(parts)] if shared else framed(parts, masked=self._masks))
        except trio.BrokenResourceError:
            raise self._lost() from None

    async def flush(self) -> None:
        """Sends the rest of a message. Cancelled, it leaves half a message behind: nothing more can be sent after it."""
        try:
            await self._line.flush()
        except _LOST:
            raise self._lost() from None

    async def send(self, data: bytes) -> None:
        """Sends one binary message."""
        if self.begin([data]):
            await trio.lowlevel.checkpoint()
        else:
            await self.flush()

    async def receive(self) -> bytes:
        """The next binary message. Raises FrameError (1003) for one that is text."""
        if self._arrived:
            await trio.lowlevel.checkpoint()
        while True:
            try:
                if self._incoming.answer and not (self._arrived and self._incoming.end):
                    # To pings, before whoever takes a message answers that; a goodbye comes after it.
                    await self._answer()
                if self._arrived:
                    break
                if self._incoming.end is not None:
                    raise self._lost()
                self._arrived = self._incoming.take(await self._line.receive_some())
            except _LOST:
                self._incoming.take(b"")
        message = self._arrived.pop()
        if isinstance(message, str):
            raise FrameError("Messages are binary; this one was text.", close_code=1003)
        return message

    async def aclose(self, code: int = 1000, reason: str = "") -> None:
        """Says goodbye if that is still possible, for at most a second, and closes the socket."""
        with trio.CancelScope(shield=True, deadline=trio.current_time() + CLOSE_WITHIN):
            try:
                if not self._line.cut_short and code not in _UNSENDABLE:
                    await self._say_goodbye(code, reason)
            except _LOST:
                pass  # gone while we said goodbye
        await self._line.aclose()

    async def _say_goodbye(self, code: int, reason: str) -> None:
        """Sends a close frame, and reads until the peer has, or has gone: a socket closed before that could lose it our reason."""
        goodbye = self._incoming.goodbye(code, reason)
        if goodbye:
            self._line.interject(goodbye, last=True)
        await self._line.flush()
        if not goodbye and not self._incoming.heard_goodbye:
            # The peer broke the protocol and has been told: nothing is expected of it any more.
            await self._line.send_eof()
        while not self._incoming.heard_goodbye:
            self._incoming.take(await self._line.receive_some())

    async def _answer(self) -> None:
        answer, self._incoming.answer = self._incoming.answer, b""
        if not self._line.interject(answer, last=self._incoming.end is not None):
            await self._line.flush()

    def _lost(self) -> LinkLost:
        end = self._incoming.end
        return LinkLost("The connection broke.") if end is None else LinkLost(end.reason, code=end.code)


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
    try:
        request, rest = await _within(HANDSHAKE_WITHIN, _NO_HANDSHAKE, lambda: _upgraded(stream, allowed_origins))
        engine = beyond_handshake(rest)
        path, headers = request.path, request.headers
        yield WebSocketStream(Line(stream), engine, limits.message, masks=False, path=path, headers=headers)
    finally:
        await _close_socket(stream)


async def _upgraded(
    stream: trio.abc.Stream, allowed_origins: Callable[[str | None], bool]
) -> tuple[UpgradeRequest, bytes]:
    """Answers the upgrade request: the request, and what came behind it. Raises LinkLost when it was refused."""
    try:
        data = await _head(stream)
        head, _, rest = data.partition(END_OF_HEAD)
        request = UpgradeRequest.parse(head)
        origin = request.headers.get("origin")
        if not allowed_origins(origin):
            raise UpgradeRefused(403, f"Pages from {origin or 'nowhere'} may not connect here.")
        await stream.send_all(request.accepted())
    except UpgradeRefused as refused:
        await stream.send_all(refused.answer)
        raise LinkLost(refused.sentence, code=1008) from None
    return request, rest


async def _head(stream: trio.abc.Stream) -> bytes:
    data = b""
    while END_OF_HEAD not in data:
        if len(data) > MOST_HEAD:
            raise UpgradeRefused(431, "The head of the request is too long.")
        more = await stream.receive_some(_RECEIVE_BYTES)
        if not more:
            raise LinkLost(f"{_NO_HANDSHAKE}: it closed the connection.")
        data += more
    return data


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
    try:
        failed = f"{url} did not complete a websocket handshake"
        engine = await _within(
            max(0.1, CONNECT_WITHIN - (trio.current_time() - begun)),
            failed,
            lambda: _dialled(stream, address, headers, failed),
        )
        yield WebSocketStream(Line(stream), engine, limits.message, masks=True, path=address.resource)
    finally:
        await _close_socket(stream)


async def _dialled(
    stream: trio.abc.Stream, address: WebSocketAddress, headers: Iterable[tuple[str, str]], failed: str
) -> Engine:
    """Asks for the upgrade and reads the answer. Raises LinkLost with what the other end has to say when it is a refusal."""
    websocket = WSConnection(ConnectionType.CLIENT)
    extra = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
    await stream.send_all(websocket.send(Request(address.host_header, address.resource, extra_headers=extra)))
    status, body = 0, b""
    while True:
        data = await stream.receive_some(_RECEIVE_BYTES)
        if not data:
            raise LinkLost(f"{failed}: it closed the connection.")
        try:
            websocket.receive_data(bytes(data))
            if websocket.state is ConnectionState.OPEN:
                return websocket
            answers = list(websocket.events())
        except (RemoteProtocolError, UnicodeError):
            raise LinkLost(f"{failed}: it spoke something else.") from None
        for answer in answers:
            if isinstance(answer, RejectConnection):
                status = answer.status_code
            elif isinstance(answer, RejectData):
                body = (body + answer.data)[:_LONGEST_SENTENCE]
                if answer.body_finished:
                    raise LinkLost(f"{failed}: {status} {body.decode('utf-8', 'replace').strip()}".rstrip(), code=1008)


async def _within(seconds: float, failed: str, step: Callable[[], Awaitable[_T]]) -> _T:
    """The result of a handshake. Raises LinkLost when it takes longer, or the connection breaks."""
    with trio.move_on_after(seconds):
        try:
            return await step()
        except _LOST:
            raise LinkLost(f"{failed}: it closed the connection.") from None
    raise LinkLost(f"{failed} within {seconds:.0f} s.")


async def _close_socket(stream: trio.abc.Stream) -> None:
    with trio.CancelScope(shield=True, deadline=trio.current_time() + CLOSE_WITHIN):
        await trio.aclose_forcefully(stream)
