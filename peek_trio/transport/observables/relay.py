"""States that come from further up: subscribed once at the server, kept, and handed to everybody here who watches them.

On the client service this is what thousands of devices hang on: bodies pass through as they came, compressed, never opened, and the last
few deltas are kept with each state so that a device is sent whichever it needs. On agents and workers it serves their own observers,
and asks for deltas alone. While the server is away what is kept is served, marked stale; when it returns every entry subscribes again
with what it has. An entry that nobody watches is kept up to date for a while, for those who come back.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

import trio

from peek_trio.errors import (
    BadRequest,
    NotAllowed,
    RemoteError,
    TupleError,
    Unavailable,
    from_wire,
    sentence_of,
)
from peek_trio.security import Principal
from peek_trio.transport.exchange import Port
from peek_trio.transport.jitter import full_jitter
from peek_trio.transport.observables.accounts import Accounts
from peek_trio.transport.observables.entry import Entry, EntryKey, EntryTable, Subscriber
from peek_trio.transport.observables.reading import read_state, skipped_in
from peek_trio.transport.observables.state import StaleInfo
from peek_trio.transport.observables.statistics import Counts, RelayStatistics
from peek_trio.transport.timetable import Timetable
from peek_trio.transport.trace import present_trace
from peek_trio.transport.wire import Frame
from peek_trio.tuples import TupleSelector

__all__ = ["Relay"]

log = logging.getLogger(__name__)

LINGER = 120.0
"""Seconds that an entry is kept after its last subscriber left."""

MOST_ENTRIES = 10_000
MOST_BYTES = 256 * 2**20
"""What a relay keeps at most. Beyond it the entries unwatched for longest go; if all are watched, a new one is refused."""

MOST_OF_ONE = 1000
"""Watched entries that may be on one person's account, so that nobody takes up all the room there is."""


class _RelayedEntry(Entry):
    """An entry fed by a subscription at the server; also that subscription's exchange."""

    def __init__(self, key: EntryKey, selector: TupleSelector, relay: Relay) -> None:
        super().__init__(key, selector)
        self.trace = present_trace()
        self.number: int | None = None
        self.queued = False
        self.claims = True  # whether to tell the server what is here already
        self.failures = 0
        self.answered = False  # whether anything came in the present subscription
        self.asks: deque[int] = deque()  # transactions that the server is to be asked for
        self._relay = relay

    def take(self, frame: Frame) -> bool:
        return self._relay.received(self, frame)

    def lost(self, error: Unavailable) -> None:
        self.number = None

    def begins(self, number: int) -> None:
        """It is subscribed anew. What the server was asked for in the subscription before is forgotten there."""
        self.number, self.answered = number, False
        self.asks.clear()

    def hears(self) -> None:
        """An answer came. After the first in a subscription the server is asked for all that is still awaited here."""
        if self.asks or not self.answered:
            awaited = dict.fromkeys(tx for each in self.awaited.values() for tx in each)
            self.asks = deque(tx for tx in (self.asks if self.answered else awaited) if tx in awaited)
            self.answered = True


class Relay:
    """What this service watches at the server. Sans-I/O but for `drive`, which sends what is queued over the link.

    `own` is the principal of this service; entries for others name theirs in the subscription if `speaks_for_others`.
    """

    def __init__(
        self,
        own: Principal,
        timetable: Timetable,
        *,
        speaks_for_others: bool,
        now: Callable[[], datetime] | None = None,
        most_entries: int = MOST_ENTRIES,
        most_bytes: int = MOST_BYTES,
        most_of_one: int = MOST_OF_ONE,
    ) -> None:
        self._own = own
        self._timetable = timetable
        self._speaks_for_others = speaks_for_others
        self._now = now or (lambda: datetime.now(UTC))
        self._most_entries, self._most_bytes = most_entries, most_bytes
        self._accounts = Accounts(most_of_one)
        self._entries: EntryTable[_RelayedEntry] = EntryTable()
        self._unwatched: dict[_RelayedEntry, None] = {}  # the one unwatched for longest first
        self._bytes = self._received = self._evicted = 0
        self._counts = Counts()
        self._port: Port | None = None
        self._queue: deque[_RelayedEntry] = deque()
        self._wake = trio.Event()

    def statistics(self) -> RelayStatistics:
        """What is kept just now, and what has been done for it so far."""
        entries = list(self._entries)
        return RelayStatistics(
            entries=len(entries),
            watched=len(entries) - len(self._unwatched),
            watchers=sum(len(entry.subscribers) for entry in entries),
            bytes=self._bytes,
            stale=sum(entry.stale is not None for entry in entries),
            received=self._received,
            evicted=self._evicted,
            **self._counts.fields(),
        )

    def join(self, selector: TupleSelector, subscriber: Subscriber) -> None:
        """Subscribes; `subscriber.leave` ends it. What is refused is told to the subscriber."""
        key = EntryKey.of(selector, subscriber.principal)
        entry = self._entries.get(key)
        if (entry is None or not entry.subscribers) and self._accounts.full(subscriber.principal):
            subscriber.failed(Unavailable(f"You watch {self._accounts.most} things already, the most one person may."))
            return
        if entry is None:
            if not self._make_room():
                subscriber.failed(Unavailable("This service watches as much as it can hold; try again later."))
                return
            entry = _RelayedEntry(key, selector, self)
            self._entries.add(entry)
            self._enqueue(entry)
        self._unwatched.pop(entry, None)
        self._timetable.drop((entry, "linger"))
        if not entry.subscribers:
            self._accounts.charge(entry, subscriber.principal)
        subscriber.leave = partial(self._leave, entry, subscriber)
        subscriber.awaits = partial(self._await, entry, subscriber)
        subscriber.counts = self._counts
        entry.join(subscriber)

    def take_over(self, name: str) -> list[tuple[TupleSelector, Subscriber]]:
        """Lets go of every entry of a type, which is from now on provided here; returns who watched them."""
        watched = []
        for entry in self._entries.of_type(name):
            watched += [(entry.selector, subscriber) for subscriber in entry.subscribers]
            entry.subscribers.clear()
            entry.awaited.clear()
            self._forget(entry)
        return watched

    async def drive(self, port: Port) -> None:
        """Sends subscriptions over `port`, the link to the server, until cancelled or the link is lost."""
        self._port = port
        self._queue.clear()
        for entry in self._entries:
            entry.number, entry.queued = None, False
            self._enqueue(entry)
        try:
            while True:
                while self._queue:
                    entry = self._queue.popleft()
                    entry.queued = False
                    frame = self._next_frame(entry, port)
                    if frame is not None:
                        await self._send(entry, frame, port)
                    if entry.asks and entry.answered:
                        self._enqueue(entry)
                self._wake = trio.Event()
                await self._wake.wait()
        except Unavailable:
            return  # whoever runs the link says so

    async def _send(self, entry: _RelayedEntry, frame: Frame, port: Port) -> None:
        try:
            await port.send(frame)
        except BadRequest as too_large:
            if entry.number is not None:
                port.asking.pop(entry.number, None)
                entry.number = None
            self._forget(entry)
            entry.fail(too_large)

    def disconnected(self, port: Port) -> None:
        """The link to the server is gone. What is kept is stale from now on."""
        if self._port is not port:
            return
        self._port = None
        stale = StaleInfo(self._now(), "The server is not connected.")
        for entry in self._entries:
            entry.number = None
            self._timetable.drop((entry, "retry"))
            entry.becomes_stale(stale)

    def received(self, entry: _RelayedEntry, frame: Frame) -> bool:
        """An answer of the server to the subscription of `entry`. Raises FrameError. True when it ends the subscription."""
        kind = frame.header["k"]
        if kind == "err":
            entry.number = None
            data = frame.header.get("e")
            self._refused(entry, from_wire(data) if isinstance(data, dict) else RemoteError("The server refused it."))
            return True
        stale = StaleInfo.from_wire(frame.header["stale"]) if "stale" in frame.header else None
        try:
            state = read_state(frame, entry.state)
        except TupleError as unfit:
            self._ask_anew(entry, unfit)
            return True
        entry.failures, entry.claims = 0, True
        self._received += 1
        self._bytes += state.size - (entry.state.size if entry.state is not None else 0)
        entry.publish(state, stale, skipped_in(frame))
        entry.hears()
        if entry.asks:
            self._enqueue(entry)
        self._shrink()
        return False

    def _ask_anew(self, entry: _RelayedEntry, unfit: TupleError) -> None:
        """What the server sent does not belong to what is here: the subscription ends, and the next one claims to have nothing."""
        log.warning("The server's answer for %s %s does not fit: %s", entry.key.type, entry.key.selector, unfit)
        port, number, entry.number, entry.claims = self._port, entry.number, None, False
        if port is not None and number is not None:
            port.tell(Frame({"k": "unsub", "i": number}))
        self._keep_stale(entry, unfit)

    def _refused(self, entry: _RelayedEntry, error: Exception) -> None:
        if entry.state is None or isinstance(error, NotAllowed):
            self._forget(entry)
            entry.fail(error)
            return
        # Whoever has rows keeps them while a plugin restarts: stale beats nothing, and the retry makes them live again.
        self._keep_stale(entry, error)

    def _keep_stale(self, entry: _RelayedEntry, error: Exception) -> None:
        """Leaves the rows of an entry as they are until the next try, after a while."""
        entry.failures += 1
        entry.becomes_stale(StaleInfo(self._now(), sentence_of(error)))
        wait = full_jitter(entry.failures, first=1.0, longest=30.0)
        self._timetable.set((entry, "retry"), trio.current_time() + wait, partial(self._enqueue, entry))

    def _await(self, entry: _RelayedEntry, subscriber: Subscriber, tx: int) -> None:
        """The server is asked once for each transaction, however many wait for it here."""
        known = any(tx in awaited for awaited in entry.awaited.values())
        if entry.wait(subscriber, tx) and not known:
            entry.asks.append(tx)
            if entry.answered:
                self._enqueue(entry)

    def _leave(self, entry: _RelayedEntry, subscriber: Subscriber) -> None:
        entry.part(subscriber)
        if self._entries.get(entry.key) is not entry:
            return
        if self._accounts.holder(entry) == subscriber.principal.name:
            staying = next(iter(entry.subscribers), None)
            self._accounts.charge(entry, None if staying is None else staying.principal)
        if entry.subscribers or entry in self._unwatched:
            return
        if entry.state is None:
            self._forget(entry)
            return
        self._unwatched[entry] = None
        self._timetable.set((entry, "linger"), trio.current_time() + LINGER, partial(self._forget, entry))
        self._shrink()

    def _forget(self, entry: _RelayedEntry) -> None:
        if not self._entries.remove(entry):
            return
        self._accounts.charge(entry, None)
        self._unwatched.pop(entry, None)
        self._timetable.drop((entry, "linger"))
        self._timetable.drop((entry, "retry"))
        if entry.state is not None:
            self._bytes -= entry.state.size
        if entry.number is not None:
            self._enqueue(entry)

    def _make_room(self) -> bool:
        while self._unwatched and (len(self._entries) >= self._most_entries or self._bytes > self._most_bytes):
            self._evict()
        return len(self._entries) < self._most_entries and self._bytes <= self._most_bytes

    def _shrink(self) -> None:
        while self._unwatched and self._bytes > self._most_bytes:
            self._evict()

    def _evict(self) -> None:
        self._evicted += 1
        self._forget(next(iter(self._unwatched)))

    def _enqueue(self, entry: _RelayedEntry) -> None:
        if self._port is not None and not entry.queued:
            entry.queued = True
            self._queue.append(entry)
            self._wake.set()

    def _next_frame(self, entry: _RelayedEntry, port: Port) -> Frame | None:
        kept = self._entries.get(entry.key) is entry
        if kept and entry.number is None:
            number = port.open(entry)
            entry.begins(number)
            return Frame(self._subscription(entry, number))
        if kept and entry.answered and entry.asks:
            return Frame({"k": "see", "i": entry.number, "tx": str(entry.asks.popleft())})
        if not kept and entry.number is not None:
            number, entry.number = entry.number, None
            port.asking.pop(number, None)
            return Frame({"k": "unsub", "i": number})
        return None

    def _subscription(self, entry: _RelayedEntry, number: int) -> dict[str, Any]:
        header: dict[str, Any] = {
            "k": "sub",
            "i": number,
            "t": entry.key.type,
            "s": dict(entry.selector.selector),
            "tr": entry.trace,
        }
        if entry.state is not None and entry.claims:
            header["have"] = [entry.state.epoch, entry.state.digest]
        own = self._own
        if self._speaks_for_others:
            header["both"] = 1
        if self._speaks_for_others and (entry.key.kind, entry.key.roles) != (own.kind, own.roles):
            header["p"] = entry.principal.to_wire()
        return header
