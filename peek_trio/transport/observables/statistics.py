"""What the observables of a service have done, in numbers."""

from __future__ import annotations

import attrs

__all__ = ["Counts", "ObservablesStatistics", "RelayStatistics"]


@attrs.define
class Counts:
    """What was handed to links: frames by kind, and how many states never left because newer ones took their place."""

    sent: dict[str, int] = attrs.field(factory=lambda: {"state": 0, "delta": 0, "same": 0})
    conflated: int = 0

    def fields(self) -> dict[str, int]:
        """The fields that the statistics of both sides have of these."""
        sent = self.sent
        return {
            "states_sent": sent["state"],
            "deltas_sent": sent["delta"],
            "same_sent": sent["same"],
            "conflated": self.conflated,
        }


@attrs.frozen
class ObservablesStatistics:
    """Of what is provided here. `entries`, `watchers`, `bytes` and `stale` are as of now, everything else counts from the start.

    `entries` are states that somebody watches, `watchers` their subscriptions, `bytes` what their bodies and deltas take, `stale` how
    many of them are. `unchanged` of the `runs` of providers gave what was known. `states_sent`, `deltas_sent` and `same_sent` are frames
    to peers, `conflated` states that newer ones replaced before they left.
    """

    entries: int
    watchers: int
    bytes: int
    stale: int
    runs: int
    unchanged: int
    failed: int
    deltas_made: int
    states_sent: int
    deltas_sent: int
    same_sent: int
    conflated: int


@attrs.frozen
class RelayStatistics:
    """Of what comes from further up. `entries`, `watched`, `watchers`, `bytes` and `stale` are as of now, the rest counts from the start.

    `watched` of the `entries` have `watchers`; the others are kept for those who come back, and `evicted` counts what had to go before
    its time to make room. `received` frames came from further up. The rest is as in `ObservablesStatistics`.
    """

    entries: int
    watched: int
    watchers: int
    bytes: int
    stale: int
    received: int
    evicted: int
    states_sent: int
    deltas_sent: int
    same_sent: int
    conflated: int
