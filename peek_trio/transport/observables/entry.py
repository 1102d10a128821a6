"""One state and everybody on this service who watches it.

An `Entry` stands for a tuple type, a selector and a set of roles. Whoever feeds it (a provider here, or the server further up) publishes
states into it; it hands each to all its subscribers, encoded once, and remembers it for those who come later. Nothing here waits or
knows of sockets.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Generic, NamedTuple, Protocol, TypeVar

from peek_trio.security import Principal
from peek_trio.transport.observables.snapshot import includes
from peek_trio.transport.observables.state import StaleInfo, State
from peek_trio.transport.observables.statistics import Counts
from peek_trio.tuples import TupleSelector

__all__ = ["MOST_AWAITED", "Entry", "EntryKey", "EntryTable", "Subscriber", "nothing_to_await", "nothing_to_leave"]

MOST_AWAITED = 64
"""Transactions that one subscriber may wait for at a time."""


class EntryKey(NamedTuple):
    """What subscribers must have in common to share an entry: equal rows for equal keys."""

    type: str
    selector: str
    kind: str
    roles: frozenset[str]

    @classmethod
    def of(cls, selector: TupleSelector, principal: Principal) -> EntryKey:
        return cls(selector.type, selector.key, principal.kind, principal.roles)


class Subscriber(Protocol):
    """One end that watches an entry: a link's subscription or an observer on this service.

    `leave` ends the subscription, `awaits` says that it waits for a state that includes a transaction, `counts` is where it accounts for
    what it sends; whoever feeds the subscriber sets the three.
    """

    principal: Principal
    leave: Callable[[], None]
    awaits: Callable[[int], None]
    counts: Counts

    def changed(self, state: State, stale: StaleInfo | None, skipped: int = 0) -> None:
        """The state, or only its freshness, is now this. `skipped` states before it did not come this far."""

    def failed(self, error: Exception) -> None:
        """The subscription has ended."""


class Entry:
    """The last state of a selector, how stale it is, and its subscribers.

    `principal` is what a provider is asked for: the kind and roles that the subscribers share, without a name, because rows that depended
    on the name would reach others of the same roles.
    """

    def __init__(self, key: EntryKey, selector: TupleSelector) -> None:
        self.key = key
        self.selector = selector
        self.principal = Principal(key.kind, "", roles=key.roles)  # type: ignore[arg-type]  # the key has it from a principal
        self.state: State | None = None
        self.stale: StaleInfo | None = None
        self.subscribers: dict[Subscriber, None] = {}
        self.awaited: dict[Subscriber, dict[int, None]] = {}

    def join(self, subscriber: Subscriber) -> None:
        """Adds a subscriber, and tells it the state if there is one."""
        self.subscribers[subscriber] = None
        if self.state is not None:
            subscriber.changed(self.state, self.stale)

    def part(self, subscriber: Subscriber) -> None:
        """Removes a subscriber, if it is there."""
        self.subscribers.pop(subscriber, None)
        self.awaited.pop(subscriber, None)

    def wait(self, subscriber: Subscriber, tx: int) -> bool:
        """A subscriber wants to be told when the state includes the transaction `tx`. True when it has to wait for that.

        Otherwise it is told the state at once, also when that was read in no snapshot, so that nobody can ever tell. Of too many that one
        subscriber waits for the first is forgotten.
        """
        if subscriber not in self.subscribers:
            return False
        if self.state is not None and (not self.state.seen or includes(self.state.seen, tx)):
            subscriber.changed(self.state, self.stale)
            return False
        awaited = self.awaited.setdefault(subscriber, {})
        awaited[tx] = None
        if len(awaited) > MOST_AWAITED:
            del awaited[next(iter(awaited))]
        return True

    def publish(self, state: State, stale: StaleInfo | None = None, skipped: int = 0) -> None:
        """The state is now `state`, after `skipped` that did not come this far. Subscribers hear of it if that is news to them.

        So do those who waited for a transaction that it includes, though the rows are the same.
        """
        known, was_stale = self.state, self.stale
        self.state, self.stale = state, stale
        alike = known is not None and known.digest == state.digest and known.epoch == state.epoch
        answered = self._answered(state)
        if not alike or was_stale != stale or skipped:
            self._tell(list(self.subscribers), skipped)
        elif answered:
            self._tell(answered)

    def becomes_stale(self, stale: StaleInfo) -> None:
        """The source cannot be asked. Since when is counted from the first of several reasons in a row."""
        if self.state is None or (self.stale is not None and self.stale.reason == stale.reason):
            return
        self.stale = stale if self.stale is None else StaleInfo(self.stale.since, stale.reason)
        self._tell(list(self.subscribers))

    def fail(self, error: Exception, among: Iterable[Subscriber] | None = None) -> None:
        """Ends the subscriptions of all, or of those `among` the subscribers."""
        for subscriber in list(self.subscribers if among is None else among):
            self.part(subscriber)
            subscriber.failed(error)

    def _tell(self, subscribers: Iterable[Subscriber], skipped: int = 0) -> None:
        state, stale = self.state, self.stale
        assert state is not None
        for subscriber in subscribers:
            if subscriber in self.subscribers:  # telling one may make another leave
                subscriber.changed(state, stale, skipped)
        state.settle()

    def _answered(self, state: State) -> list[Subscriber]:
        """Those who waited for something that `state` includes; they wait no longer for that."""
        answered = []
        for subscriber, awaited in list(self.awaited.items()):
            there = [tx for tx in awaited if not state.seen or includes(state.seen, tx)]
            if there:
                answered.append(subscriber)
                for tx in there:
                    del awaited[tx]
                if not awaited:
                    del self.awaited[subscriber]
        return answered


def nothing_to_leave() -> None:
    """The `leave` of a subscriber that watches nothing."""


def nothing_to_await(tx: int) -> None:
    """Its `awaits`."""


E = TypeVar("E", bound=Entry)


class EntryTable(Generic[E]):
    """Entries by key, and those of a type or of one selector, each found without a search."""

    def __init__(self) -> None:
        self._entries: dict[EntryKey, E] = {}
        self._types: dict[str, dict[str, dict[EntryKey, E]]] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[E]:
        return iter(list(self._entries.values()))

    def get(self, key: EntryKey) -> E | None:
        """The entry of `key`, if there is one."""
        return self._entries.get(key)

    def add(self, entry: E) -> None:
        """Enters `entry` under its key."""
        self._entries[entry.key] = entry
        self._types.setdefault(entry.key.type, {}).setdefault(entry.key.selector, {})[entry.key] = entry

    def remove(self, entry: E) -> bool:
        """Takes `entry` out; False when it is not there (any more)."""
        key = entry.key
        if self._entries.get(key) is not entry:
            return False
        del self._entries[key]
        selectors = self._types[key.type]
        del selectors[key.selector][key]
        if not selectors[key.selector]:
            del selectors[key.selector]
        if not selectors:
            del self._types[key.type]
        return True

    def of_type(self, name: str) -> list[E]:
        """Every entry of a tuple type."""
        return [entry for alike in self._types.get(name, {}).values() for entry in alike.values()]

    def of_selector(self, selector: TupleSelector) -> list[E]:
        """The entries of one selector, one for each set of roles."""
        return list(self._types.get(selector.type, {}).get(selector.key, {}).values())
