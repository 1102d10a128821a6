"""Actions: what a device wants done, once, in order.

An action names the device, an order key and its place in that order. Actions of one person, device and key are applied one after the
other in the order they arrive; different keys do not wait for each other. Exactly once is the handler's part (it keeps the receipt);
here every action gets an answer that tells the device what to do next: forget it, show why it was rejected, send it again, or sign in.
"""

from __future__ import annotations

import logging
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any, Literal, cast, get_args

import attrs
import trio

from peek_trio.errors import (
    LONGEST_MESSAGE,
    BadRequest,
    CallError,
    DatabaseUnavailable,
    DeadlineExceeded,
    FrameError,
    PeekError,
    RemoteError,
    TupleError,
    Unavailable,
)
from peek_trio.logs import current_trace
from peek_trio.security import Policy, Principal
from peek_trio.transport.edge import FAULTS, core_of, refusal
from peek_trio.transport.exchange import Port, number_of, text
from peek_trio.transport.observables.state import instant
from peek_trio.transport.owner import Owner, removal
from peek_trio.transport.spawn import Spawn
from peek_trio.transport.trace import log_request, requests, trace_of
from peek_trio.transport.wire import Frame
from peek_trio.tuples import Codec, TupleRegistry
from peek_trio.tuples.plain import LARGEST_INT

__all__ = [
    "ActionRequest",
    "ActionResult",
    "ActionStatistics",
    "ActionStatus",
    "Actions",
    "Apply",
    "Handler",
    "Waiting",
    "ack_frame",
    "read_ack",
    "read_act",
]

log = logging.getLogger(__name__)

LONGEST_RUN = 60.0
"""Seconds that applying one action may take before the device is told to retry."""

RETRY_AFTER = 5.0
"""Seconds that a device waits before it sends again what could not be applied now."""

MOST_WAITING = 1000
"""Actions of one device and order key that may wait their turn."""

LONGEST_NAME = 200
"""Characters of an action's id, of its device's and of its order key: a receipt is found by them."""

ActionStatus = Literal["applied", "rejected", "retry", "sign-in"]


@attrs.frozen
class ActionRequest:
    """An action as it reaches its handler.

    `id` was made on the device and is unique, `seq` counts within `device` and `key` from 1, `made` is the device's clock. `type` and
    `body` are the action as it was sent.
    """

    action: object
    id: str
    device: str
    key: str
    seq: int
    made: datetime
    principal: Principal
    type: str = ""
    body: bytes = attrs.field(default=b"", repr=False)


@attrs.frozen
class ActionResult:
    """The answer to an action.

    `applied`: effect and receipt are committed, `result` is what the handler returned (plain JSON). `rejected`: it never will be, and
    `message` tells the user why. `retry`: not now; send it again `after` seconds. `sign-in`: the device is not known any more.
    A handler that has the result as JSON bytes already gives it as `encoded` instead.

    `tx` is the number of the transaction that an effect in the database is part of. `repeated` says that the action had been sent, and
    applied, before. `missing` are the first and the last of the numbers before this one that never arrived; `expected`, with `retry`,
    is the number that it can be applied under, since its own has been passed already.
    """

    status: ActionStatus
    message: str = ""
    result: Any = None
    after: float | None = None
    encoded: bytes = b""
    tx: int | None = None
    repeated: bool = False
    missing: tuple[int, int] | None = None
    expected: int | None = None


Apply = Callable[[ActionRequest], Awaitable[ActionResult]]

_LaneKey = tuple[str, str, str, str]


@attrs.frozen(eq=False)
class Handler:
    """Who applies the actions of a type."""

    name: str
    apply: Apply
    allow: Policy
    owner: Owner


@attrs.frozen
class ActionStatistics:
    """Actions at this service: those that wait or are being applied, and since it started how many had which answer."""

    waiting: int
    applied: int
    rejected: int
    retry: int


class Actions:
    """The handlers of this service, and the actions waiting for them."""

    def __init__(self, registry: TupleRegistry, spawn: Spawn) -> None:
        self._registry = registry
        self._spawn = spawn
        self._handlers: dict[str, Handler] = {}
        self._handled_once: set[str] = set()
        self._absent: set[str] = set()
        self._lanes: dict[_LaneKey, deque[Waiting]] = {}
        self._answers: Counter[ActionStatus] = Counter()

    def statistics(self) -> ActionStatistics:
        """Counts of actions."""
        waiting, answers = sum(map(len, self._lanes.values())), self._answers
        rejected = answers["rejected"] + answers["sign-in"]
        return ActionStatistics(waiting, answers["applied"], rejected, answers["retry"])

    def add(self, handler: Handler) -> Callable[[], None]:
        """Handles a type from now on; returns what removes it. Raises PeekError when somebody else handles it."""
        if (other := self._handlers.get(handler.name)) is not None:
            raise PeekError(f"{handler.owner.name} cannot handle {handler.name}: {other.owner.name} already does.")
        self._handlers[handler.name] = handler
        self._handled_once.add(handler.name)
        return removal(self._handlers, handler.name, handler)

    def plugin_runs(self, plugin: str, runs: bool) -> None:
        """Tells whether a plugin that belongs on this service runs. While it does not, its actions are not lost: they come again."""
        (self._absent.discard if runs else self._absent.add)(plugin)

    def handles(self, name: object) -> bool:
        """Whether a type is handled here, or was until its plugin stopped."""
        return isinstance(name, str) and name in self._handled_once

    def answer(self, port: Port, frame: Frame, principal: Principal) -> None:
        """Takes an `act` of `port`, or refuses it at once. Raises FrameError for a header that is not an act's."""
        number, name = number_of(frame), text(frame.header, "t")
        waiting = Waiting(lambda result: self._tell(port, number, waiting, result), trace_of(frame.header))
        try:
            request = read_act(frame, principal)
            port.answer_begins(number, waiting)
        except BadRequest as error:
            port.tell(ack_frame(self._registry.codec, number, ActionResult("rejected", str(error))))
        except Unavailable as full:
            port.tell(ack_frame(self._registry.codec, number, ActionResult("retry", str(full), after=1.0)))
        else:
            self.take(waiting, name, request, lambda: self._registry.codec.decode_one(name, frame.body))

    def take(self, waiting: Waiting, name: str, request: ActionRequest, decode: Callable[[], object]) -> None:
        """Queues an action in its lane, or answers `waiting` at once with why not. `decode` makes the tuple, or raises TupleError."""
        waiting.name = name
        handler = self._handlers.get(name)
        if handler is None:
            waiting.answer(self.unhandled(name))
            return
        if (no := refusal(handler.allow, request.principal, name)) is not None:
            waiting.answer(ActionResult("sign-in" if request.principal.kind == "nobody" else "rejected", str(no)))
            return
        try:
            waiting.request = attrs.evolve(request, action=decode())
        except TupleError as error:
            waiting.answer(ActionResult("rejected", f"{name} does not fit its declaration. {error}"))
            return
        waiting.handler = handler
        # Whose it is comes first: a device's name proves nothing, and must not hold up somebody else's.
        lane_key = (request.principal.kind, request.principal.name, request.device, request.key)
        lane = self._lanes.get(lane_key)
        if lane is None:
            self._lanes[lane_key] = deque([waiting])
            self._spawn(self._work, lane_key)
        elif len(lane) >= MOST_WAITING:
            waiting.answer(ActionResult("retry", "Too many actions of this device are waiting.", after=RETRY_AFTER))
        else:
            lane.append(waiting)

    def unhandled(self, name: str) -> ActionResult:
        """The answer to an action of a type that has no handler here just now."""
        if name in self._handled_once:
            return ActionResult("retry", f"The plugin that handles {name} is restarting.", after=RETRY_AFTER)
        if name.partition(".")[0] in self._absent:
            return ActionResult("retry", f"The plugin that handles {name} does not run just now.", after=RETRY_AFTER)
        return ActionResult("rejected", f"No plugin on this service handles {name}.")

    def _tell(self, port: Port, number: int, waiting: Waiting, result: ActionResult) -> None:
        self._answers[result.status] += 1
        if requests.isEnabledFor(logging.DEBUG):
            outcome = f"{result.status} {result.message}".rstrip()
            log_request("Answered", {"k": "act", "t": waiting.name}, port.peer, waiting.began, outcome, waiting.trace)
        if not port.answer_ends(number, waiting):
            return
        try:
            port.tell(ack_frame(self._registry.codec, number, result))
        except TupleError as error:
            log.error("%s was applied, but its result cannot travel: %s", waiting.handler.name, error)
            port.tell(ack_frame(self._registry.codec, number, ActionResult(result.status, result.message)))

    async def _work(self, lane_key: _LaneKey) -> None:
        lane = self._lanes[lane_key]
        try:
            while lane:
                # Whoever went away before its turn sends the action again, and is answered then.
                if not lane[0].gone:
                    lane[0].answer(await _applied(lane[0]))
                lane.popleft()
        finally:
            del self._lanes[lane_key]


async def _applied(waiting: Waiting) -> ActionResult:
    handler, request = waiting.handler, waiting.request
    scope = trio.CancelScope(deadline=trio.current_time() + LONGEST_RUN)
    handler.owner.running.add(scope)
    token = current_trace.set(waiting.trace)
    try:
        if handler.owner.closed:
            return ActionResult("retry", f"The plugin that handles {handler.name} stopped.", after=RETRY_AFTER)
        with scope:
            return await handler.apply(request)
        return ActionResult("retry", f"{handler.name} could not be applied in time.", after=RETRY_AFTER)
    except FAULTS as raised:  # the edge of a plugin; `_failed` logs what is a fault
        return _failed(handler, core_of(raised), waiting.trace)
    finally:
        handler.owner.running.discard(scope)
        current_trace.reset(token)


def _failed(handler: Handler, error: Exception, trace: str) -> ActionResult:
    if isinstance(error, DatabaseUnavailable | Unavailable | DeadlineExceeded):
        log.info("%s is to be sent again: %s", handler.name, error)
        return ActionResult("retry", str(error), after=RETRY_AFTER)
    if isinstance(error, CallError):
        return ActionResult("rejected", str(error))
    log.error("Applying %s failed; the device sends it again.", handler.name, exc_info=error)
    why = f"Applying it failed. The log of the service says why (trace {trace})."
    return ActionResult("retry", why, after=RETRY_AFTER)


class Waiting:
    """An action on its way to its handler; `answer` is called once with the outcome. Also the exchange of a peer's `act`."""

    __slots__ = ("answer", "began", "gone", "handler", "name", "request", "trace")

    handler: Handler
    request: ActionRequest

    def __init__(self, answer: Callable[[ActionResult], None], trace: str) -> None:
        self.answer = answer
        self.trace = trace
        self.name = ""
        self.began = trio.current_time()
        self.gone = False

    def cancel(self) -> None:
        """The peer is gone. An action whose turn has not come is left to its resend; one that is being applied is finished."""
        self.gone = True

    def more(self, count: int) -> None:
        """Actions do not stream."""


def read_act(frame: Frame, principal: Principal) -> ActionRequest:
    """The request in an `act`, its body not decoded yet.

    Raises FrameError for a header that is not an act's, BadRequest for one whose texts no receipt can be filed under.
    """
    header = frame.header
    text(header, "t")
    id, device, key, seq = text(header, "id"), text(header, "dev"), text(header, "key"), header.get("seq")
    if type(seq) is not int or not 1 <= seq <= LARGEST_INT:
        raise FrameError("An act needs seq, an integer from 1.", close_code=1002)
    made = instant(header.get("made"))
    if not (id and device) or any(len(part) > LONGEST_NAME or "\0" in part for part in (id, device, key)):
        raise BadRequest(
            f"The id and the device of an action have 1 to {LONGEST_NAME} characters, its key at most as many, and none is NUL."
        )
    return ActionRequest(None, id, device, key, seq, made, principal, header["t"], frame.body)


def ack_frame(codec: Codec, number: int, result: ActionResult) -> Frame:
    """The `ack` that carries a result."""
    header: dict[str, Any] = {"k": "ack", "i": number, "status": result.status}
    if result.message:
        header["message"] = result.message[:LONGEST_MESSAGE]
    if result.after is not None:
        header["after"] = result.after
    if result.tx is not None:
        header["tx"] = str(result.tx)  # more than a browser's numbers hold
    if result.repeated:
        header["repeated"] = True
    if result.missing is not None:
        header["missing"] = list(result.missing)
    if result.expected is not None:
        header["expected"] = result.expected
    body = result.encoded
    if not body and result.result is not None:
        body = codec.encode_value(result.result)
    return Frame(header, body)


def read_ack(codec: Codec, frame: Frame) -> ActionResult:
    """The result that an `ack` carries. Raises RemoteError when it is none."""
    try:
        told = _told(frame.header)
    except (KeyError, ValueError, TypeError) as error:
        raise RemoteError(
            f"The other side answered an action with {frame.header.get('status')!r}, which is no answer."
        ) from error
    result = codec.decode_value(frame.body, Any) if frame.body else None
    return attrs.evolve(told, result=result, encoded=frame.body)


def _told(header: Mapping[str, Any]) -> ActionResult:
    status, message, after, tx = header["status"], header.get("message", ""), header.get("after"), header.get("tx")
    missing, expected = header.get("missing"), header.get("expected")
    if (
        status not in get_args(ActionStatus)
        or not isinstance(message, str)
        or not isinstance(after, int | float | None)
    ):
        raise ValueError("not the status, message or after of an ack")
    if missing is not None:
        first, last = missing
        missing = int(first), int(last)
    return ActionResult(
        cast(ActionStatus, status),
        message,
        after=after,
        tx=None if tx is None else int(tx),
        repeated=header.get("repeated") is True,
        missing=missing,
        expected=None if expected is None else int(expected),
    )
