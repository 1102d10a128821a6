"""When an alarm is raised and when it is cleared: a plain object that takes samples and gives changes.

Hysteresis in value and in time. A value between the two limits changes nothing, and a value must stay beyond a limit for
the hold time, so that an alarm neither flickers nor answers to one odd sample.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

import attrs

from ..tuples import Sample


class Limits(Protocol):
    """What is needed of a threshold."""

    @property
    def id(self) -> int: ...
    @property
    def metric(self) -> str: ...
    @property
    def raise_at(self) -> float: ...
    @property
    def clear_at(self) -> float: ...
    @property
    def hold_seconds(self) -> int: ...


@attrs.frozen
class Change:
    """An alarm of one threshold on one machine is to be raised, or to be cleared."""

    threshold_id: int
    raised: bool
    sample: Sample
    value: float


@attrs.define
class AlarmWatch:
    """Remembers since when each value has been beyond the limit that matters. One for all machines; losing it costs one hold time."""

    _since: dict[tuple[str, int], float] = attrs.field(factory=dict)

    def observe(
        self, host: str, samples: Sequence[Sample], thresholds: Collection[Limits], active: Collection[int]
    ) -> list[Change]:
        """The changes that these samples bring, in their order.

        `active` are the ids of the thresholds with an active alarm on this machine.
        """
        raised = {threshold.id: threshold.id in active for threshold in thresholds}
        return [
            change
            for sample in samples
            for threshold in thresholds
            if (change := self._observe_one(host, sample, threshold, raised)) is not None
        ]

    def _observe_one(self, host: str, sample: Sample, threshold: Limits, raised: dict[int, bool]) -> Change | None:
        value = value_of(sample, threshold.metric)
        if value is None:
            return None
        beyond = value <= threshold.clear_at if raised[threshold.id] else value >= threshold.raise_at
        key = (host, threshold.id)
        if not beyond:
            self._since.pop(key, None)
            return None
        now = sample.at.timestamp()
        if now - self._since.setdefault(key, now) < threshold.hold_seconds:
            return None
        del self._since[key]
        raised[threshold.id] = not raised[threshold.id]
        return Change(threshold.id, raised[threshold.id], sample, value)


def value_of(sample: Sample, metric: str) -> float | None:
    """The value of a metric by its name; None for a name that no sample has (a threshold may name anything)."""
    fields: Mapping[str, object] = attrs.asdict(sample, recurse=False)
    value = fields.get(metric)
    return float(value) if isinstance(value, int | float) else None
