"""Actions: what a device wants done, once, in order.

An action names the device, an order key and its place in that order. Actions of one person, device and key are applied one after the
other in the order they arrive; different keys do not wait for each other. Exactly once is the handler's part (it keeps the receipt);
here every action gets an answer that tells the device what to do next: forget it, show why it was rejected, send it again, or sign in.
"""

from __future__ import annotations

import logging
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from typing import Protocol

import attrs
import trio

from peek_trio.errors import (
    BadRequest,
    CallError,
    DatabaseUnavailable,
    DeadlineExceeded,
    PeekError,
    TupleError,
    Unavailable,
)
from peek_trio.logs import current_trace
from peek_trio.security import Policy, Principal, anyone
from peek_trio.transport.acts import ActionRequest, ActionResult, ActionStatus, ack_frame, read_act
from peek_trio.transport.edge import FAULTS, core_of, refusal
from peek_trio.transport.exchange import Port, number_of, text
from peek_trio.transport.owner import Owner, removal
from peek_trio.transport.spawn import Spawn
from peek_trio.transport.trace import log_request, requests, trace_of
from peek_trio.transport.upgrades import Upgrades
from peek_trio.transport.wire import Frame
from peek_trio.tuples import TupleRegistry

__all__ = ["RETRY_AFTER", "ActionStatistics", "Actions", "Apply", "Handler", "Keeper", "Waiting"]

log = logging.getLogger(__name__)

LONGEST_RUN = 60.0
"""Seconds that applying one action may take before the device is told to retry."""

RETRY_AFTER = 5.0
"""Seconds that a device waits before it sends again what could not be applied now."""

UPGRADE_AFTER = 60.0
"""Seconds that a device waits with what only a newer version of this service can read."""

KEEPS_WITHIN = 10.0
"""Seconds that writing down what has been done may take."""

MOST_WAITING = 1000
"""Actions of one device and order key that may wait their turn."""

Apply = Callable[[ActionRequest], Awaitable[ActionResult]]

_LaneKey = tuple[str, str, str, str]


class Keeper(Protocol):
    """Who writes down the actions that no handler does: refused ones, and those whose effect lies outside the database."""

    async def refuse(self, request: ActionRequest, why: str) -> ActionResult:
        """Keeps that an action was rejected, and answers it; one that had been answered before is answered as it was then."""
        ...

    async def ran(self, request: ActionRequest, result: ActionResult) -> ActionResult:
        """Keeps what an action came to; returns its answer, which says whether it had run before."""
        ...


@attrs.frozen(eq=False)
class Handler:
    """Who applies the actions of a type. With `once` it keeps a receipt of each by itself."""

    name: str
    apply: Apply
    allow: Policy
    owner: Owner
    once: bool = True


@attrs.frozen
class ActionStatistics:
    """Actions at this service: those that wait or are being applied, and since it started how many had which answer."""

    waiting: int
    applied: int
    rejected: int
    retry: int


class Actions:
    """The handlers of this service, and the actions waiting for them. `keeper` writes down what they do not, where there is one."""

    def __init__(self, registry: TupleRegistry, spawn: Spawn) -> None:
        self._registry = registry
        self._spawn = spawn
        self._handlers: dict[str, Handler] = {}
        self._handled_once: set[str] = set()
        self._absent: set[str] = set()
        self._lanes: dict[_LaneKey, deque[Waiting]] = {}
        self._answers: Counter[ActionStatus] = Counter()
        self._owner = Owner("peek")
        self.upgrades = Upgrades(registry)
        self.keeper: Keeper | None = None

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
            self.take(waiting, request, lambda: self.upgrades.read(name, request.version, frame.body))

    def take(self, waiting: Waiting, request: ActionRequest, decode: Callable[[], object]) -> None:
        """Queues an action in its lane, or answers `waiting` at once with why not. `decode` makes the tuple, as `Upgrades.read` does."""
        name = waiting.name = request.type
        handler = self._handlers.get(name)
        if handler is None:
            self._refuse(waiting, request, self.unhandled(name))
        elif (no := refusal(handler.allow, request.principal, name)) is not None:
            nobody = request.principal.kind == "nobody"
            self._refuse(waiting, request, ActionResult("sign-in" if nobody else "rejected", str(no)))
        elif isinstance(action := _decoded(handler, decode, waiting.trace), ActionResult):
            self._refuse(waiting, request, action)
        else:
            self._queue(waiting, handler, attrs.evolve(request, action=action))

    def _refuse(self, waiting: Waiting, request: ActionRequest, result: ActionResult) -> None:
        """Answers without a handler. A last word is written down first, in its turn, since a device that hears it forgets the action."""
        keeper = self.keeper
        if keeper is None or result.status != "rejected" or request.principal.kind == "nobody":
            waiting.answer(result)
            return
        refuse = keeper.refuse
        refuser = Handler(request.type, lambda request: refuse(request, result.message), anyone, self._owner)
        self._queue(waiting, refuser, request)

    def _queue(self, waiting: Waiting, handler: Handler, request: ActionRequest) -> None:
        waiting.handler, waiting.request = handler, request
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
            port.tell(ack_frame(self._registry.codec, number, attrs.evolve(result, result=None)))

    async def _work(self, lane_key: _LaneKey) -> None:
        lane = self._lanes[lane_key]
        try:
            while lane:
                # Whoever went away before its turn sends the action again, and is answered then.
                if not lane[0].gone:
                    lane[0].answer(await self._kept(lane[0]))
                lane.popleft()
        finally:
            del self._lanes[lane_key]

    async def _kept(self, waiting: Waiting) -> ActionResult:
        result = await _applied(waiting)
        if self.keeper is None or waiting.handler.once or result.status not in ("applied", "rejected"):
            return result
        with trio.move_on_after(KEEPS_WITHIN):
            return await self.keeper.ran(waiting.request, result)
        log.warning("It took too long to write down that %s was %s.", waiting.name, result.status)
        return result


def _decoded(handler: Handler, decode: Callable[[], object], trace: str) -> object:
    try:
        return decode()
    except TupleError as error:
        return ActionResult("rejected", f"{handler.name} does not fit its declaration. {error}")
    except Unavailable as newer:
        return ActionResult("retry", str(newer), after=UPGRADE_AFTER)
    except Exception as error:  # noqa: BLE001 (the edge of a plugin that reads older versions; `_failed` logs what is a fault)
        return _failed(handler, error, trace)


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
