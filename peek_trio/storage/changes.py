"""The change feed: who wants to know that a table has changed, and what is told to other processes.

A unit of work notes the tables it touches. At its commit they are announced twice: to the subscribers in this process directly, and
to every other process by a PostgreSQL NOTIFY that is part of the same transaction. Nothing here waits or talks to a database.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Collection

import attrs

__all__ = ["CHANNEL", "EVERYTHING", "Announcement", "ChangeFeed"]

log = logging.getLogger(__name__)

CHANNEL = "peek_changes"
"""The NOTIFY channel."""

EVERYTHING = frozenset({"*"})
"""Stands for every table: changes may have been missed, or were too many to name."""

_MOST_BYTES = 7_000  # PostgreSQL refuses a payload of 8000 bytes or more.

Callback = Callable[[frozenset[str]], None]


@attrs.frozen
class Announcement:
    """What a commit tells other processes: the database object it came from, and the tables it touched ("schema.table")."""

    origin: str
    tables: frozenset[str]

    def to_payload(self) -> str:
        """The NOTIFY payload; names EVERYTHING when the names do not fit into one."""
        payload = json.dumps({"origin": self.origin, "tables": sorted(self.tables)})
        if len(payload.encode()) > _MOST_BYTES:
            payload = json.dumps({"origin": self.origin, "tables": sorted(EVERYTHING)})
        return payload

    @classmethod
    def from_payload(cls, payload: str) -> Announcement:
        """The announcement in a payload. One that nobody of ours wrote means EVERYTHING: better one look too many than a missed change."""
        try:
            data = json.loads(payload)
            return cls(str(data["origin"]), frozenset(str(table) for table in data["tables"]))
        except (ValueError, KeyError, TypeError, RecursionError):
            return cls("", EVERYTHING)


@attrs.frozen(eq=False)
class _Subscription:
    tables: frozenset[str]
    callback: Callback


class ChangeFeed:
    """Subscribers by table. All of it runs on the Trio thread."""

    def __init__(self) -> None:
        self._by_table: dict[str, set[_Subscription]] = {}

    def on_change(self, tables: Collection[str], callback: Callback) -> Callable[[], None]:
        """Calls `callback` after every commit that touched one of `tables` ("schema.table"), in this process or another.

        It gets those of its tables that were touched, must be quick, and may be told of a change that leaves a table as it was.
        Returns the function that ends the subscription; calling it again does nothing.
        """
        subscription = _Subscription(frozenset(tables), callback)
        for table in subscription.tables:
            self._by_table.setdefault(table, set()).add(subscription)

        def remove() -> None:
            for table in subscription.tables:
                subscriptions = self._by_table.get(table, set())
                subscriptions.discard(subscription)
                if not subscriptions:
                    self._by_table.pop(table, None)

        return remove

    def announce(self, tables: frozenset[str]) -> None:
        """Tells whoever follows one of `tables`; EVERYTHING tells all.

        An exception of a callback is logged and goes no further: the change is committed, and others want to know of it too.
        """
        touched = self._by_table.keys() if tables & EVERYTHING else tables & self._by_table.keys()
        told = {subscription for table in touched for subscription in self._by_table[table]}
        for subscription in told:
            try:
                subscription.callback(subscription.tables & touched)
            except Exception:
                log.exception("A subscriber to changes of %s failed.", ", ".join(sorted(subscription.tables)))

    @property
    def tables(self) -> frozenset[str]:
        """The tables somebody follows."""
        return frozenset(self._by_table)
