"""The switchboard of a service: every link and every endpoint of it meet here.

It joins the patterns of this room: it owns their nursery and their timetable, tells them when links come and go, and is what plugins and
services hold in their hands. Two switchboards in one process know nothing of each other.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from typing import Any, Never, ParamSpec, TypeVar

import trio

from peek_trio.errors import LinkLost, PeekError
from peek_trio.security import Principal
from peek_trio.transport.action import Actions
from peek_trio.transport.acts import ActionRequest, ActionResult
from peek_trio.transport.asking import Asker
from peek_trio.transport.calls.answers import Answer
from peek_trio.transport.calls.calling import Calling
from peek_trio.transport.calls.contract import DEFAULT_TIMEOUT, Contract
from peek_trio.transport.calls.methods import Methods
from peek_trio.transport.directory import Directory, is_service
from peek_trio.transport.dispatch import Dispatcher
from peek_trio.transport.exchange import Port
from peek_trio.transport.loader import Loaders
from peek_trio.transport.message import Messages
from peek_trio.transport.observables.entry import Subscriber
from peek_trio.transport.observables.observer import Observation
from peek_trio.transport.observables.provided import Observables, Provider
from peek_trio.transport.observables.relay import Relay
from peek_trio.transport.owner import Owner
from peek_trio.transport.scope import Scope
from peek_trio.transport.statistics import SwitchboardStatistics, Traffic
from peek_trio.transport.timetable import Timetable, keep_time
from peek_trio.transport.wire import Hello, Link, Peer
from peek_trio.tuples import TupleRegistry, TupleSelector

__all__ = ["OnPeer", "Switchboard"]

log = logging.getLogger(__name__)

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")

OnPeer = Callable[[Peer, bool], None]
"""Called with a peer, and whether it has connected (True) or gone (False)."""


class Switchboard:
    """One service's links and endpoints. `me` describes the service, `principal` is in whose name it asks its own endpoints.

    A switchboard whose `me.service` is "server" is the top: what nobody there answers is answered nowhere. Every other one passes it up.
    """

    def __init__(self, me: Hello, registry: TupleRegistry, *, principal: Principal) -> None:
        self.me = me
        self.registry = registry
        self.principal = principal
        self._nursery: trio.Nursery | None = None
        self._on_peer: dict[object, OnPeer] = {}
        self._links: set[Link] = set()
        self._timetable = Timetable()
        self._directory = Directory(me.service, me.id)
        self.methods = Methods(registry, self._spawn, me.service)
        self.actions = Actions(registry, self._spawn)
        self.messages = Messages(registry, self._spawn, me.service)
        self.observables = Observables(registry, self._spawn, self._timetable)
        self.loaders = Loaders(registry, self.methods, Owner("peek")) if self._directory.is_top else None
        self.relay = (
            None
            if self._directory.is_top
            else Relay(principal, self._timetable, speaks_for_others=me.service == "client")
        )
        self._calling = Calling(principal, registry, self._directory, self.methods, self._spawn)
        self._asker = Asker(me.id, principal, registry, self._directory, self.actions, self.messages)
        self._dispatcher = Dispatcher(
            registry, self._directory, self.methods, self.actions, self.messages, self._join, self._spawn
        )

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> Never:
        """Runs whatever endpoints do, until cancelled. Nothing else of a switchboard works before it has started."""
        async with trio.open_nursery() as nursery:
            self._nursery = nursery
            try:
                nursery.start_soon(keep_time, self._timetable)
                task_status.started()
                await trio.sleep_forever()
            finally:
                self._nursery = None
                self.disconnect(lambda peer: True, 1001, f"The {self.me.service} is stopping.")
        raise AssertionError("unreachable: it sleeps until cancelled")

    async def serve_link(self, link: Link, *, upstream: bool = False) -> Never:
        """Serves a link until it is lost, then raises LinkLost.

        `upstream` marks the link to the server: what nobody here answers goes there. Exchanges that are open when the link is lost end
        at once, on both sides; subscriptions at the server survive until the next link.
        """
        port = Port(link, self._timetable, upstream=upstream)
        self._running()
        replaced = self._directory.add(port)
        if replaced is not None:
            replaced.link.close(1000, f"{link.peer.id} connected again.")
        self._links.add(link)
        reason = "this end stopped."
        driving = trio.CancelScope()
        if upstream and self.relay is not None:
            self._spawn(_within, driving, self.relay.drive, port)
        self._tell_of(link.peer, True)
        try:
            await link.run(partial(self._dispatcher.take, port), crowded=port.crowded)
            raise AssertionError("unreachable: a link runs until it is lost")
        except LinkLost as lost:
            reason = str(lost)
            raise
        finally:
            driving.cancel()
            self._links.discard(link)
            self._directory.remove(port)
            port.lose(reason)
            if upstream and self.relay is not None:
                self.relay.disconnected(port)
            self._tell_of(link.peer, False)

    def scope(self, owner: str) -> Scope:
        """A new scope for everything that `owner`, a plugin, registers."""
        return Scope(self, owner)

    def provide(self, provider: Provider) -> Callable[[], None]:
        """Enters a provider; for `Scope`. Observers who got the type from further up get it from here from now on."""
        remove = self.observables.add(provider)
        for selector, subscriber in self.relay.take_over(provider.name) if self.relay is not None else ():
            self.observables.join(selector, subscriber)
        return remove

    def peers(self) -> list[Peer]:
        """Who is connected just now, the server included when this service is linked to it."""
        return [port.peer for port in self._directory.ports]

    def statistics(self) -> SwitchboardStatistics:
        """What is connected and under way just now, and what has been done so far."""
        ports = self._directory.ports
        return SwitchboardStatistics(
            links=Counter(port.peer.service if is_service(port) else "device" for port in ports),
            traffic=Traffic.over(link.statistics() for link in self._links),
            calls=self.methods.statistics(),
            forwarding=sum(port.forwarded for port in ports),
            forwarded=self._dispatcher.forwarded,
            actions=self.actions.statistics(),
            messages=self.messages.statistics(),
            observables=self.observables.statistics(),
            relay=None if self.relay is None else self.relay.statistics(),
        )

    def on_peers(self, callback: OnPeer) -> Callable[[], None]:
        """Calls `callback` whenever a peer connects or goes; returns what ends that."""
        key = object()
        self._on_peer[key] = callback

        def remove() -> None:
            self._on_peer.pop(key, None)

        return remove

    def disconnect(self, match: Callable[[Peer], bool], code: int, reason: str) -> int:
        """Closes the link of every peer that matches, as when its session is revoked; returns how many there were."""
        matching = [port for port in self._directory.ports if match(port.peer)]
        for port in matching:
            port.link.close(code, reason)
        return len(matching)

    def caller(
        self, contract: Contract[P, R], *, to: str | None = None, timeout: float = DEFAULT_TIMEOUT
    ) -> Callable[P, Awaitable[R]]:
        """An async function that calls `contract`.

        It is served by this service, by a connected peer of the right kind (each in its turn), or through the server; `to` is the id of
        one service, or another kind. `timeout` in seconds, or less when the caller's own cancel scopes leave less. The function raises
        the callee's error, NoSuchEndpoint, NotAllowed, BadRequest, Unavailable at once when there is no way or the link is lost, and
        DeadlineExceeded. Cancelling it cancels the callee. A contract that is idempotent is called again where others are Unavailable,
        with backoff, until there is no time left for it.
        """
        return self._calling.caller(contract, to=to, timeout=timeout)

    def streamer(
        self, contract: Contract[P, AsyncIterator[T]], *, to: str | None = None, timeout: float = DEFAULT_TIMEOUT
    ) -> Callable[P, AbstractAsyncContextManager[AsyncIterator[T]]]:
        """Like `caller`, for a contract that streams: `async with stream(...) as items`. Leaving the block cancels the callee."""
        return self._calling.streamer(contract, to=to, timeout=timeout)

    def call_all(
        self, contract: Contract[P, R], *, to: str | None = None, timeout: float = DEFAULT_TIMEOUT
    ) -> Callable[P, Awaitable[list[Answer[R]]]]:
        """Like `caller`, for every service of the kind that is connected to the server: one answer for each, also for one that failed.

        All of them have the same `timeout`; who has not answered by then has DeadlineExceeded. None connected is an empty list. The
        function raises only when nobody was asked: Unavailable or DeadlineExceeded on the way to the server, and BadRequest.
        """
        return self._calling.call_all(contract, to=to, timeout=timeout)

    @asynccontextmanager
    async def observe(self, selector: TupleSelector) -> AsyncIterator[Observation]:
        """Watches a selector: gives an async iterator of `ObservedState`, the newest each time.

        It survives the loss of the link to the server: states are stale meanwhile. It raises NotAllowed, or NoSuchEndpoint when nobody
        has provided the type for a while.
        """
        observation = Observation(self.principal, lambda: self.registry.codec)
        self._join(selector, observation)
        try:
            yield observation
        finally:
            observation.leave()

    async def act(self, action: object, *, key: str = "", timeout: float = DEFAULT_TIMEOUT) -> ActionResult:
        """Has an action applied, in order with the others of this service and `key`.

        The result is `retry` when the server is not connected. Raises DeadlineExceeded when there was no answer in `timeout` seconds;
        whether it was applied is unknown then.
        """
        return await self._asker.act(action, key=key, timeout=timeout)

    def request(self, action: object, *, key: str = "") -> ActionRequest:
        """What `act` would ask for, for whoever must be able to ask for it again: an outbox keeps it until it is answered."""
        return self._asker.request(action, key=key)

    async def send(self, request: ActionRequest, *, timeout: float = DEFAULT_TIMEOUT) -> ActionResult:
        """Has an action applied that `request` made, for the first time or again. Otherwise like `act`.

        One whose number has been passed meanwhile, because a later one was sent first, is numbered anew.
        """
        return await self._asker.send(request, timeout=timeout)

    async def send_message(
        self,
        filt: Mapping[str, Any],
        rows: Sequence[object] = (),
        *,
        to: str | None = None,
        timeout: float = DEFAULT_TIMEOUT,
    ) -> int:
        """Sends a message to whoever listens to `filt`; returns how many took it.

        Without `to` those are the listeners of this service if there are any, else those of the server. `to` is a kind of service, all
        of which receive it, or the id of one. Raises NoSuchEndpoint when nobody listens.
        """
        return await self._asker.send_message(filt, rows, to=to, timeout=timeout)

    def notify(self, selector: TupleSelector | str) -> None:
        """What `selector` shows has changed; a type's name stands for every selector of the type."""
        self.observables.notify(selector)

    def _join(self, selector: TupleSelector, subscriber: Subscriber) -> None:
        if self.relay is None or self.observables.provides(selector.type):
            self.observables.join(selector, subscriber)
        else:
            self.relay.join(selector, subscriber)

    def _spawn(self, function: Callable[..., Any], *args: Any) -> None:
        self._running().start_soon(function, *args)

    def _running(self) -> trio.Nursery:
        if self._nursery is None:
            raise PeekError(f"The switchboard of the {self.me.service} {self.me.id} is not running.")
        return self._nursery

    def _tell_of(self, peer: Peer, connected: bool) -> None:
        for callback in list(self._on_peer.values()):
            try:
                callback(peer, connected)
            except Exception:
                log.exception("A callback on peers failed for %s %s.", peer.service, peer.id)


async def _within(scope: trio.CancelScope, function: Callable[..., Awaitable[None]], port: Port) -> None:
    with scope:
        await function(port)
