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
    RemoteError,
    TupleError,
    Unavailable,
    sentence_of,
)
from peek_trio.security import Policy, Principal
from peek_trio.transport.calls.methods import Spawn
from peek_trio.transport.edge import core_of, expected, refusal
from peek_trio.transport.exchange import Port, number_of
from peek_trio.transport.owner import Owner
from peek_trio.transport.wire import Frame, Peer
from peek_trio.tuples import TupleRegistry

__all__ = ["Hear", "Listener", "ListenerIndex", "Messages"]

log = logging.getLogger(__name__)

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


class Messages:
    """The listeners of this service."""

    def __init__(self, registry: TupleRegistry, spawn: Spawn) -> None:
        self._registry = registry
        self._spawn = spawn
        self._index = ListenerIndex()

    def add(self, listener: Listener) -> Callable[[], None]:
        """Listens from now on; returns what ends it."""
        return self._index.add(listener)

    def heard(self, filt: Mapping[str, Any]) -> bool:
        """Whether anybody here listens to `filt`."""
        return bool(self._index.matching(filt))

    def answer(self, port: Port, frame: Frame, principal: Principal) -> None:
        """Hands a `msg` of `port` to its listeners, or refuses it at once."""
        number = number_of(frame)
        delivery = _Delivery()
        try:
            listeners = self._listeners(frame.header["f"], principal)
            rows = self._registry.codec.decode(frame.body)
            port.answer_begins(number, delivery)
        except TupleError as error:
            port.tell_error(number, BadRequest(f"The payload of the message does not fit. {error}"))
        except CallError as error:
            port.tell_error(number, error)
        else:
            self._spawn(self._answer, port, number, delivery, listeners, rows)

    async def deliver_here(
        self, filt: Mapping[str, Any], rows: Sequence[object], principal: Principal, timeout: float
    ) -> int:
        """Hands a message of this service to its own listeners; returns how many took it."""
        return await self._deliver(self._listeners(filt, principal), list(rows), None, timeout)

    def _listeners(self, filt: Mapping[str, Any], principal: Principal) -> list[Listener]:
        listeners = self._index.matching(filt)
        if not listeners:
            raise NoSuchEndpoint(f"Nobody listens to {json.dumps(dict(filt), sort_keys=True)}.")
        refusals = [refusal(listener.allow, principal, "This message") for listener in listeners]
        if all(refusals):
            assert refusals[0] is not None
            raise refusals[0]
        return [listener for listener, no in zip(listeners, refusals, strict=True) if no is None]

    async def _answer(
        self, port: Port, number: int, delivery: _Delivery, listeners: list[Listener], rows: list[Any]
    ) -> None:
        try:
            taken = await self._deliver(listeners, rows, port.peer, LONGEST_RUN)
        except CallError as error:
            if port.answer_ends(number, delivery):
                port.tell_error(number, error)
        else:
            if port.answer_ends(number, delivery):
                port.tell(Frame({"k": "res", "i": number}, str(taken).encode()))

    async def _deliver(self, listeners: list[Listener], rows: list[Any], peer: Peer | None, timeout: float) -> int:
        errors: list[Exception] = []
        with trio.move_on_after(timeout) as scope:
            async with trio.open_nursery() as nursery:
                for listener in listeners:
                    nursery.start_soon(_hear, listener, rows, peer, errors)
        if scope.cancelled_caught:
            raise DeadlineExceeded(f"The listeners of the message took longer than {timeout:g} s.")
        if len(errors) == len(listeners):
            raise errors[0]
        return len(listeners) - len(errors)


class _Delivery:
    """A message being taken by its listeners."""

    def cancel(self) -> None:
        """A message that has reached its listeners is not taken back because its sender went away."""

    def more(self, count: int) -> None:
        """Messages do not stream."""


async def _hear(listener: Listener, rows: list[Any], peer: Peer | None, errors: list[Exception]) -> None:
    with trio.CancelScope() as scope:
        listener.owner.running.add(scope)
        try:
            await listener.hear(list(rows), peer)
        except Exception as raised:
            error = core_of(raised)
            if not expected(error):
                log.error(
                    "%s failed to take a message for %s.", listener.owner.name, dict(listener.filt), exc_info=error
                )
            errors.append(error if isinstance(error, CallError) else RemoteError(sentence_of(error)))
        finally:
            listener.owner.running.discard(scope)
    if scope.cancelled_caught:
        errors.append(Unavailable(f"{listener.owner.name} stopped while it took the message."))


def _items_of(filt: Mapping[str, Any]) -> list[Item]:
    return [(key, json.dumps(value, sort_keys=True)) for key, value in filt.items()]
