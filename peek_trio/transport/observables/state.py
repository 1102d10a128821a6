"""The state of one selector as it travels: encoded and compressed once, then shared by everybody who watches it.

`State` is what providers and relays hand on without opening; `ObservedState` is what code that observes receives, rows decoded.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import attrs

from peek_trio.errors import LONGEST_MESSAGE, FrameError
from peek_trio.transport.observables.body import Body
from peek_trio.transport.observables.history import NO_HISTORY, History
from peek_trio.transport.observables.snapshot import includes
from peek_trio.transport.wire import Frame, Series

__all__ = ["ObservedState", "StaleInfo", "State", "instant"]

MOST_SERIES = 64
"""Kinds of frames that a state keeps ready. Receivers far apart in what they have may need more; theirs are made for each."""


@attrs.frozen
class StaleInfo:
    """Why a state may be out of date: since when the source could not be asked, and the reason, a sentence for people."""

    since: datetime
    reason: str

    def to_wire(self) -> dict[str, str]:
        """As in the headers of frames."""
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
    may be out of date, or is None. `skipped` is how many states were replaced by newer ones before this receiver took them. `seen` is the
    snapshot of the database that the rows were read in, "" when their provider reads none; `includes` asks it.
    """

    rows: list[Any]
    revision: int
    epoch: str
    digest: str
    at: datetime
    stale: StaleInfo | None
    skipped: int
    seen: str = ""

    def includes(self, tx: int | None) -> bool:
        """Whether these rows were read after the transaction `tx` of an action (`ActionResult.tx`) was committed. False for None."""
        return tx is not None and includes(self.seen, tx)


_Receiver = tuple[str | None, bool, StaleInfo | None, int]


@attrs.frozen(eq=False)
class State:
    """One state of one selector. `body` is its payload, `history` the way that led to it, `digest` that of the payload uncompressed.

    `seen` is the snapshot that it was read in, "" when it was read in none.
    """

    type: str
    epoch: str
    revision: int
    digest: str
    at: datetime
    body: Body
    history: History = NO_HISTORY
    seen: str = ""
    _series: dict[_Receiver, Series] = attrs.field(factory=dict, init=False, repr=False)

    @property
    def size(self) -> int:
        """Bytes that it takes to keep it."""
        return len(self.body.data) + self.history.size

    def succeeds(self, other: State) -> bool:
        """Whether it is another state than `other`: with other rows, or with the same rows again after others."""
        return self.digest != other.digest or (self.epoch == other.epoch and self.revision != other.revision)

    def frame(
        self,
        number: int,
        has: str | None = None,
        both: bool = False,
        stale: StaleInfo | None = None,
        skipped: int = 0,
    ) -> Frame:
        """What takes a receiver from the state with the digest `has` (None: it has none) to this one: a `same`, `delta` or `state`.

        `both`, for a relay, is the state together with the deltas. Frames for receivers that have the same are encoded once.
        """
        series = self._series.get((has, both, stale, skipped))
        if series is None:
            if has != self.digest and not (has is not None and self.history.since(has)):
                has = None
            receiver = (has, both, stale, skipped)
            series = self._series.get(receiver) or self._series_for(*receiver)
            if len(self._series) < MOST_SERIES:
                self._series[receiver] = series
        return series.numbered(number)

    def settle(self) -> None:
        """Everybody has been told. Frames of state and deltas together, which have bytes of their own, are let go."""
        for receiver in [receiver for receiver in self._series if receiver[1]]:
            del self._series[receiver]

    def _series_for(self, has: str | None, both: bool, stale: StaleInfo | None, skipped: int) -> Series:
        header: dict[str, Any] = {
            "k": "same",
            "epoch": self.epoch,
            "rev": self.revision,
            "dig": self.digest,
            "at": self.at.isoformat(),
        }
        if self.seen:
            header["seen"] = self.seen
        parts: list[Body] = []
        if has != self.digest:
            deltas = self.history.since(has) if has is not None else ()
            header.update(k="delta" if deltas and not both else "state", t=self.type)
            if header["k"] == "state":
                parts.append(self.body)
                if self.body.compressed:
                    header["z"] = 1
            if deltas:
                header.update(base=has, parts=[[len(delta.data), int(delta.compressed)] for delta in deltas])
                parts += deltas
        if skipped:
            header["skip"] = skipped
        if stale is not None:
            header["stale"] = stale.to_wire()
        return Series(header, b"".join([part.data for part in parts]))


def instant(value: object) -> datetime:
    """A time as it travels in headers. Raises FrameError unless it is ISO 8601 with an offset."""
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise FrameError(f"{value!r} is not a time in ISO 8601 with an offset.")
    return moment
