"""Which tuple classes the running plugins of one service brought, and who still uses them.

A class belongs to the package that defines it, but any plugin may use it (an agent observes what another plugin provides). It stays
registered until its last user is gone.
"""

from __future__ import annotations

from collections import defaultdict

from peek_trio.tuples import TupleRegistry

__all__ = ["TupleOwners"]


class TupleOwners:
    """Registers tuple classes for plugins and takes them out of the registry with their last user."""

    def __init__(self, registry: TupleRegistry) -> None:
        self._registry = registry
        self._users: defaultdict[str, set[str]] = defaultdict(set)

    def add(self, cls: type, *, user: str) -> None:
        """Register `cls` for the plugin `user`. Raises PeekError when another package has taken its name."""
        package = cls.__module__.partition(".")[0]
        self._registry.add(cls, owner=package)
        self._users[package].add(user)

    def leave(self, user: str) -> None:
        """The plugin `user` is gone: remove the classes that nobody else uses."""
        for package, users in list(self._users.items()):
            users.discard(user)
            if not users:
                del self._users[package]
                self._registry.remove_owner(package)
