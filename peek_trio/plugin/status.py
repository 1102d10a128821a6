"""How a plugin is doing on one service, as shown to administrators."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import attrs

from peek_trio.tuples import tuple_type

__all__ = ["PluginStatus", "State"]

State = Literal["installed", "loaded", "started", "stopped", "unloaded", "failed", "restarting"]


@tuple_type("peek.PluginState")
@attrs.frozen
class PluginStatus:
    """One plugin on one service.

    `state` is where it is in its life, `reason` a sentence that says why (empty when all is well), `since` when it came there and
    `restarts` how often it was started again after a crash.
    """

    service: str
    service_id: str
    plugin: str
    title: str
    version: str
    state: State
    reason: str
    since: datetime
    restarts: int = 0
