"""The world outside: the gauges themselves, which are there whether or not a service is."""

from __future__ import annotations

import attrs

from peek_plugin_gauges.contract import SetGauge


@attrs.define
class World:
    """What the gauges show, and what was done to them. `broken` makes reading fail."""

    gauges: dict[str, int] = attrs.field(factory=dict)
    applied: list[SetGauge] = attrs.field(factory=list)
    read: int = 0
    broken: bool = False


world = World()
