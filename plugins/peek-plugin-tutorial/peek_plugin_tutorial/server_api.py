"""What other plugins on the server may use of this one: `ctx.api("peek_plugin_tutorial", TutorialApi)`."""

from __future__ import annotations

from typing import Protocol, runtime_checkable


@runtime_checkable
class TutorialApi(Protocol):
    """The table of strings and numbers, for other plugins."""

    async def add(self, string: str, number: int) -> int:
        """Add a row; gives its id. Every open page shows it at once."""
        ...

    async def count(self) -> int:
        """How many rows there are."""
        ...
