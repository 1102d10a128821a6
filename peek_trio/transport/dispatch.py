"""What to do with a frame: its kind finds the pattern, its target the way.

A request goes to an endpoint of this service, or on to another link with its body untouched: to the service it names, or upwards when
nobody here answers it. Each step is a look-up; nothing waits.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Protocol

import trio

from peek_trio.errors import (
    BadRequest,
    CallError,
    FrameError,
    NoSuchEndpoint,
    NotAllowed,
    PeekError,
    TupleError,
    Unavailable,
)
from peek_trio.logs import current_trace
from peek_trio.security import Principal
from peek_trio.transport.action import Actions
from peek_trio.transport.acts import read_act
from peek_trio.transport.asking import ask_all
from peek_trio.transport.calls.methods import Methods, Spawn, check_call
from peek_trio.transport.directory import Directory, is_service
from peek_trio.transport.exchange import Port, number_of, text
from peek_trio.transport.fan_out import fan_out
from peek_trio.transport.forward import forward, refuse
from peek_trio.transport.message import LONGEST_RUN, Messages
from peek_trio.transport.observables.entry import Subscriber
from peek_trio.transport.observables.observer import LinkSubscriber
from peek_trio.transport.observables.snapshot import transaction_in
from peek_trio.transport.trace import log_request, requests, trace_of
from peek_trio.transport.wire import Frame
from peek_trio.tuples import TupleRegistry, TupleSelector

__all__ = ["Dispatcher"]

MOST_SUBSCRIPTIONS = 1000
"""Subscriptions of one device. A service may have as many as a relay keeps."""

MOST_OF_A_SERVICE = 10_000

LARGEST_SELECTOR = 16 * 1024
"""Characters of a subscription's type and selector. Relays keep thousands of them, and send each on with a principal beside it."""

Answer = Callable[[Port, Frame, Principal], None]
Vouch = Callable[[Frame, Principal], object]


class Join(Protocol):
    """Subscribes at whoever has the states: a provider here, or the relay."""

    def __call__(self, selector: TupleSelector, subscriber: Subscriber) -> None: ...


class Dispatcher:
    """Takes every frame of every link of one switchboard."""

    def __init__(
        self,
        registry: TupleRegistry,
        directory: Directory,
        methods: Methods,
        actions: Actions,
        messages: Messages,
        join: Join,
        spawn: Spawn,
    ) -> None:
        self._registry = registry
        self._directory = directory
        self._methods, self._actions, self._messages = methods, actions, messages
        self._join = join
        self._spawn = spawn
        self.forwarded = 0
        self._kinds: dict[str, Callable[[Port, Frame], None]] = {
            "call": self._call,
            "act": self._act,
            "msg": self._message,
            "sub": self._subscribe,
            "unsub": _unsubscribe,
            "see": _see,
            "cancel": Port.cancel,
            "more": Port.more,
            **dict.fromkeys(("res", "err", "item", "ack", "state", "delta", "same"), Port.take),
        }

    def take(self, port: Port, frame: Frame) -> None:
        """Takes one frame. Raises FrameError, which closes the link, for what is not the protocol."""
        take = self._kinds.get(frame.header["k"])
        if take is None:
            raise FrameError(f'There is no frame of the kind "{frame.header["k"][:40]}".')
        take(port, frame)

    def _call(self, port: Port, frame: Frame) -> None:
        if "all" in frame.header:
            self._call_all(port, frame)
            return
        here = self._methods.serves(frame.header.get("m"))
        self._request(port, frame, here, self._methods.answer, _vouch_for_call)

    def _call_all(self, port: Port, frame: Frame) -> None:
        """Has every service of a kind called: by this service if it is the server, which all of them are linked to, else further up."""
        number, to = number_of(frame), text(frame.header, "to")
        check_call(frame.header)
        try:
            principal = _principal(port, frame)
            onward = self._directory.to_server(origin=port)
            if onward is None and (not self._directory.is_top or to in self._directory.own or to == "device"):
                raise BadRequest("A call of all is for a kind of service that is linked to the server.")
        except CallError as error:
            port.tell_error(number, error)
            return
        self.forwarded += 1
        if onward is None:
            fan_out(port, frame, principal, self._directory.all(to))
        else:
            forward(port, frame, principal, onward, to=to)

    def _act(self, port: Port, frame: Frame) -> None:
        here = self._actions.handles(frame.header.get("t"))
        self._request(port, frame, here, self._actions.answer, read_act)

    def _message(self, port: Port, frame: Frame) -> None:
        filt, to = frame.header.get("f"), frame.header.get("to")
        if not isinstance(filt, dict):
            raise FrameError("A msg needs f, an object.")
        if isinstance(to, str) and to not in self._directory.own and (ports := self._directory.all(to)):
            self._fan_out(port, frame, ports)
        else:
            self._request(port, frame, self._messages.heard(filt), self._messages.answer)

    def _request(self, port: Port, frame: Frame, here: bool, answer: Answer, vouch: Vouch | None = None) -> None:
        """Answers a request here, or passes it on. `here` says whether an endpoint of this service would take it.

        Before it is passed on `vouch` checks its header: what breaks the protocol costs its sender's link, never the one that many share.
        """
        number, header = number_of(frame), frame.header
        to = header.get("to")
        try:
            principal = _principal(port, frame)
            if isinstance(to, str):
                onward = self._directory.way(to, origin=port)
            else:
                onward = None if here else self._directory.to_server(origin=port)
            if onward is not None and vouch is not None:
                vouch(frame, principal)
        except CallError as error:
            refuse(port, frame.header["k"], number, error)
            return
        if onward is None:
            answer(port, frame, principal)
        else:
            self.forwarded += 1
            beyond = to if isinstance(to, str) and to not in (onward.peer.service, onward.peer.id) else None
            forward(port, frame, principal, onward, to=beyond)

    def _fan_out(self, port: Port, frame: Frame, onward: list[Port]) -> None:
        """Passes a message on to every peer of a kind, and answers with how many took it in all."""
        number, passing = number_of(frame), _PassingMessage()
        try:
            principal = _principal(port, frame)
            if frame.header["to"] == "device" and principal.kind != "service":
                raise NotAllowed(f"A message to devices needs a service token; you are {principal}.")
            port.answer_begins(number, passing)
        except CallError as error:
            port.tell_error(number, error)
            return
        self.forwarded += 1
        trace = trace_of(frame.header)
        header = {"k": "msg", "i": 0, "f": frame.header["f"], "p": principal.to_wire(), "tr": trace}
        self._spawn(self._pass_to_all, port, number, passing, onward, header, frame.body)

    async def _pass_to_all(
        self, port: Port, number: int, passing: _PassingMessage, onward: list[Port], header: dict[str, Any], body: bytes
    ) -> None:
        try:
            taken = await ask_all(onward, header, body, timeout=LONGEST_RUN)
        except PeekError as error:
            if port.answer_ends(number, passing):
                port.tell_error(number, error)
        else:
            if port.answer_ends(number, passing):
                port.tell(Frame({"k": "res", "i": number}, str(taken).encode()))

    def _subscribe(self, port: Port, frame: Frame) -> None:
        number, header = number_of(frame), frame.header
        name, fields, have = text(header, "t"), header.get("s"), _have(header.get("have"))
        if not isinstance(fields, dict) or number in port.subscriptions:
            raise FrameError("A sub needs s, an object, and a number that is not in use.")
        if port.upstream:
            port.tell_error(
                number, NoSuchEndpoint("States are watched upwards only: ask the service that provides them.")
            )
            return
        most = MOST_OF_A_SERVICE if is_service(port) else MOST_SUBSCRIPTIONS
        try:
            principal = _principal(port, frame)
            selector = TupleSelector(name, fields)
            if len(name) + len(selector.key) > LARGEST_SELECTOR:
                raise BadRequest(f"The selector is larger than the {LARGEST_SELECTOR} characters allowed.")
            if len(port.subscriptions) >= most:
                raise Unavailable(f"There are {most} subscriptions on this link, the most it may have.")
        except TupleError as error:
            port.tell_error(number, BadRequest(f"The selector does not fit. {error}"))
        except CallError as error:
            port.tell_error(number, error)
        else:
            both = header.get("both") == 1 and is_service(port)
            subscriber = LinkSubscriber(port, number, principal, have=have, both=both)
            port.subscriptions[number] = subscriber
            token = current_trace.set(trace_of(header))
            self._join(selector, subscriber)
            current_trace.reset(token)
            if requests.isEnabledFor(logging.DEBUG):
                log_request("Answered", header, port.peer, trio.current_time(), "watched", trace_of(header))


class _PassingMessage:
    """A message on its way to all peers of a kind."""

    def cancel(self) -> None:
        """It is not taken back because its sender went away."""

    def more(self, count: int) -> None:
        """Messages do not stream."""


def _unsubscribe(port: Port, frame: Frame) -> None:
    if (watching := port.subscriptions.pop(number_of(frame), None)) is not None:
        watching.end()


def _see(port: Port, frame: Frame) -> None:
    number, tx = number_of(frame), transaction_in(frame.header)
    if (watching := port.subscriptions.get(number)) is not None:
        watching.see(tx)


def _principal(port: Port, frame: Frame) -> Principal:
    """In whose name a frame asks. Only a client service speaks for others than itself, and only the server is believed downstream."""
    named = frame.header.get("p")
    if named is None:
        return port.principal
    if not port.speaks_for_others:
        raise NotAllowed("Only a client service may ask in the name of somebody else.")
    try:
        principal = Principal.from_wire(named)
    except TupleError as error:
        raise BadRequest(f"The principal does not fit. {error.within('.p')}") from error
    if principal.kind == "service" and not port.upstream:
        raise NotAllowed("A client service asks in the name of people; every service speaks for itself.")
    return principal


def _vouch_for_call(frame: Frame, principal: Principal) -> None:
    check_call(frame.header)


def _have(have: object) -> str | None:
    """The digest of the state that a subscriber has. Its epoch says nothing more: equal digests are equal rows."""
    if have is None:
        return None
    if isinstance(have, list) and len(have) == 2 and all(isinstance(part, str) for part in have):
        return have[1]  # type: ignore[no-any-return]
    raise FrameError("have must be the epoch and the digest of the state that the subscriber holds.")
