"""What bytes from outside reach before there is a link, and within a payload: functions that may refuse, each in one way."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import attrs
import msgspec
from wsproto.connection import Connection, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Ping, TextMessage

from peek_trio.errors import FrameError, LinkRefused, TupleError
from peek_trio.frontend.cookies import session_token
from peek_trio.frontend.request_head import RequestHead
from peek_trio.security import Principal
from peek_trio.transport.wire import Frame, Hello, Limits, pack, unpack
from peek_trio.transport.wire.incoming import Incoming
from peek_trio.transport.wire.upgrade import UpgradeRefused, UpgradeRequest
from peek_trio.tuples import TupleSelector
from tests.fuzz.mutations import Mutator
from tests.fuzz.tuples import EVERYTHING, registry
from tests.fuzz.world import FRAMES, MALLORY

__all__ = ["TARGETS", "Target"]


@attrs.frozen
class Target:
    """A function of bytes, bytes that are right for it, and how it refuses others."""

    name: str
    take: Callable[[bytes], object]
    right: list[bytes]
    refuses: tuple[type[Exception], ...] = ()
    is_json: bool = False

    def attack(self, mutator: Mutator) -> str:
        """Hands wrong bytes to it; the name of the error, or "accepted". Whatever else it raises gets out, with the bytes."""
        data = mutator.choice(self.right)
        data = mutator.json(data) if self.is_json else mutator.data(data)
        try:
            self.take(data)
        except self.refuses as refusal:
            return type(refusal).__name__ if str(refusal) else "refused without a word"
        except Exception as fault:
            raise AssertionError(f"{self.name} does not refuse {data[:2000]!r}") from fault
        return "accepted"


_codec = registry().codec
_rows = [_codec.encode(EVERYTHING[a:b]) for a, b in ((0, 2), (2, 4), (4, 5), (0, 5), (0, 0))]


def _parse(data: bytes) -> Any:
    try:
        return msgspec.json.decode(data)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        raise TupleError("no JSON") from None


def _hello(data: bytes) -> None:
    Hello.of(unpack(data, Limits.HELLO)[0])


def _selector(data: bytes) -> None:
    fields = _parse(data)
    if isinstance(fields, dict):
        TupleSelector("fuzz.Everything", fields)


def _websocket(data: bytes) -> None:
    arriving = Incoming(Connection(ConnectionType.SERVER), 4096)
    for start in range(0, len(data), 50):
        arriving.take(data[start : start + 50])
    arriving.take(b"")


def _request(data: bytes) -> None:
    head = RequestHead.parse(data)
    session_token(head.first("cookie"))
    UpgradeRequest.parse(data.partition(b"\r\n\r\n")[0])


def _said(*events: Any) -> bytes:
    client = Connection(ConnectionType.CLIENT)
    return b"".join(bytes(client.send(event)) for event in events)


_UPGRADE = (
    b"GET /vortex?a=1 HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nOrigin: http://a\r\n"
    b"Cookie: a=b; peek_session=0123456789\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
_HELLO = Hello("device", "d1", "A phone", "1.0", {"p": "1"}, {"a.B": "0123"}, site="desktop").frame()

TARGETS = [
    Target("frames", lambda data: unpack(data, Limits.DEVICE), [pack([frame]) for frame in FRAMES], (FrameError,)),
    Target(
        "hello",
        _hello,
        [pack([_HELLO]), pack([Frame({**_HELLO.header, "token": "x" * 43})])],
        (FrameError, LinkRefused),
    ),
    Target("payload", _codec.decode, _rows, (TupleError,), is_json=True),
    Target("payload, as bytes", _codec.decode, _rows, (TupleError,)),
    Target(
        "tuple",
        lambda data: _codec.decode_one("fuzz.Everything", data),
        [_codec.encode_one(row) for row in EVERYTHING[:2]],
        (TupleError,),
        is_json=True,
    ),
    Target(
        "value",
        lambda data: _codec.decode_value(data, Any),
        [b'{"a":[1,2.5,"x",null,true]}', b'"x"'],
        (TupleError,),
        is_json=True,
    ),
    Target("selector", _selector, [b'{"a":1,"b":"x"}', b"{}"], (TupleError,), is_json=True),
    Target(
        "principal",
        lambda data: Principal.from_wire(_parse(data)),
        [json.dumps(MALLORY.to_wire()).encode()],
        (TupleError,),
        is_json=True,
    ),
    Target(
        "websocket",
        _websocket,
        [
            _said(BytesMessage(b"x" * 300), Ping(b"?"), TextMessage("é"), CloseConnection(1000, "bye")),
            _said(
                BytesMessage(b"a", message_finished=False), Ping(b"?"), BytesMessage(b"b"), BytesMessage(b"x" * 5000)
            ),
        ],
    ),
    Target("request", _request, [_UPGRADE], (UpgradeRefused,)),
]
"""Everything of the kind. An empty `refuses` says that nothing may be raised at all."""
