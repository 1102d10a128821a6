"""One link seen as the exchanges that are open on it, in both directions.

An exchange is what one number `i` stands for: a call and its answers, a subscription and its states. `Port` numbers those this side
opens, finds the one an answer belongs to, and ends all of them when the link does. It does no I/O of its own beyond handing frames to
the link's queues, so it is tested with a link that only records.
"""

from __future__ import annotations

import itertools
import logging
from collections.abc import Hashable, Mapping
from typing import Any, Protocol

from peek_trio.errors import BadRequest, FrameError, LinkLost, RemoteError, Unavailable, to_wire
from peek_trio.transport.timetable import Timetable
from peek_trio.transport.wire import Frame, Peer

__all__ = [
    "MOST_FORWARDED",
    "MOST_IN_FLIGHT",
    "MOST_ROOM",
    "Answering",
    "Asking",
    "FrameLink",
    "Port",
    "Watching",
    "number_of",
    "text",
]

log = logging.getLogger(__name__)

MOST_IN_FLIGHT = 1000
"""Exchanges that one side may have open at the other, subscriptions aside."""

MOST_FORWARDED = 4 * 2**20
"""Bytes of bodies that others' exchanges may hold on one link until they are answered. Half of what a link queues."""

MOST_ROOM = 1_000_000
"""Items of a stream that a consumer may have room for."""


class FrameLink(Protocol):
    """What the patterns need of a `wire.Link`."""

    peer: Peer

    async def send(self, frame: Frame) -> None: ...
    def send_nowait(self, frame: Frame) -> None: ...
    def post(self, slot: Hashable, frame: Frame) -> bool: ...
    def waiting(self, slot: Hashable) -> bool: ...
    def withdraw(self, slot: Hashable) -> None: ...
    def close(self, code: int = 1000, reason: str = "") -> None: ...


class Asking(Protocol):
    """An exchange this side opened."""

    def take(self, frame: Frame) -> bool:
        """An answer came. True when it was the last."""

    def lost(self, error: Unavailable) -> None:
        """The link ended; no answer will come."""


class Answering(Protocol):
    """An exchange the peer opened."""

    def cancel(self) -> None:
        """The peer has lost interest, or its link."""

    def more(self, count: int) -> None:
        """The peer has room for `count` more items."""


class Watching(Protocol):
    """A subscription of the peer."""

    def see(self, tx: int) -> None:
        """The peer wants to be told when the state includes the transaction `tx`."""

    def end(self) -> None:
        """The peer has lost interest, or its link."""


class Port:
    """One link with its open exchanges. `upstream` marks a service's own link towards the server; deadlines go in `timetable`."""

    def __init__(self, link: FrameLink, timetable: Timetable, *, upstream: bool = False) -> None:
        self.link = link
        self.timetable = timetable
        self.peer = link.peer
        self.principal = principal = link.peer.principal
        self.upstream = upstream
        # Only a client service relays for others, and only the server's side is believed downstream.
        self.speaks_for_others = upstream or (link.peer.service == "client" and principal.kind == "service")
        self.asking: dict[int, Asking] = {}
        self.answering: dict[int, Answering] = {}
        self.subscriptions: dict[int, Watching] = {}
        self.calling = 0  # exchanges that code on this service waits for
        self.forwarded = 0
        self.forwarded_bytes = 0
        self.closed = False
        self._numbers = itertools.count(1)

    def open(self, exchange: Asking) -> int:
        """Gives `exchange` its number. Raises Unavailable when the link has ended."""
        if self.closed:
            raise Unavailable(f"The {self.peer.service} is not connected.")
        number = next(self._numbers)
        self.asking[number] = exchange
        return number

    def crowded(self) -> bool:
        """Whether more is about to be sent than what is sent just now: it had better share a message with that."""
        return bool(self.answering) or self.calling + self.forwarded > 1

    def take(self, frame: Frame) -> None:
        """Hands an answer to its exchange. Late answers to exchanges that are over are dropped: nobody waits for them."""
        number = number_of(frame)
        exchange = self.asking.get(number)
        if exchange is not None and exchange.take(frame):
            self.asking.pop(number, None)

    def tell(self, frame: Frame) -> None:
        """Sends a frame now. A link that has ended swallows it: its end is reported elsewhere."""
        try:
            self.link.send_nowait(frame)
        except LinkLost:
            log.debug("A frame to %s %s found its link ended.", self.peer.service, self.peer.id)
        except FrameError as too_large:
            log.warning("An answer was not sent: %s", too_large)
            self.tell_error(frame.header["i"], RemoteError(str(too_large)))

    def request(self, frame: Frame) -> None:
        """Sends a request now, without waiting for room. Raises BadRequest when it is too large.

        A link that has ended swallows it: `lose` ends the exchange.
        """
        try:
            self.link.send_nowait(frame)
        except LinkLost:
            log.debug("A request to %s %s found its link ended.", self.peer.service, self.peer.id)
        except FrameError as too_large:
            raise BadRequest(str(too_large)) from too_large

    def tell_error(self, number: int, error: BaseException) -> None:
        """Ends the peer's exchange `number` with an error."""
        self.tell(Frame({"k": "err", "i": number, "e": to_wire(error)}))

    async def send(self, frame: Frame) -> None:
        """Sends a frame, waiting for room. Raises Unavailable when the link has ended, BadRequest when the frame is too large."""
        try:
            await self.link.send(frame)
        except LinkLost as lost:
            raise Unavailable(f"{self._lost(lost)} Nothing was sent.") from lost
        except FrameError as too_large:
            raise BadRequest(str(too_large)) from too_large

    def answer_begins(self, number: int, exchange: Answering) -> None:
        """Enters an exchange of the peer. Raises Unavailable when it has too many open, FrameError when the number is in use."""
        if number in self.answering:
            raise FrameError(f"The exchange {number} is open already.")
        if len(self.answering) >= MOST_IN_FLIGHT:
            raise Unavailable(
                f"There are too many calls in flight on this link ({MOST_IN_FLIGHT}); try again in a moment."
            )
        self.answering[number] = exchange

    def answer_ends(self, number: int, exchange: Answering) -> bool:
        """Takes an exchange out again. False when the peer has cancelled it, and so awaits no answer."""
        if self.answering.get(number) is not exchange:
            return False
        del self.answering[number]
        return True

    def cancel(self, frame: Frame) -> None:
        """The peer's `cancel`."""
        if (exchange := self.answering.pop(number_of(frame), None)) is not None:
            exchange.cancel()

    def more(self, frame: Frame) -> None:
        """The peer's `more`: room for further items of a stream."""
        count = frame.header.get("n")
        if type(count) is not int or not 1 <= count <= MOST_ROOM:
            raise FrameError(f"more needs n, the number of items there is room for, from 1 to {MOST_ROOM}.")
        if (exchange := self.answering.get(number_of(frame))) is not None:
            exchange.more(count)

    def lose(self, reason: str) -> None:
        """Ends every exchange: the link is gone."""
        self.closed = True
        error = Unavailable(f"{self._lost(reason)} What was sent may have been carried out.", sent=True)
        asking, self.asking = self.asking, {}
        answering, self.answering = self.answering, {}
        watching, self.subscriptions = self.subscriptions, {}
        for watched in watching.values():
            watched.end()
        for asked in asking.values():
            asked.lost(error)
        for answered in answering.values():
            answered.cancel()

    def _lost(self, reason: object) -> str:
        return f"The link to the {self.peer.service} {self.peer.id} was lost: {str(reason).removesuffix('.')}."


def number_of(frame: Frame) -> int:
    """The number of the exchange a frame belongs to. Raises FrameError."""
    number = frame.header.get("i")
    if type(number) is not int or number < 1:
        raise FrameError(f"A {frame.header.get('k')} needs i, a positive integer.")
    return number


def text(header: Mapping[str, Any], key: str) -> str:
    """A field of a header that must be a text. Raises FrameError."""
    value = header.get(key)
    if not isinstance(value, str):
        raise FrameError(f"A {header.get('k')} needs {key}, a text.")
    return value
