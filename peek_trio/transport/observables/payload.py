"""The answer of a provider, encoded: what travels of it, its name, and how it came about from the answer before."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from peek_trio.transport.observables.body import Body
from peek_trio.transport.observables.delta import difference
from peek_trio.transport.observables.history import NO_HISTORY, History, Step
from peek_trio.transport.observables.state import State
from peek_trio.tuples import Codec, digest

__all__ = ["Payload"]

DELTA_FROM = 128
"""Bytes. Of a smaller body a delta saves nothing."""


@attrs.frozen
class Payload:
    """Rows as they travel, the digest of what they were before compression, and the deltas that led to them.

    `seen` is the snapshot of the database that they were read in, "" when they were read in none.
    """

    body: Body
    digest: str
    history: History = NO_HISTORY
    seen: str = ""

    @classmethod
    def of(
        cls, rows: Sequence[object], row_type: type, codec: Codec, known: State | None = None, seen: str = ""
    ) -> Payload:
        """Encodes `rows`; `known` is the state so far. Raises TupleError, with the path, when a row does not fit its declaration."""
        raw = codec.encode(rows, row_type)
        mark = digest(raw)
        if known is not None and known.digest == mark:
            return cls(known.body, mark, known.history, seen)
        body = Body.of(raw)
        if known is None or len(body.data) < DELTA_FROM:
            return cls(body, mark, seen=seen)
        delta = difference(known.body.raw(), raw)
        if delta is None:
            return cls(body, mark, seen=seen)
        history = known.history.then(Step(known.digest, (Body.of(delta),)), len(body.data))
        return cls(body, mark, history, seen)
