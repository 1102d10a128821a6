"""Messages: raw payloads for whoever listens to a filt, for what the other patterns do not fit.

A filt is a dict; a message goes to every listener whose filt is a subset of the message's. Listeners are found through an index on their
rarest item, not by a scan. A message that nobody takes is an error to its sender.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import attrs
import trio

from peek_trio.errors import (
    BadRequest,
    CallError,
    DeadlineExceeded,
    NoSuchEndpoint,
    PeekError,
    TupleError,
    Unavailable,
)
from peek_trio.logs import current_trace
from peek_trio.security import Policy, Principal
from peek_trio.transport.edge import FAULTS, failure, refusal
from peek_trio.transport.exchange import Port, number_of
from peek_trio.transport.owner import Owner
from peek_trio.transport.spawn import Spawn
from peek_trio.transport.trace import log_request, present_trace, requests, trace_of
from peek_trio.transport.wire import Frame, Peer
from peek_trio.tuples import TupleRegistry

__all__ = ["Hear", "Listener", "ListenerIndex", "MessageStatistics", "Messages"]

LONGEST_RUN = 30.0
"""Seconds that all listeners of one message may take."""

Item = tuple[str, str]
Hear = Callable[[list[Any], Peer | None], Awaitable[None]]
"""Takes the rows of a message and the peer it came from, None when that is this service."""


@attrs.frozen(eq=False)
class Listener:
    """Who takes the messages of a filt."""

    filt: Mapping[str, Any]
    hear: Hear
    allow: Policy
    owner: Owner
    items: frozenset[Item] = attrs.field(init=False, repr=False)

    @items.default
    def _items(self) -> frozenset[Item]:
        return frozenset(_items_of(self.filt))


class ListenerIndex:
    """Listeners by one item of their filt each: the one that fewest others are found by."""

    def __init__(self) -> None:
        self._found_by: dict[Item | None, dict[Listener, None]] = {}

    def add(self, listener: Listener) -> Callable[[], None]:
        """Enters a listener; returns what removes it."""
        item = min(listener.items, key=lambda item: (len(self._found_by.get(item, ())), item), default=None)
        self._found_by.setdefault(item, {})[listener] = None
        return partial(self._remove, item, listener)

    def _remove(self, item: Item | None, listener: Listener) -> None:
        listeners = self._found_by.get(item, {})
        listeners.pop(listener, None)
        if not listeners:
            self._found_by.pop(item, None)

    def matching(self, filt: Mapping[str, Any]) -> list[Listener]:
        """Every listener whose filt is a subset of `filt`."""
        items = set(_items_of(filt))
        found: Iterable[Item | None] = (None, *items)
        return [listener for item in found for listener in self._found_by.get(item, ()) if listener.items <= items]


@attrs.frozen
class MessageStatistics:
    """Messages to this service since it started: those that a listener took, and those that nobody took."""

    taken: int
    refused: int


class Messages:
    """The listeners of this service, of the kind `service`."""

    def __init__(self, registry: TupleRegistry, spawn: Spawn, service: str) -> None:
        self._registry = registry
        self._spawn = spawn
        self._service = service
        self._index = ListenerIndex()
        self._taken = self._refused = 0

    def statistics(self) -> MessageStatistics:
        """Counts of messages."""
        return MessageStatistics(self._taken, self._refused)

    def add(self, listener: Listener) -> Callable[[], None]:
        """Listens from now on; returns what ends it."""
        return self._index.add(listener)

    def heard(self, filt: Mapping[str, Any]) -> bool:
        """Whether anybody here listens to `filt`."""
        return bool(self._index.matching(filt))

    def answer(self, port: Port, frame: Frame, principal: Principal) -> None:
        """Hands a `msg` of `port` to its listeners, or refuses it at once."""
        number = number_of(frame)
        delivery = _Delivery(port, number, frame.header)
        try:
            listeners = self._listeners(frame.header["f"], principal)
            rows = self._registry.codec.decode(frame.body)
            port.answer_begins(number, delivery)
        except TupleError as error:
            self._refuse(delivery, BadRequest(f"The payload of the message does not fit. {error}"))
        except CallError as error:
            self._refuse(delivery, error)
        else:
            self._spawn(self._answer, delivery, listeners, rows)

    async def deliver_here(
        self, filt: Mapping[str, Any], rows: Sequence[object], principal: Principal, timeout: float
    ) -> int:
        """Hands a message of this service to its own listeners; returns how many took it."""
        delivery = _Delivery(None, 0, {"k": "msg", "f": filt, "tr": present_trace()})
        try:
            return await self._deliver(delivery, self._listeners(filt, principal), list(rows), timeout)
        except PeekError as error:
            delivery.log(error)
            raise

    def _listeners(self, filt: Mapping[str, Any], principal: Principal) -> list[Listener]:
        listeners = self._index.matching(filt)
        if not listeners:
            raise NoSuchEndpoint(f"Nobody listens to {json.dumps(dict(filt), sort_keys=True)}.")
        refusals = [refusal(listener.allow, principal, "This message") for listener in listeners]
        if all(refusals):
            assert refusals[0] is not None
            raise refusals[0]
        return [listener for listener, no in zip(listeners, refusals, strict=True) if no is None]

    async def _answer(self, delivery: _Delivery, listeners: list[Listener], rows: list[Any]) -> None:
        port, number = delivery.port, delivery.number
        assert port is not None
        try:
            taken = await self._deliver(delivery, listeners, rows, LONGEST_RUN)
        except PeekError as error:
            delivery.log(error)
            if port.answer_ends(number, delivery):
                port.tell_error(number, error)
        else:
            if port.answer_ends(number, delivery):
                port.tell(Frame({"k": "res", "i": number}, str(taken).encode()))

    async def _deliver(self, delivery: _Delivery, listeners: list[Listener], rows: list[Any], timeout: float) -> int:
        errors: list[PeekError] = []
        with trio.move_on_after(timeout) as scope:
            async with trio.open_nursery() as nursery:
                for listener in listeners:
                    nursery.start_soon(self._hear, delivery, listener, rows, errors)
        if scope.cancelled_caught:
            self._refused += 1
            raise DeadlineExceeded(f"The listeners of the message took longer than {timeout:g} s.")
        if len(errors) == len(listeners):
            self._refused += 1
            raise errors[0]
        self._taken += 1
        taken = len(listeners) - len(errors)
        delivery.log(f"taken by {taken}")
        return taken

    async def _hear(self, delivery: _Delivery, listener: Listener, rows: list[Any], errors: list[PeekError]) -> None:
        current_trace.set(delivery.trace)  # this task is for this message alone
        peer = None if delivery.port is None else delivery.port.peer
        with trio.CancelScope() as scope:
            listener.owner.running.add(scope)
            try:
                await listener.hear(list(rows), peer)
            except FAULTS as raised:  # the edge of a plugin; `failure` logs it
                doing = f"{listener.owner.name}, taking a message for {dict(listener.filt)},"
                errors.append(failure(raised, doing, service=self._service, trace=delivery.trace))
            finally:
                listener.owner.running.discard(scope)
        if scope.cancelled_caught:
            errors.append(Unavailable(f"{listener.owner.name} stopped while it took the message.", sent=True))

    def _refuse(self, delivery: _Delivery, error: CallError) -> None:
        assert delivery.port is not None
        self._refused += 1
        delivery.port.tell_error(delivery.number, error)
        delivery.log(error)


class _Delivery:
    """A message being taken by its listeners. `port` is None when it is of this service."""

    def __init__(self, port: Port | None, number: int, header: Mapping[str, Any]) -> None:
        self.port, self.number, self._header = port, number, header
        self.trace = trace_of(header)
        self._began = trio.current_time()

    def log(self, outcome: object) -> None:
        """Tells the log what became of it."""
        if requests.isEnabledFor(logging.DEBUG):
            peer = None if self.port is None else self.port.peer
            log_request("Answered", self._header, peer, self._began, outcome, self.trace)

    def cancel(self) -> None:
        """A message that has reached its listeners is not taken back because its sender went away."""

    def more(self, count: int) -> None:
        """Messages do not stream."""


def _items_of(filt: Mapping[str, Any]) -> list[Item]:
    return [(key, json.dumps(value, sort_keys=True)) for key, value in filt.items()]
