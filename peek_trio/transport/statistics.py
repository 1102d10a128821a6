"""What a switchboard does, in numbers: for the overview of administrators, and for tests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import attrs

from peek_trio.transport.action import ActionStatistics
from peek_trio.transport.calls.methods import CallStatistics
from peek_trio.transport.message import MessageStatistics
from peek_trio.transport.observables.statistics import ObservablesStatistics, RelayStatistics
from peek_trio.transport.wire import LinkStatistics

__all__ = ["SwitchboardStatistics", "Traffic"]


@attrs.frozen
class Traffic:
    """The sums over the links that are connected now. What waits has not left yet; `replaced` never did, because something newer came."""

    frames_received: int
    messages_received: int
    bytes_received: int
    frames_sent: int
    messages_sent: int
    bytes_sent: int
    replaced: int
    waiting_frames: int
    waiting_bytes: int

    @classmethod
    def over(cls, links: Iterable[LinkStatistics]) -> Traffic:
        """The sums over `links`."""
        links = list(links)
        return cls(**{field.name: sum(getattr(link, field.name) for link in links) for field in attrs.fields(cls)})


@attrs.frozen
class SwitchboardStatistics:
    """One service, as it is now and since it started.

    `links` counts the connected peers by kind, where everything that has not proved to be a service is a "device". `forwarded` requests
    were passed on to another service, `forwarding` of them await their answer. `relay` is None on the server, which has nothing above it.
    """

    links: Mapping[str, int]
    traffic: Traffic
    calls: CallStatistics
    forwarding: int
    forwarded: int
    actions: ActionStatistics
    messages: MessageStatistics
    observables: ObservablesStatistics
    relay: RelayStatistics | None
