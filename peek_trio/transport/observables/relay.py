"""States that come from further up: subscribed once at the server, kept, and handed to everybody here who watches them.

On the client service this is what thousands of devices hang on; on agents, workers and devices it serves their own observers. A body
passes through as it came, compressed, never decoded. While the server is away what is kept is served, marked stale; when it returns
every entry subscribes again with what it has. An entry that nobody watches is kept up to date for a while, for those who come back.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

import trio

from peek_trio.errors import BadRequest, FrameError, NotAllowed, RemoteError, Unavailable, from_wire
from peek_trio.security import Principal
from peek_trio.transport.exchange import Port
from peek_trio.transport.jitter import full_jitter
from peek_trio.transport.observables.entry import Entry, EntryKey, EntryTable, Have, Subscriber
from peek_trio.transport.observables.state import StaleInfo, State
from peek_trio.transport.timetable import Timetable
from peek_trio.transport.wire import Frame
from peek_trio.tuples import TupleSelector

__all__ = ["Relay"]

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
        self.number: int | None = None
        self.queued = False
        self.failures = 0
        self.account: str | None = None
        self._relay = relay

    def take(self, frame: Frame) -> bool:
        return self._relay.received(self, frame)

    def lost(self, error: Unavailable) -> None:
        self.number = None


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
        self._most_entries, self._most_bytes, self._most_of_one = most_entries, most_bytes, most_of_one
        self._accounts: Counter[str] = Counter()  # how many watched entries each person brought
        self._entries: EntryTable[_RelayedEntry] = EntryTable()
        self._unwatched: dict[_RelayedEntry, None] = {}  # the one unwatched for longest first
        self._bytes = 0
        self._port: Port | None = None
        self._queue: deque[_RelayedEntry] = deque()
        self._wake = trio.Event()

    def size(self) -> tuple[int, int]:
        """How many entries are kept, and the bytes of their bodies."""
        return len(self._entries), self._bytes

    def join(self, selector: TupleSelector, subscriber: Subscriber, have: Have | None = None) -> None:
        """Subscribes; `subscriber.leave` ends it. What is refused is told to the subscriber."""
        key = EntryKey.of(selector, subscriber.principal)
        entry = self._entries.get(key)
        if (entry is None or not entry.subscribers) and self._has_enough(subscriber):
            subscriber.failed(Unavailable(f"You watch {self._most_of_one} things already, the most one person may."))
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
            self._charge(entry, subscriber)
        subscriber.leave = partial(self._leave, entry, subscriber)
        entry.join(subscriber, have)

    def take_over(self, name: str) -> list[tuple[TupleSelector, Subscriber]]:
        """Lets go of every entry of a type, which is from now on provided here; returns who watched them."""
        watched = []
        for entry in self._entries.of_type(name):
            watched += [(entry.selector, subscriber) for subscriber in entry.subscribers]
            entry.subscribers.clear()
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
        if kind == "state":
            state = State.from_frame(frame.header, frame.body)
        elif kind == "same" and entry.state is not None:
            state = entry.state.renewed(frame.header)
        else:
            raise FrameError(f"A {kind} does not answer a subscription without a state.")
        entry.failures = 0
        self._bytes += len(state.body) - (len(entry.state.body) if entry.state is not None else 0)
        entry.publish(state, stale)
        self._shrink()
        return False

    def _refused(self, entry: _RelayedEntry, error: Exception) -> None:
        if entry.state is None or isinstance(error, NotAllowed):
            self._forget(entry)
            entry.fail(error)
            return
        # Whoever has rows keeps them while a plugin restarts: stale beats nothing, and the retry makes them live again.
        entry.failures += 1
        entry.becomes_stale(StaleInfo(self._now(), str(error)))
        wait = full_jitter(entry.failures, first=1.0, longest=30.0)
        self._timetable.set((entry, "retry"), trio.current_time() + wait, partial(self._enqueue, entry))

    def _leave(self, entry: _RelayedEntry, subscriber: Subscriber) -> None:
        entry.part(subscriber)
        if self._entries.get(entry.key) is not entry:
            return
        if entry.account == subscriber.principal.name:
            self._charge(entry, next(iter(entry.subscribers), None))
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
        self._charge(entry, None)
        self._unwatched.pop(entry, None)
        self._timetable.drop((entry, "linger"))
        self._timetable.drop((entry, "retry"))
        if entry.state is not None:
            self._bytes -= len(entry.state.body)
        if entry.number is not None:
            self._enqueue(entry)

    def _has_enough(self, subscriber: Subscriber) -> bool:
        principal = subscriber.principal
        return principal.kind != "service" and self._accounts.get(principal.name, 0) >= self._most_of_one

    def _charge(self, entry: _RelayedEntry, subscriber: Subscriber | None) -> None:
        """Puts an entry on the account of one who watches it, or with None on nobody's."""
        if entry.account is not None:
            self._accounts[entry.account] -= 1
            if not self._accounts[entry.account]:
                del self._accounts[entry.account]
        entry.account = None
        if subscriber is not None and subscriber.principal.kind != "service":
            entry.account = subscriber.principal.name
        if entry.account is not None:
            self._accounts[entry.account] += 1

    def _make_room(self) -> bool:
        while self._unwatched and (len(self._entries) >= self._most_entries or self._bytes > self._most_bytes):
            self._forget(next(iter(self._unwatched)))
        return len(self._entries) < self._most_entries and self._bytes <= self._most_bytes

    def _shrink(self) -> None:
        while self._unwatched and self._bytes > self._most_bytes:
            self._forget(next(iter(self._unwatched)))

    def _enqueue(self, entry: _RelayedEntry) -> None:
        if self._port is not None and not entry.queued:
            entry.queued = True
            self._queue.append(entry)
            self._wake.set()

    def _next_frame(self, entry: _RelayedEntry, port: Port) -> Frame | None:
        kept = self._entries.get(entry.key) is entry
        if kept and entry.number is None:
            entry.number = port.open(entry)
            return Frame(self._subscription(entry, entry.number))
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
        }
        if entry.state is not None:
            header["have"] = [entry.state.epoch, entry.state.digest]
        own = self._own
        if self._speaks_for_others and (entry.key.kind, entry.key.roles) != (own.kind, own.roles):
            header["p"] = entry.principal.to_wire()
        return header
