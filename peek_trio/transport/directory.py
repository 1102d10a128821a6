"""Which links are up, and which of them leads to a target.

A target is a kind of service ("agent") or the id of one service. People's devices are never a target of each other.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Collection, Iterator

from peek_trio.errors import Unavailable
from peek_trio.transport.exchange import Port

__all__ = ["SERVICE_KINDS", "Directory", "absent", "is_service"]

SERVICE_KINDS = frozenset({"server", "client", "agent", "worker"})


class Directory:
    """The connected ports, by kind and by id. A kind with several services is used in turn."""

    def __init__(self, service: str, service_id: str) -> None:
        self.own = (service, service_id)
        self.is_top = service == "server"
        self.ports: dict[Port, None] = {}
        self.upstream: Port | None = None
        self._kinds: dict[str, list[Port]] = {}
        self._ids: dict[str, Port] = {}
        # One for each kind: two kinds that took turns at one would each skip services.
        self._turns: dict[str, Iterator[int]] = defaultdict(itertools.count)

    def add(self, port: Port) -> Port | None:
        """Enters a port. Returns the one it replaces: a service that came back before its old link was found dead."""
        self.ports[port] = None
        if port.upstream:
            self.upstream = port
        if not is_service(port):
            return None
        peer = port.peer
        replaced = self._ids.get(peer.id)
        if replaced is not None:
            self._kinds[replaced.peer.service].remove(replaced)
        self._ids[peer.id] = port
        self._kinds.setdefault(peer.service, []).append(port)
        return replaced

    def remove(self, port: Port) -> None:
        """Takes a port out, if it is there."""
        self.ports.pop(port, None)
        if self._ids.get(port.peer.id) is port:
            del self._ids[port.peer.id]
            self._kinds[port.peer.service].remove(port)
        if self.upstream is port:
            self.upstream = None

    def way(self, target: str, *, origin: Port | None = None, avoid: Collection[str] = ()) -> Port | None:
        """The port that leads to `target`, None when that is this service itself. Never back to where a frame came from.

        Of a kind, services whose ids are in `avoid` are passed over as long as there are others. Raises Unavailable when the target is
        not connected just now.
        """
        if target in self.own:
            return None
        port = self._pick(target, avoid) or (None if origin is not None and origin.upstream else self.upstream)
        if port is None or port is origin:
            raise Unavailable(absent(target))
        return port

    def to_server(self, *, origin: Port) -> Port | None:
        """Where a frame that names no target goes when it finds nothing here: upwards, or None when it came from there.

        Raises Unavailable while this service has lost its link to the server.
        """
        if self.is_top or origin.upstream:
            return None
        if self.upstream is None:
            raise Unavailable(absent("server"))
        return self.upstream

    def all(self, target: str) -> list[Port]:
        """Every connected service of the kind `target`, or the one with that id; with "device", every device."""
        if target == "device":
            return [port for port in self.ports if not is_service(port)]
        if target in SERVICE_KINDS:
            return list(self._kinds.get(target, ()))
        return [self._ids[target]] if target in self._ids else []

    def _pick(self, target: str, avoid: Collection[str]) -> Port | None:
        if target not in SERVICE_KINDS:
            return self._ids.get(target)
        candidates = self._kinds.get(target)
        if not candidates:
            return None
        if avoid:
            candidates = [port for port in candidates if port.peer.id not in avoid] or candidates
        return candidates[next(self._turns[target]) % len(candidates)]


def is_service(port: Port) -> bool:
    """Whether the peer has proved to be a service. What it calls itself proves nothing."""
    return port.principal.kind == "service"


def absent(target: str) -> str:
    """The sentence about a target that is not connected."""
    if target == "server":
        return "The server is not connected."
    return f"No {target} is connected." if target in SERVICE_KINDS else f"{target} is not connected."
