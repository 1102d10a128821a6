"""Large frames travel in parts, so that nothing else has to wait until one of them has passed.

The sender cuts the bytes of a frame into slices and sends each as the body of a `part` frame, which names a lane; the receiver puts the
slices of a lane together again. Bytes in, bytes out: what goes first is decided by `peek_trio.transport.wire.lanes`.
"""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from peek_trio.errors import FrameError
from peek_trio.transport.wire.frames import Frame, Packed, size_of, unpack_one, with_lengths
from peek_trio.transport.wire.limits import KIB, Limits

__all__ = ["LANES", "LARGE", "PART", "WHOLE", "Assembly", "cut"]

LARGE = 256 * KIB
"""Bytes of a frame above which it travels in parts."""

PART = 64 * KIB
"""Bytes of a frame in one part, at most."""

LANES = 4
"""Large frames that may be under way at a time, in each direction of a link."""

WHOLE = frozenset({"part", "ping", "pong"})
"""Kinds of frames that never travel in parts: they are between the two ends of the link."""


def cut(frame: Packed, lane: int) -> Iterator[tuple[bytes, bytes]]:
    """The parts of a frame, in order, each as its head and its body."""
    head, body, _ = frame
    size, start_of_body = size_of(frame), len(head)
    for start in range(0, size, PART):
        end = min(start + PART, size)
        if start < start_of_body:
            piece = head[start:end] + body[: max(0, end - start_of_body)]
        else:
            piece = body[start - start_of_body : end - start_of_body]
        beginning = b',"size":%d' % size if start == 0 else b""
        ending = b',"end":1' if end == size else b""
        yield with_lengths(b'{"k":"part","c":%d%b%b}' % (lane, beginning, ending), piece), piece


@attrs.define
class _Arriving:
    size: int
    received: bytearray = attrs.field(factory=bytearray)


class Assembly:
    """The large frames that are arriving on one link, within `limits`. It holds what has arrived and not what was announced."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._lanes: dict[int, _Arriving] = {}

    def __len__(self) -> int:
        return len(self._lanes)

    def take(self, part: Frame) -> Frame | None:
        """Takes a part; the whole frame when it was the last. Raises FrameError for what breaks the protocol."""
        header, body = part.header, part.body
        lane, size = header.get("c"), header.get("size")
        if type(lane) is not int or not 1 <= lane <= LANES:
            raise FrameError(f"A part needs c, a lane from 1 to {LANES}.")
        if not 1 <= len(body) <= PART:
            raise FrameError(f"A part has from 1 to {PART} bytes, not {len(body)}.")
        arriving = self._lanes.get(lane)
        if arriving is None:
            arriving = self._lanes[lane] = self._beginning(lane, size)
        elif size is not None:
            raise FrameError(f"A frame begins on lane {lane} while another one is under way there.")
        arriving.received += body
        if len(arriving.received) > arriving.size:
            raise FrameError(f"The frame on lane {lane} is longer than the {arriving.size} bytes it announced.")
        ends = "end" in header
        if ends != (len(arriving.received) == arriving.size):
            raise FrameError(f"The frame on lane {lane} does not end with its last byte.")
        if not ends:
            return None
        del self._lanes[lane]
        whole = unpack_one(arriving.received, self._limits)
        if whole.kind in WHOLE:
            raise FrameError(f'A "{whole.kind}" frame does not travel in parts.')
        return whole

    def _beginning(self, lane: int, size: object) -> _Arriving:
        if type(size) is not int or size < 1:
            raise FrameError(f"The first part on lane {lane} does not say the size of its frame.")
        if size > self._limits.frame:
            raise FrameError(
                f"A frame of {size} bytes is larger than the {self._limits.frame} allowed here.", close_code=1009
            )
        return _Arriving(size)
