"""Who brought how much: each watched entry of a relay is on the account of one of those who watch it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable

from peek_trio.security import Principal

__all__ = ["Accounts"]


class Accounts:
    """At most `most` entries for each person. Services, which watch for themselves, have no account."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._holders: dict[Hashable, str] = {}
        self._counts: Counter[str] = Counter()

    def full(self, principal: Principal) -> bool:
        """Whether nothing more goes on the account of `principal`."""
        return principal.kind != "service" and self._counts[principal.name] >= self.most

    def holder(self, entry: Hashable) -> str | None:
        """The name of the person on whose account an entry is."""
        return self._holders.get(entry)

    def charge(self, entry: Hashable, principal: Principal | None) -> None:
        """Puts an entry on the account of `principal` in place of who had it, or with None on nobody's."""
        if (before := self._holders.pop(entry, None)) is not None:
            self._counts[before] -= 1
            if not self._counts[before]:
                del self._counts[before]
        if principal is not None and principal.kind != "service":
            self._holders[entry] = principal.name
            self._counts[principal.name] += 1
