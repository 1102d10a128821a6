"""One state and those who watch it."""

from __future__ import annotations

from datetime import UTC, datetime

from peek_trio.security import Principal
from peek_trio.transport.observables.body import Body
from peek_trio.transport.observables.entry import Entry, EntryKey, EntryTable
from peek_trio.transport.observables.state import StaleInfo, State
from peek_trio.tuples import TupleSelector
from tests.transport.recorder import RecordingSubscriber

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SELECTOR = TupleSelector("test.Reading", {"meter": "a"})


def entry(selector: TupleSelector = SELECTOR, principal: Principal | None = None) -> Entry:
    return Entry(EntryKey.of(selector, principal or Principal("person", "joe")), selector)


def state(digest: str, *, epoch: str = "e1", revision: int = 1) -> State:
    return State("test.Reading", epoch, revision, digest, NOW, Body(digest.encode(), False))


def stale(reason: str) -> StaleInfo:
    return StaleInfo(NOW, reason)


def test_a_subscriber_is_told_the_state_as_soon_as_there_is_one() -> None:
    watched, early, late = entry(), RecordingSubscriber(), RecordingSubscriber()
    watched.join(early)
    assert early.news() == []
    watched.publish(state("one"))
    watched.join(late)
    assert early.news() == late.news() == [("changed", "one", None)]


def test_an_unchanged_state_is_not_told_again() -> None:
    watched, subscriber = entry(), RecordingSubscriber()
    watched.join(subscriber)
    watched.publish(state("one"))
    watched.publish(state("one"))
    assert subscriber.news() == [("changed", "one", None)]


def test_states_that_did_not_come_this_far_are_told_to_every_subscriber() -> None:
    watched, subscriber = entry(), RecordingSubscriber()
    watched.join(subscriber)
    watched.publish(state("one"))
    watched.publish(state("two"), skipped=3)
    watched.publish(state("two"), skipped=2)
    assert subscriber.news() == [("changed", "one", None), ("changed", "two", None), ("same", "two", None)]
    assert subscriber.skipped == 5


def test_only_the_freshness_travels_when_only_the_freshness_changes() -> None:
    watched, subscriber = entry(), RecordingSubscriber()
    watched.join(subscriber)
    watched.publish(state("one"))
    watched.becomes_stale(stale("gone"))
    watched.becomes_stale(stale("gone"))
    watched.publish(state("one"))
    assert subscriber.news() == [("changed", "one", None), ("same", "one", "gone"), ("same", "one", None)]


def test_stale_counts_from_the_first_of_several_reasons() -> None:
    watched = entry()
    watched.publish(state("one"))
    watched.becomes_stale(StaleInfo(NOW, "first"))
    watched.becomes_stale(StaleInfo(NOW.replace(year=2027), "second"))
    assert watched.stale == StaleInfo(NOW, "second")


def test_without_a_state_there_is_nothing_stale() -> None:
    watched = entry()
    watched.becomes_stale(stale("gone"))
    assert watched.stale is None


def test_who_joins_a_stale_entry_hears_that_it_is_stale() -> None:
    watched, subscriber = entry(), RecordingSubscriber()
    watched.publish(state("one"))
    watched.becomes_stale(stale("gone"))
    watched.join(subscriber)
    assert subscriber.news() == [("changed", "one", "gone")]


def test_a_new_epoch_is_told_although_the_rows_are_the_same() -> None:
    watched, subscriber = entry(), RecordingSubscriber()
    watched.join(subscriber)
    watched.publish(state("one"))
    watched.publish(state("one", epoch="e2"))
    assert subscriber.news() == [("changed", "one", None), ("same", "one", None)]


def test_who_left_hears_nothing() -> None:
    watched, subscriber = entry(), RecordingSubscriber()
    watched.join(subscriber)
    watched.part(subscriber)
    watched.publish(state("one"))
    watched.fail(ValueError("no"))
    assert subscriber.news() == []


def test_failing_ends_every_subscription() -> None:
    watched, first, second = entry(), RecordingSubscriber(), RecordingSubscriber()
    watched.join(first)
    watched.join(second)
    watched.fail(ValueError("no"))
    assert first.news() == second.news() == [("failed", "no")]
    assert not watched.subscribers


def test_a_subscriber_may_leave_while_it_is_told() -> None:
    watched, other = entry(), RecordingSubscriber()

    class Leaving(RecordingSubscriber):
        def changed(self, state: State, stale: StaleInfo | None, skipped: int = 0) -> None:
            watched.part(self)

    watched.join(Leaving())
    watched.join(other)
    watched.publish(state("one"))
    assert other.news() == [("changed", "one", None)]
    assert list(watched.subscribers) == [other]


def test_equal_roles_share_a_key_and_other_roles_do_not() -> None:
    joe = Principal("person", "joe", roles=frozenset({"a", "b"}))
    ann = Principal("person", "ann", roles=frozenset({"b", "a"}))
    bob = Principal("person", "bob", roles=frozenset({"a"}))
    machine = Principal("service", "joe", roles=frozenset({"a", "b"}))
    same_selector = TupleSelector("test.Reading", {"meter": "a"})
    assert EntryKey.of(SELECTOR, joe) == EntryKey.of(same_selector, ann)
    assert len({EntryKey.of(SELECTOR, principal) for principal in (joe, bob, machine)}) == 3


def test_a_provider_is_asked_without_a_name() -> None:
    joe = Principal("person", "joe", "Joe", roles=frozenset({"a"}))
    assert entry(principal=joe).principal == Principal("person", "", roles=frozenset({"a"}))


def test_a_table_finds_entries_by_key_type_and_selector() -> None:
    table: EntryTable[Entry] = EntryTable()
    admin = Principal("person", "root", roles=frozenset({"admin"}))
    other = TupleSelector("test.Reading", {"meter": "b"})
    entries = [entry(), entry(principal=admin), entry(other), entry(TupleSelector("test.Other"))]
    for each in entries:
        table.add(each)
    assert table.get(entries[0].key) is entries[0]
    assert table.of_selector(SELECTOR) == entries[:2]
    assert table.of_type("test.Reading") == entries[:3]
    assert table.remove(entries[0])
    assert not table.remove(entries[0])
    assert table.of_selector(SELECTOR) == entries[1:2]
    assert list(table) == entries[1:]
    for each in entries[1:]:
        table.remove(each)
    assert len(table) == 0
    assert table.of_type("test.Reading") == []
