"""Passing exchanges on between two links, body untouched.

The client service does it for its devices, the server between its services. A `Forward` is both ends of one exchange at once: it
answers towards the origin what it is answered from further on.
"""

from __future__ import annotations

from typing import Protocol

from peek_trio.errors import LONGEST_MESSAGE, BadRequest, CallError, Unavailable
from peek_trio.security import Principal
from peek_trio.transport.exchange import MOST_FORWARDED, MOST_IN_FLIGHT, Answering, Port
from peek_trio.transport.trace import trace_of
from peek_trio.transport.wire import Frame

__all__ = ["Forward", "Origin", "forward", "refuse"]

_PASSED_ON = frozenset({"k", "m", "d", "w", "all", "t", "id", "dev", "seq", "key", "made", "v", "f"})
"""What the headers of calls, actions and messages have, the trace aside. Nothing else of a device's crosses the link that all share."""


class Origin(Protocol):
    """Where a request came from, as far as passing it on goes: the port of a link, or a call of all."""

    def answer_begins(self, number: int, exchange: Answering) -> None: ...
    def answer_ends(self, number: int, exchange: Answering) -> bool: ...
    def tell(self, frame: Frame) -> None: ...
    def tell_error(self, number: int, error: BaseException) -> None: ...


class Forward:
    """One exchange under way through this service."""

    __slots__ = ("kind", "number", "onward", "onward_number", "origin", "size")

    def __init__(self, kind: str, origin: Origin, number: int, onward: Port, size: int) -> None:
        self.kind, self.origin, self.number, self.onward, self.size = kind, origin, number, onward, size
        self.onward_number = 0

    def take(self, frame: Frame) -> bool:
        """An answer from further on goes back to the origin."""
        over = frame.header.get("k") != "item"
        if over:
            self._release()
            self.origin.answer_ends(self.number, self)
        self.origin.tell(Frame({**frame.header, "i": self.number}, frame.body))
        return over

    def lost(self, error: Unavailable) -> None:
        """The way on is gone: the origin learns at once."""
        self.give_up(error)

    def give_up(self, error: CallError) -> None:
        """Ends the exchange at the origin with an error of ours."""
        self._release()
        if self.origin.answer_ends(self.number, self):
            refuse(self.origin, self.kind, self.number, error)

    def cancel(self) -> None:
        """The origin lost interest. An action that was passed on is not taken back: its receipt answers the resend."""
        if self.onward.asking.pop(self.onward_number, None) is self:
            self._release()
            if self.kind == "call":
                self.onward.tell(Frame({"k": "cancel", "i": self.onward_number}))

    def more(self, count: int) -> None:
        """The origin has room for more items."""
        self.onward.tell(Frame({"k": "more", "i": self.onward_number, "n": count}))

    def _release(self) -> None:
        self.onward.forwarded -= 1
        self.onward.forwarded_bytes -= self.size


def forward(origin: Origin, frame: Frame, principal: Principal, onward: Port, *, to: str | None) -> None:
    """Opens the exchange of `frame`, a call, an action or a message of `origin`, on the port `onward` in the name of `principal`.

    `to` is the target if it lies beyond `onward`. What exceeds the bounds of `onward` is answered at once, Unavailable or `retry`:
    a burst of devices must not cost the link that all of them share.
    """
    kind, number, size = frame.header["k"], frame.header["i"], len(frame.body)
    passing = Forward(kind, origin, number, onward, size)
    try:
        if onward.forwarded >= MOST_IN_FLIGHT or (onward.forwarded and onward.forwarded_bytes + size > MOST_FORWARDED):
            raise Unavailable(
                "There are too many calls in flight towards the service that answers; try again in a moment."
            )
        origin.answer_begins(number, passing)
    except Unavailable as error:
        refuse(origin, kind, number, error)
        return
    onward.forwarded += 1
    onward.forwarded_bytes += size
    passing.onward_number = onward.open(passing)
    header = {key: value for key, value in frame.header.items() if key in _PASSED_ON}
    header["i"], header["tr"] = passing.onward_number, trace_of(frame.header)
    if to is not None:
        header["to"] = to
    header["p"] = principal.to_wire()
    try:
        onward.request(Frame(header, frame.body))
    except BadRequest as too_large:
        del onward.asking[passing.onward_number]
        passing.give_up(too_large)


def refuse(origin: Origin, kind: str, number: int, error: CallError) -> None:
    """Answers an exchange that gets no further, as its kind is answered: an action is sent again if that may help."""
    if kind != "act":
        origin.tell_error(number, error)
        return
    header = {"k": "ack", "i": number, "status": "rejected", "message": str(error)[:LONGEST_MESSAGE]}
    if isinstance(error, Unavailable):
        header.update(status="retry", after=1.0)
    origin.tell(Frame(header))
