"""Frames, the unit of the wire protocol: a small JSON header, and a body that a relay never opens.

A message carries one or more frames, so that everything that is ready at once travels at once. This module only turns frames into
bytes and back; it knows nothing of links, nor of the parts in which large ones travel.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import Any

import attrs
import msgspec

from peek_trio.errors import FrameError, TupleError
from peek_trio.transport.wire.limits import Limits
from peek_trio.tuples.plain import refuse_deep

__all__ = [
    "HEAD_PREFIX",
    "Frame",
    "Packed",
    "Series",
    "pack",
    "packed",
    "size_of",
    "unpack",
    "unpack_one",
    "with_lengths",
]

_LENGTHS = struct.Struct("!II")

HEAD_PREFIX = _LENGTHS.size
"""Bytes of a frame before its header."""

MOST_NUMBERS = 64
"""Frames of one series that are kept. Devices that show the same page have mostly given it the same number."""

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(dict[str, Any]).decode


@attrs.define
class Frame:  # not frozen, which would make its making three times as slow; nobody changes one
    """One frame. `header` is a JSON object with at least `k`, the kind. `head` is what precedes the body on the wire, if it is known."""

    header: dict[str, Any]
    body: bytes = b""
    head: bytes | None = attrs.field(default=None, eq=False, repr=False)

    @property
    def kind(self) -> str:
        """The kind of the frame, "call" or "state" for instance."""
        kind: str = self.header["k"]
        return kind


Packed = tuple[bytes, bytes, dict[str, Any]]
"""A frame that is ready to leave: its head (all of its bytes but the body), its body, and the header that the head encodes.

The body is shared with whoever else is sent the same.
"""


def packed(frame: Frame) -> Packed:
    """A frame ready to leave: its header encoded, its body untouched."""
    return frame.head or with_lengths(_encode(frame.header), frame.body), frame.body, frame.header


def size_of(frame: Packed) -> int:
    """Bytes of a frame on the wire."""
    return len(frame[0]) + len(frame[1])


def with_lengths(header: bytes, body: bytes) -> bytes:
    """The head of a frame: both lengths, and the encoded header."""
    return _LENGTHS.pack(len(header), len(body)) + header


class Series:
    """Frames for many receivers that differ in nothing but `i`, the number each receiver knows them by: encoded once.

    `header` has everything but `i`. Receivers that know it by the same number share one frame.
    """

    __slots__ = ("_body", "_frames", "_header", "_rest")

    def __init__(self, header: dict[str, Any], body: bytes) -> None:
        self._header = header
        self._body = body
        self._rest = b"," + _encode(header)[1:]
        self._frames: dict[int, Frame] = {}

    def numbered(self, number: int) -> Frame:
        """The frame for who knows it as `number`."""
        frame = self._frames.get(number)
        if frame is None:
            start = b'{"i":%d' % number
            head = with_lengths(start + self._rest, self._body)
            frame = Frame({"i": number, **self._header}, self._body, head)
            if len(self._frames) < MOST_NUMBERS:
                self._frames[number] = frame
        return frame


def pack(frames: Iterable[Frame]) -> bytes:
    """The message that carries `frames`, in this order."""
    pieces: list[bytes] = []
    for frame in frames:
        pieces += packed(frame)[:2]
    return b"".join(pieces)


def unpack(message: bytes, limits: Limits = Limits.SERVICE) -> list[Frame]:
    """The frames of a message.

    Raises FrameError, and nothing else whatever the bytes are: with close code 1009 when a bound is broken, 1002 when they are not
    frames.
    """
    size = len(message)
    if size > limits.message:
        raise FrameError(
            f"A message of {size} bytes is larger than the {limits.message} allowed here.", close_code=1009
        )
    if size == 0:
        raise FrameError("A message without frames.")
    frames: list[Frame] = []
    start = 0
    while start < size:
        if size - start < _LENGTHS.size:
            raise FrameError(f"The message ends within the lengths of frame {len(frames) + 1}.")
        header_size, body_size = _LENGTHS.unpack_from(message, start)
        body_start = start + _LENGTHS.size + header_size
        end = body_start + body_size
        if header_size > limits.header:
            raise FrameError(
                f"A header of {header_size} bytes is larger than the {limits.header} allowed.", close_code=1009
            )
        if end > size:
            raise FrameError(f"Frame {len(frames) + 1} is longer than its message.")
        frames.append(Frame(_read_header(message[start + _LENGTHS.size : body_start], limits), message[body_start:end]))
        start = end
    return frames


def unpack_one(data: bytearray, limits: Limits) -> Frame:
    """The frame that `data` is, and nothing else: for what has travelled in parts. Raises FrameError."""
    header_size, body_size = _LENGTHS.unpack_from(data) if len(data) >= HEAD_PREFIX else (0, -1)
    if header_size > limits.header:
        raise FrameError(
            f"A header of {header_size} bytes is larger than the {limits.header} allowed.", close_code=1009
        )
    body_start = HEAD_PREFIX + header_size
    if body_start + body_size != len(data):
        raise FrameError("What travelled in parts is not one frame.")
    view = memoryview(data)
    return Frame(_read_header(bytes(view[HEAD_PREFIX:body_start]), limits), bytes(view[body_start:]))


def _read_header(data: bytes, limits: Limits) -> dict[str, Any]:
    try:
        refuse_deep(data, limits.depth)
        header = _decode(data)
    except TupleError as error:
        raise FrameError(f"A header that nests too deep: {error}", close_code=1009) from None
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise FrameError(f"A header that is not a JSON object: {error}.") from None
    if not isinstance(header.get("k"), str):
        raise FrameError('A header without "k", the kind of the frame.')
    return header
