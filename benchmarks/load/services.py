"""The services that are compared, each in a process of its own, with a crowd of devices to talk to."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import attrs
from load.processes import Other, crowd, other
from peers.environment import PEERS

__all__ = ["Served", "bare", "peek", "vortex", "websockets"]

HERE = Path(__file__).parent
AT_ONCE = 100
"""Devices on their way at a time."""


@attrs.define
class Served:
    """A service, and devices that dial it."""

    name: str
    service: Other
    port: int
    devices: Other
    count: int = 0

    def move(self, to: Served) -> None:
        """The devices leave, and will dial another service with what they have."""
        self.devices.ask(do="leave")
        self.devices.tell(do="open", port=to.port)
        self.service, self.port, self.count = to.service, to.port, 0

    def arrive(self, count: int) -> dict[str, float]:
        """So many further devices connect and subscribe: how long that takes, and what it costs the service."""
        before = self.service.ask(do="settle")
        arrived = self.devices.ask(do="connect", count=count, at_once=AT_ONCE)
        busy = self.service.ask(do="say")
        after = self.service.ask(do="settle")
        self.count += count
        return {
            "seconds": arrived["seconds"],
            "CPU": (busy["cpu"] - before["cpu"]) / count,
            "memory": (after["memory"] - before["memory"]) / count,
            "resident": after["memory"],
            "received": arrived["received"] / count,
            "sent": arrived["sent"] / count,
        }

    def update(self, **how: int) -> dict[str, float]:
        """The rows change: how long until every device has them, and what a delivery costs the service."""
        self.devices.ask(do="expect", messages=self.count)
        before = self.service.ask(do="say")
        began = time.perf_counter()
        self.service.ask(do="update", **how)
        arrived = self.devices.hear()
        seconds = time.perf_counter() - began
        after = self.service.ask(do="say")
        return {
            "seconds": seconds,
            "rate": self.count / seconds,
            "CPU": (after["cpu"] - before["cpu"]) / self.count,
            "bytes": arrived["received"] / self.count,
        }


@contextmanager
def peek(**spec: object) -> Iterator[Served]:
    """Our client service, whole: front door, relay, and a server above it."""
    with other(HERE / "client_service.py") as service:
        port = service.hear()["port"]
        with crowd(port, "peek", type="benchmark.Point", **spec) as devices:
            yield Served("peek", service, port, devices)


@contextmanager
def vortex(python: str) -> Iterator[Served]:
    """vortexpy's server with an observable."""
    with other(PEERS / "vortex_server.py", python=python) as service:
        started = service.hear()
        said = {"hello": started["hello"], "subscribe": started["subscribe"]}
        with crowd(started["port"], "vortex", **said) as devices:
            yield Served("vortexpy 6.2.2", service, started["port"], devices)


@contextmanager
def websockets(handler: str) -> Iterator[Served]:
    """Websockets and nothing on them, accepted by "peek" or by "trio-websocket"."""
    with other(HERE / "acceptor.py", handler) as service:
        port = service.hear()["port"]
        with crowd(port, "idle") as devices:
            yield Served(handler, service, port, devices)


@contextmanager
def bare() -> Iterator[Served]:
    """A loop of `socket.send`."""
    with other(HERE / "sender.py") as service:
        port = service.hear()["port"]
        with crowd(port, "bare") as devices:
            yield Served("a loop of socket.send", service, port, devices)
