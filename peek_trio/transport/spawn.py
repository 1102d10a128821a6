"""How the patterns start what may wait: in the nursery of their switchboard, which owns it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

__all__ = ["Spawn"]


class Spawn(Protocol):
    """Starts a background task in the switchboard's nursery."""

    def __call__(self, function: Callable[..., Any], *args: Any) -> None: ...
