"""What the frames that answer a subscription make of the state that the subscriber has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from peek_trio.errors import FrameError, TupleError
from peek_trio.transport.observables.body import Body
from peek_trio.transport.observables.delta import apply
from peek_trio.transport.observables.history import MOST_DELTAS, NO_HISTORY, Step
from peek_trio.transport.observables.snapshot import seen_in
from peek_trio.transport.observables.state import State, instant
from peek_trio.transport.wire import Frame
from peek_trio.tuples import digest

__all__ = ["read_state", "skipped_in"]


def read_state(frame: Frame, known: State | None) -> State:
    """The state after a `state`, `delta` or `same`, when `known` was the one before.

    Only a `delta` opens bodies. Raises FrameError for what is not the protocol, and TupleError when the frame does not belong to `known`:
    the subscriber must ask again, without a claim to have anything.
    """
    header, body = frame.header, frame.body
    epoch, revision, mark = header.get("epoch"), header.get("rev"), header.get("dig")
    if not isinstance(epoch, str) or type(revision) is not int or not isinstance(mark, str):
        raise FrameError(f"A {frame.kind} needs epoch, rev and dig.")
    at, seen = instant(header.get("at")), seen_in(header)
    if frame.kind == "same":
        same = _belonging(known, mark)
        return State(same.type, epoch, revision, mark, at, same.body, same.history, seen)
    name = header.get("t")
    if not isinstance(name, str):
        raise FrameError(f"A {frame.kind} needs t, a text.")
    if frame.kind == "delta":
        step, rest = _split(header, body)
        if rest:
            raise FrameError("A delta has more bytes than its parts.")
        whole = Body(_applied(step, _belonging(known, step.base), mark), False)
        return State(name, epoch, revision, mark, at, whole, seen=seen)
    if frame.kind != "state":
        raise FrameError(f"A {frame.kind} does not answer a subscription.")
    history, rest = NO_HISTORY, body
    if "parts" in header:
        step, rest = _split(header, body)
        if known is not None and known.digest == step.base:
            history = known.history.then(step, len(rest))
    return State(name, epoch, revision, mark, at, Body(rest, bool(header.get("z"))), history, seen)


def skipped_in(frame: Frame) -> int:
    """How many states the peer did not send because newer ones replaced them. Raises FrameError."""
    skipped = frame.header.get("skip", 0)
    if type(skipped) is not int or skipped < 0:
        raise FrameError("skip is a count.")
    return skipped


def _belonging(known: State | None, mark: str) -> State:
    if known is None or known.digest != mark:
        raise TupleError("The peer takes this service to have a state that it does not have.", path="$")
    return known


def _split(header: Mapping[str, Any], body: bytes) -> tuple[Step, bytes]:
    """The deltas at the end of a body, and what is before them."""
    base, parts = header.get("base"), header.get("parts")
    if not isinstance(base, str) or not isinstance(parts, list) or not 1 <= len(parts) <= MOST_DELTAS:
        raise FrameError(f"Deltas need base, a text, and parts, a list of 1 to {MOST_DELTAS}.")
    deltas: list[Body] = []
    end = len(body)
    for part in reversed(parts):
        if not isinstance(part, list) or len(part) != 2 or type(part[0]) is not int or not 0 < part[0] <= end:
            raise FrameError(
                "A part is its bytes and whether they are compressed; together they are no more than the body."
            )
        deltas.append(Body(body[end - part[0] : end], bool(part[1])))
        end -= part[0]
    return Step(base, tuple(reversed(deltas))), body[:end]


def _applied(step: Step, known: State, mark: str) -> bytes:
    payload = known.body.raw()
    for delta in step.deltas:
        payload = apply(delta.raw(), payload)
    if digest(payload) != mark:
        raise TupleError("A delta did not lead to the state that it was said to lead to.", path="$")
    return payload
