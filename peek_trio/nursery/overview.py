"""What the server knows of the whole platform: which services are there, and how their plugins are doing.

Plain objects that are told what happens; `peek_trio.nursery.server` shows them to administrators.
"""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Protocol

import attrs

from peek_trio.nursery.platform_tuples import Service
from peek_trio.plugin.status import PluginStatus

MOST_SERVICES = 1000
"""Services remembered; beyond that, those that went away longest ago are forgotten."""


class ServicePeer(Protocol):
    """What the overview reads of a peer (`peek_trio.transport.wire.Peer` is one)."""

    @property
    def service(self) -> str: ...
    @property
    def id(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def version(self) -> str: ...
    @property
    def address(self) -> str: ...


@attrs.define
class ServiceOverview:
    """The services seen since the start.

    `now` tells the time, `on_change` is called after every change, and `on_forgotten` with the id of a service that is no longer listed.
    """

    on_change: Callable[[], None] = lambda: None
    on_forgotten: Callable[[str], None] = lambda service_id: None
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    _seen: dict[str, Service] = attrs.field(factory=dict, init=False)

    def came_up(self, service: Service) -> None:
        """Enter a service as it is, the server itself for one."""
        self._seen[service.id] = service
        self.on_change()

    def connected(self, peers: Iterable[ServicePeer]) -> None:
        """These services are connected now; those known before that are not among them have gone away.

        The server itself is never a peer and stays as it is.
        """
        connected = {peer.id: peer for peer in peers}
        before = dict(self._seen)
        for peer in connected.values():
            known = self._seen.get(peer.id)
            if known is None or known.state == "away" or known.address != peer.address:
                self._seen[peer.id] = self._service(peer)
        for known in before.values():
            if known.state == "up" and known.kind != "server" and known.id not in connected:
                self._seen[known.id] = attrs.evolve(known, state="away", since=self.now())
        if self._seen != before:
            self._forget_the_oldest()
            self.on_change()

    def rows(self) -> list[Service]:
        """All of them, by kind and name."""
        return sorted(self._seen.values(), key=lambda service: (service.kind, service.name, service.id))

    def _service(self, peer: ServicePeer) -> Service:
        host = peer.address.rpartition(":")[0] or peer.address
        return Service(peer.service, peer.id, peer.name, peer.version, "up", self.now(), host, peer.address)

    def _forget_the_oldest(self) -> None:
        away = sorted((s for s in self._seen.values() if s.state == "away"), key=lambda s: s.since)
        for service in away[: max(0, len(self._seen) - MOST_SERVICES)]:
            del self._seen[service.id]
            self.on_forgotten(service.id)


@attrs.define
class PluginOverview:
    """The last that each service said about its plugins."""

    on_change: Callable[[], None] = lambda: None
    _states: dict[str, list[PluginStatus]] = attrs.field(factory=dict, init=False)

    def reported(self, service_id: str, statuses: Iterable[PluginStatus]) -> None:
        """A service has told how all its plugins are doing. What it says about other services is not believed."""
        self._states[service_id] = [status for status in statuses if status.service_id == service_id]
        self.on_change()

    def forget(self, service_id: str) -> None:
        """Drop what this service said."""
        if self._states.pop(service_id, None):
            self.on_change()

    def rows(self) -> list[PluginStatus]:
        """Every plugin on every service, by title and service."""
        everything = (status for statuses in self._states.values() for status in statuses)
        return sorted(everything, key=lambda status: (status.title.casefold(), status.service, status.service_id))
