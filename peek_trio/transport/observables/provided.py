"""The observables provided on this service: one provider run for all who watch a selector, however often it is notified.

Each watched selector is an entry. A notification makes its provider run once more; while one run is in progress any number of further
ones make it run once again after it. A run that fails keeps the old rows, marked stale, and is retried with backoff. Entries that nobody
watches are dropped at once: a provider is only ever asked for somebody.
"""

from __future__ import annotations

import itertools
import logging
import secrets
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from enum import Enum, auto
from functools import partial

import trio

from peek_trio.errors import DeadlineExceeded, NoSuchEndpoint, PeekError, sentence_of
from peek_trio.security import Policy, Principal
from peek_trio.transport.calls.methods import Spawn
from peek_trio.transport.edge import FAULTS, core_of, expected, refusal
from peek_trio.transport.jitter import full_jitter
from peek_trio.transport.observables.entry import Entry, EntryKey, EntryTable, Subscriber
from peek_trio.transport.observables.payload import Payload
from peek_trio.transport.observables.snapshot import Snapshot, bounded
from peek_trio.transport.observables.state import StaleInfo, State
from peek_trio.transport.observables.statistics import Counts, ObservablesStatistics
from peek_trio.transport.owner import Owner
from peek_trio.transport.timetable import Timetable
from peek_trio.tuples import TupleRegistry, TupleSelector

__all__ = ["Observables", "Provider", "Read"]

log = logging.getLogger(__name__)

Read = Callable[[TupleSelector, Principal], Awaitable[Sequence[object] | Snapshot]]
"""Answers a selector with its rows, and with the snapshot of the database that they were read in if there is one.

The principal has the kind and the roles of those who watch, but no name: see `Entry`.
"""

PATIENCE = 10.0
"""Seconds that a subscription waits for somebody to provide its type, as while a plugin starts or restarts."""

LONGEST_RUN = 60.0
"""Seconds that one provider run may take."""

IN_THREAD_FROM_ROWS = 2000
IN_THREAD_FROM_BYTES = 64 * 1024
"""Rows to be encoded, or bytes of the body that they are compared with. More would hold up everybody else's frames for milliseconds."""


class Provider:
    """Who answers the selectors of a type. `epoch` names its life, `revisions` counts every change within it."""

    def __init__(self, row_type: type, name: str, read: Read, allow: Policy, owner: Owner) -> None:
        self.row_type, self.name, self.read, self.allow, self.owner = row_type, name, read, allow, owner
        self.epoch = secrets.token_hex(6)
        self.revisions = itertools.count(1)


class Phase(Enum):
    """Where an entry's provider run is."""

    IDLE = auto()
    DUE = auto()  # a run is about to begin, and will see whatever was notified until then
    RUNNING = auto()
    RUNNING_AGAIN = auto()  # something changed during the run: one more follows


class _ProvidedEntry(Entry):
    """An entry together with its provider run."""

    def __init__(self, key: EntryKey, selector: TupleSelector) -> None:
        super().__init__(key, selector)
        self.phase = Phase.IDLE
        self.failures = 0
        self.scope = trio.CancelScope()


class Observables:
    """The providers of this service and the entries that are watched.

    `spawn` starts a provider run, `now` is the time stamped on its state. Everything else happens within the call that causes it.
    """

    def __init__(
        self, registry: TupleRegistry, spawn: Spawn, timetable: Timetable, now: Callable[[], datetime] | None = None
    ) -> None:
        self._registry = registry
        self._spawn = spawn
        self._timetable = timetable
        self._now = now or (lambda: datetime.now(UTC))
        self._providers: dict[str, Provider] = {}
        self._entries: EntryTable[_ProvidedEntry] = EntryTable()
        self._counts = Counts()
        self._runs = self._unchanged = self._failures = self._deltas_made = 0

    def provides(self, name: str) -> bool:
        """Whether a type is provided here."""
        return name in self._providers

    def statistics(self) -> ObservablesStatistics:
        """What is watched just now, and what has been done for it so far."""
        entries = list(self._entries)
        states = [entry.state for entry in entries if entry.state is not None]
        return ObservablesStatistics(
            entries=len(entries),
            watchers=sum(len(entry.subscribers) for entry in entries),
            bytes=sum(state.size for state in states),
            stale=sum(entry.stale is not None for entry in entries),
            runs=self._runs,
            unchanged=self._unchanged,
            failed=self._failures,
            deltas_made=self._deltas_made,
            **self._counts.fields(),
        )

    def add(self, provider: Provider) -> Callable[[], None]:
        """Provides a type from now on; returns what removes it. Raises PeekError when somebody else provides it."""
        if (other := self._providers.get(provider.name)) is not None:
            raise PeekError(f"{provider.owner.name} cannot provide {provider.name}: {other.owner.name} already does.")
        self._providers[provider.name] = provider
        for entry in self._entries.of_type(provider.name):
            self._timetable.drop(entry)
            for subscriber in list(entry.subscribers):
                if (no := refusal(provider.allow, subscriber.principal, f"Reading {provider.name}")) is not None:
                    entry.fail(no, [subscriber])
            if entry.subscribers:
                self._want(entry)
            else:
                self._drop(entry)
        return partial(self._remove, provider)

    def join(self, selector: TupleSelector, subscriber: Subscriber) -> None:
        """Subscribes; `subscriber.leave` ends it. What is refused is told to the subscriber."""
        provider = self._providers.get(selector.type)
        if provider is not None:
            no = refusal(provider.allow, subscriber.principal, f"Reading {selector.type}")
            if no is not None:
                subscriber.failed(no)
                return
        key = EntryKey.of(selector, subscriber.principal)
        entry = self._entries.get(key)
        if entry is None:
            entry = _ProvidedEntry(key, selector)
            self._entries.add(entry)
            if provider is not None:
                self._want(entry)
        subscriber.leave = partial(self._leave, entry, subscriber)
        subscriber.awaits = partial(self._await, entry, subscriber)
        subscriber.counts = self._counts
        entry.join(subscriber)
        if provider is None and entry.state is None and len(entry.subscribers) == 1:
            self._timetable.set(entry, trio.current_time() + PATIENCE, partial(self._give_up, entry))

    def notify(self, changed: TupleSelector | str) -> None:
        """Something a selector shows has changed; a type's name stands for all selectors of the type."""
        if (changed if isinstance(changed, str) else changed.type) not in self._providers:
            return
        entries = self._entries
        for entry in entries.of_type(changed) if isinstance(changed, str) else entries.of_selector(changed):
            self._want(entry)

    def _want(self, entry: _ProvidedEntry) -> None:
        if entry.phase is Phase.IDLE:
            entry.phase = Phase.DUE
            entry.scope = trio.CancelScope()
            self._timetable.drop(entry)
            self._spawn(self._run, entry, entry.scope)
        elif entry.phase is Phase.RUNNING:
            entry.phase = Phase.RUNNING_AGAIN

    async def _run(self, entry: _ProvidedEntry, scope: trio.CancelScope) -> None:
        with scope:
            while entry.phase is not Phase.IDLE and not scope.cancel_called:
                entry.phase = Phase.RUNNING
                self._runs += 1
                provider = self._providers[entry.key.type]
                asked = self._now()
                try:
                    outcome: Payload | Exception = await self._read(provider, entry)
                except FAULTS as raised:  # the edge of a plugin; `_failed` logs it
                    outcome = core_of(raised)
                # A thread ends with its result even when it was cancelled meanwhile; nobody is interested in it any more.
                if scope.cancel_called:
                    return
                entry.phase = Phase.DUE if entry.phase is Phase.RUNNING_AGAIN else Phase.IDLE
                if isinstance(outcome, Payload):
                    self._finished(entry, provider, asked, outcome)
                else:
                    self._failed(entry, provider, outcome)

    async def _read(self, provider: Provider, entry: Entry) -> Payload:
        codec, known = self._registry.codec, entry.state
        with trio.CancelScope(deadline=trio.current_time() + LONGEST_RUN):
            answer = await provider.read(entry.selector, entry.principal)
            rows, seen = (answer.rows, answer.seen) if isinstance(answer, Snapshot) else (answer, "")
            size = 0 if known is None else len(known.body.data)
            make = partial(Payload.of, rows, provider.row_type, codec, known, bounded(seen))
            if len(rows) < IN_THREAD_FROM_ROWS and size < IN_THREAD_FROM_BYTES:
                return make()
            return await trio.to_thread.run_sync(make)
        raise DeadlineExceeded(f"The provider of {provider.name} took longer than {LONGEST_RUN:g} s.")

    def _finished(self, entry: _ProvidedEntry, provider: Provider, asked: datetime, payload: Payload) -> None:
        entry.failures = 0
        known, mark, history = entry.state, payload.digest, payload.history
        alike = known is not None and known.digest == mark
        self._unchanged += alike
        self._deltas_made += bool(history.steps) and not alike
        revision = known.revision if alike and known is not None and known.epoch == provider.epoch else None
        if revision is None:
            revision = next(provider.revisions)
        entry.publish(State(provider.name, provider.epoch, revision, mark, asked, payload.body, history, payload.seen))

    def _failed(self, entry: _ProvidedEntry, provider: Provider, error: Exception) -> None:
        self._failures += 1
        if expected(error):  # an answer to whoever asked, who may ask for nonsense as often as they like
            log.info("Providing %s was refused: %s", provider.name, error)
        else:
            log.error("Providing %s %s failed.", provider.name, entry.key.selector, exc_info=error)
        if entry.state is None:
            self._drop(entry)
            entry.fail(error)
            return
        entry.failures += 1
        entry.becomes_stale(StaleInfo(self._now(), f"Reading it failed: {sentence_of(error)}"))
        if entry.phase is Phase.IDLE:
            wait = full_jitter(entry.failures, first=0.5, longest=60.0)
            self._timetable.set(entry, trio.current_time() + wait, partial(self._want, entry))

    def _remove(self, provider: Provider) -> None:
        if self._providers.get(provider.name) is not provider:
            return
        del self._providers[provider.name]
        stale = StaleInfo(self._now(), "The plugin that provides it stopped.")
        for entry in self._entries.of_type(provider.name):
            self._stop(entry)
            if entry.state is None:
                self._timetable.set(entry, trio.current_time() + PATIENCE, partial(self._give_up, entry))
            entry.becomes_stale(stale)

    def _stop(self, entry: _ProvidedEntry) -> None:
        self._timetable.drop(entry)
        entry.scope.cancel()
        entry.phase = Phase.IDLE

    def _await(self, entry: _ProvidedEntry, subscriber: Subscriber, tx: int) -> None:
        """What was committed before it was asked for is in whatever is read from now on."""
        reads_again = entry.failures and entry.phase is Phase.IDLE
        if entry.wait(subscriber, tx) and entry.key.type in self._providers and not reads_again:
            self._want(entry)

    def _leave(self, entry: _ProvidedEntry, subscriber: Subscriber) -> None:
        entry.part(subscriber)
        if not entry.subscribers:
            self._drop(entry)

    def _drop(self, entry: _ProvidedEntry) -> None:
        self._stop(entry)
        self._entries.remove(entry)

    def _give_up(self, entry: _ProvidedEntry) -> None:
        self._drop(entry)
        entry.fail(NoSuchEndpoint(f"Nobody provides {entry.key.type}."))
