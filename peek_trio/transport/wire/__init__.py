"""The wire: frames, the hello, and links that carry them over websockets or within one process.

On top of this the patterns (calls, observables, actions, messages) are built; below it there is nothing of Peek but errors, tuples and
principals. `docs/protocol.md` is what this code and the one in the browser agree on.
"""

from __future__ import annotations

from peek_trio.transport.wire.frames import Frame, Series, pack, unpack
from peek_trio.transport.wire.handshake import accept_link, dial_link
from peek_trio.transport.wire.hello import PROTOCOL, Hello, Peer, same_release
from peek_trio.transport.wire.limits import Limits, LinkTiming
from peek_trio.transport.wire.link import Link, LinkStatistics
from peek_trio.transport.wire.redial import Backoff, LinkState, Wake, keep_linked, spread_of
from peek_trio.transport.wire.streams import MemoryStream, MessageStream, memory_stream_pair
from peek_trio.transport.wire.websocket import WebSocketStream, accept_websocket, connect_websocket

__all__ = [
    "PROTOCOL",
    "Backoff",
    "Frame",
    "Hello",
    "Limits",
    "Link",
    "LinkState",
    "LinkStatistics",
    "LinkTiming",
    "MemoryStream",
    "MessageStream",
    "Peer",
    "Series",
    "Wake",
    "WebSocketStream",
    "accept_link",
    "accept_websocket",
    "connect_websocket",
    "dial_link",
    "keep_linked",
    "memory_stream_pair",
    "pack",
    "same_release",
    "spread_of",
    "unpack",
]
