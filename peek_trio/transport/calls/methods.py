"""The answering side of calls: which function serves which method, and the scope that each call runs in.

A call arrives with the seconds its caller still has; they become the deadline of a cancel scope, and the caller's `cancel` cancels that
scope. Whatever the function raises goes back as a typed error without a traceback.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from logging import DEBUG
from typing import Any

import attrs
import trio

from peek_trio.errors import CallError, FrameError, NoSuchEndpoint, PeekError
from peek_trio.logs import current_trace
from peek_trio.security import Principal
from peek_trio.transport.calls.attendants import Attendants
from peek_trio.transport.calls.contract import DEFAULT_TIMEOUT, LONGEST_TIMEOUT
from peek_trio.transport.calls.fair import FairLimiter
from peek_trio.transport.calls.method import Method
from peek_trio.transport.edge import FAULTS, failure
from peek_trio.transport.exchange import Port, number_of, text
from peek_trio.transport.owner import removal
from peek_trio.transport.spawn import Spawn
from peek_trio.transport.trace import log_request, requests, trace_of
from peek_trio.transport.wire import Frame
from peek_trio.tuples import TupleRegistry

__all__ = ["CallStatistics", "Methods", "Spawn", "check_call"]

THREADS = 16
"""Sync functions that run at the same time, each in its thread. Further ones wait, within their deadline."""


@attrs.frozen
class CallStatistics:
    """Calls over links that this service answers: those being served, and since it started those done, failed or cut short, and refused."""

    in_flight: int
    served: int
    failed: int
    refused: int


class Methods:
    """What this service, of the kind `service`, serves, and the calls it is serving."""

    def __init__(self, registry: TupleRegistry, spawn: Spawn, service: str) -> None:
        self.service = service
        self._registry = registry
        self._attendants = Attendants(spawn, self._serve, self._answer)
        self._methods: dict[str, Method] = {}
        self._begun = self._served = self._failed = self._refused = 0
        self.threads = FairLimiter(THREADS)

    def statistics(self) -> CallStatistics:
        """Counts of calls."""
        under_way = self._begun - self._served - self._failed
        return CallStatistics(under_way, self._served, self._failed, self._refused)

    def add(self, method: Method) -> Callable[[], None]:
        """Serves a method from now on; returns what removes it. Raises PeekError when somebody else serves it."""
        name = method.contract.name
        if (other := self._methods.get(name)) is not None:
            raise PeekError(f"{method.owner.name} cannot serve {name}: {other.owner.name} already does.")
        self._methods[name] = method
        return removal(self._methods, name, method)

    def serves(self, name: object) -> bool:
        """Whether a method of this name is served here."""
        return isinstance(name, str) and name in self._methods

    def allowed(self, name: object, principal: Principal) -> Method:
        """The method `name` for `principal`. Raises NoSuchEndpoint or NotAllowed."""
        method = self._methods.get(name) if isinstance(name, str) else None
        if method is None:
            raise NoSuchEndpoint(f"Nobody here serves {name!r}.")
        method.check(principal)
        return method

    def answer(self, port: Port, frame: Frame, principal: Principal) -> None:
        """Starts serving a `call`, or refuses it at once. Raises FrameError for a header that is not a call's."""
        number, header, began = number_of(frame), frame.header, trio.current_time()
        timeout, window, trace = _seconds(header), header.get("w"), trace_of(header)
        try:
            method = self.allowed(header.get("m"), principal)
            arguments = method.contract.decode_arguments(self._registry.codec, frame.body)
            call = _Call(port, number, method, method.keywords(arguments, principal), principal, trace, began)
            if type(window) is int:
                call.room = window
            port.answer_begins(number, call)
        except CallError as error:
            self._refused += 1
            port.tell_error(number, error)
            if requests.isEnabledFor(DEBUG):
                log_request("Answered", header, port.peer, began, error, trace)
            return
        self._begun += 1
        call.scope = self._attendants.take(call, began + timeout)
        method.owner.running.add(call.scope)

    async def _serve(self, call: _Call) -> bytes | Exception:
        method = call.method
        token = current_trace.set(call.trace)
        try:
            if method.contract.streams:
                await self._stream(call)
                return b"null"
            if method.in_thread:
                value = await method.run_in_thread(call.arguments, call.principal, self.threads)
            else:
                value = await method.fn(**call.arguments)
            return method.contract.encode_result(self._registry.codec, value)
        except FAULTS as raised:  # the edge of a plugin; `failure` logs it
            return failure(raised, f"Serving {method.contract.name}", service=self.service, trace=call.trace)
        finally:
            method.owner.running.discard(call.scope)
            current_trace.reset(token)  # or the attendant would be taken for one that the call has left something in

    async def _answer(self, call: _Call, outcome: bytes | Exception | None) -> None:
        # A call that its caller cancelled, or whose link is gone, is no longer entered: nobody awaits an answer.
        awaited = call.port.answer_ends(call.number, call)
        if outcome is None:
            outcome = call.method.cut_short(None)
        if isinstance(outcome, bytes):
            self._served += 1
        else:
            self._failed += 1
        if requests.isEnabledFor(DEBUG):
            said = "answered" if isinstance(outcome, bytes) else outcome
            header = {"k": "call", "m": call.method.contract.name}
            log_request("Answered", header, call.port.peer, call.began, said if awaited else "given up", call.trace)
        if not awaited:
            return
        if isinstance(outcome, bytes):
            try:
                await call.port.send(Frame({"k": "res", "i": call.number}, outcome))
            except CallError as unsent:
                call.port.tell_error(call.number, unsent)
        else:
            call.port.tell_error(call.number, outcome)

    async def _stream(self, call: _Call) -> None:
        contract, codec = call.method.contract, self._registry.codec
        header = {"k": "item", "i": call.number}
        async with call.method.items(call.arguments) as items:
            async for item in items:
                await call.port.send(Frame(header, contract.encode_result(codec, item)))
                await call.wait_for_room()


class _Call:
    """One call that is being served."""

    __slots__ = ("_room_made", "arguments", "began", "method", "number", "port", "principal", "room", "scope", "trace")

    scope: trio.CancelScope

    def __init__(
        self,
        port: Port,
        number: int,
        method: Method,
        arguments: dict[str, Any],
        principal: Principal,
        trace: str,
        began: float,
    ) -> None:
        self.port, self.number, self.method, self.arguments = port, number, method, arguments
        self.principal, self.trace, self.began = principal, trace, began
        self.room: float = math.inf
        self._room_made: trio.Event | None = None

    def cancel(self) -> None:
        self.scope.cancel()

    def more(self, count: int) -> None:
        self.room += count
        if self._room_made is not None:
            self._room_made.set()

    async def wait_for_room(self) -> None:
        """Accounts for one item, and waits until the caller has room for another."""
        self.room -= 1
        while self.room < 1:
            self._room_made = trio.Event()
            await self._room_made.wait()


def check_call(header: Mapping[str, Any]) -> None:
    """Raises FrameError for a header that is not a call's: whoever passes it on vouches for it."""
    text(header, "m")
    _seconds(header)


def _seconds(header: Mapping[str, Any]) -> float:
    seconds = header.get("d", DEFAULT_TIMEOUT)
    if type(seconds) not in (int, float) or not seconds >= 0:
        raise FrameError("d must be the seconds a call has left, a number from 0.")
    return float(min(seconds, LONGEST_TIMEOUT))
