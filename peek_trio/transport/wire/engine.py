"""wsproto, which reads websocket frames (RFC 6455), as far as it is used here once a handshake is done.

We answer upgrade requests ourselves, and its documentation says nothing of a connection that begins behind the handshake. What does that
is imported here and nowhere else; without it the same is done with what is documented, by a handshake that nobody hears of.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

from wsproto import ConnectionType, WSConnection
from wsproto.connection import ConnectionState
from wsproto.events import AcceptConnection, Event

__all__ = ["ConnectionState", "Engine", "beyond_handshake"]

try:
    from wsproto.connection import Connection as _Connection
except ImportError:  # an upgrade has moved it; a test says so
    _Connection: Any = None  # type: ignore[no-redef]

_ANY_REQUEST = (
    b"GET / HTTP/1.1\r\nHost: peek\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


class Engine(Protocol):
    """The state of one websocket: bytes go in, events come out, and what is to be sent becomes bytes."""

    @property
    def state(self) -> ConnectionState: ...

    def receive_data(self, data: bytes | None) -> None: ...

    def events(self) -> Iterator[Event]: ...

    def send(self, event: Event) -> bytes: ...


def beyond_handshake(rest: bytes) -> Engine:
    """The engine of an accepting end that has answered the request. `rest` is what came behind it."""
    if _Connection is not None:
        connection: Engine = _Connection(ConnectionType.SERVER, trailing_data=rest)
        return connection
    shaken = WSConnection(ConnectionType.SERVER)
    shaken.receive_data(_ANY_REQUEST)
    for _ in shaken.events():
        pass
    shaken.send(AcceptConnection())
    shaken.receive_data(rest)
    return shaken
