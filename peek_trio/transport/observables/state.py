"""The state of one selector as it travels: encoded and compressed once, then shared by everybody who watches it.

`State` is what providers and relays hand on without opening; `ObservedState` is what code that observes receives, rows decoded.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import attrs

from peek_trio.errors import LONGEST_MESSAGE, FrameError, TupleError
from peek_trio.transport.wire import Series
from peek_trio.tuples import Codec, digest

__all__ = ["ObservedState", "Payload", "StaleInfo", "State"]

COMPRESS_FROM = 1024
"""Bytes. Smaller payloads are not worth a compression."""

INFLATE_LIMIT = 256 * 2**20
"""Bytes. What a compressed payload may become; more is taken for a bomb."""


@attrs.frozen
class StaleInfo:
    """Why a state may be out of date: since when the source could not be asked, and the reason, a sentence for people."""

    since: datetime
    reason: str

    def to_wire(self) -> dict[str, str]:
        """As in the header of `state` and `same`."""
        return {"since": self.since.isoformat(), "reason": self.reason[:LONGEST_MESSAGE]}

    @classmethod
    def from_wire(cls, data: object) -> StaleInfo:
        """Raises FrameError for anything but what `to_wire` makes."""
        if not isinstance(data, Mapping) or not isinstance(data.get("reason"), str):
            raise FrameError("stale must be an object with since and reason.")
        return cls(instant(data.get("since")), data["reason"])


@attrs.frozen(eq=False)
class ObservedState:
    """What an observer receives: all rows of the selector as they are now.

    `revision` counts changes within `epoch`, one life of the provider. `at` is when the provider was asked. `stale` says why the rows
    may be out of date, or is None. `skipped` is how many states were replaced by newer ones before this receiver took them.
    """

    rows: list[Any]
    revision: int
    epoch: str
    digest: str
    at: datetime
    stale: StaleInfo | None
    skipped: int


@attrs.frozen
class Payload:
    """An encoded answer of a provider: its body, compressed when that pays, and the digest of what it was before."""

    body: bytes
    compressed: bool
    digest: str

    @classmethod
    def of(cls, rows: Sequence[object], row_type: type, codec: Codec) -> Payload:
        """Encodes `rows`. Raises TupleError, with the path, when one does not fit its declaration."""
        data = codec.encode(rows, row_type)
        if len(data) >= COMPRESS_FROM and len(packed := zlib.compress(data, 1)) < len(data):
            return cls(packed, True, digest(data))
        return cls(data, False, digest(data))


@attrs.frozen(eq=False)
class State:
    """One state of one selector.

    `header` is its part of a frame's header, and `frames` are whole `state` frames, for those who need be told nothing else.
    """

    type: str
    epoch: str
    revision: int
    digest: str
    at: datetime
    body: bytes
    compressed: bool
    header: dict[str, Any] = attrs.field(init=False, repr=False)
    frames: Series = attrs.field(init=False, repr=False)

    @header.default
    def _header(self) -> dict[str, Any]:
        return {"epoch": self.epoch, "rev": self.revision, "dig": self.digest, "at": self.at.isoformat()}

    @frames.default
    def _frames(self) -> Series:
        return Series(self.frame_header(), self.body)

    def frame_header(self) -> dict[str, Any]:
        """The header of a `state` frame but for what differs between receivers."""
        header = {"k": "state", "t": self.type, **self.header}
        if self.compressed:
            header["z"] = 1
        return header

    @classmethod
    def from_frame(cls, header: Mapping[str, Any], body: bytes) -> State:
        """Reads a `state` frame. Raises FrameError."""
        kind, epoch, revision, mark = (header.get(key) for key in ("t", "epoch", "rev", "dig"))
        if (
            not isinstance(kind, str)
            or not isinstance(epoch, str)
            or type(revision) is not int
            or not isinstance(mark, str)
        ):
            raise FrameError("A state needs t, epoch, rev and dig.")
        return cls(kind, epoch, revision, mark, instant(header.get("at")), body, bool(header.get("z")))

    def renewed(self, header: Mapping[str, Any]) -> State:
        """The same rows with the epoch, revision and time of a `same` frame."""
        return State.from_frame({**header, "t": self.type, "z": self.compressed}, self.body)

    def payload(self) -> bytes:
        """The body as it was before compression. Raises TupleError when it cannot be inflated."""
        if not self.compressed:
            return self.body
        inflater = zlib.decompressobj()
        try:
            data = inflater.decompress(self.body, INFLATE_LIMIT)
        except zlib.error as error:
            raise TupleError(f"The compressed payload of {self.type} is damaged: {error}.", path="$") from error
        if not inflater.eof:
            raise TupleError(
                f"The payload of {self.type} is cut short, or larger than {INFLATE_LIMIT} bytes.", path="$"
            )
        return data


def instant(value: object) -> datetime:
    """A time as it travels in headers. Raises FrameError unless it is ISO 8601 with an offset."""
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise FrameError(f"{value!r} is not a time in ISO 8601 with an offset.")
    return moment
