"""The change feed: who is told of what."""

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peek_trio.storage.changes import EVERYTHING, Announcement, ChangeFeed


def test_a_subscriber_is_told_which_of_its_tables_were_touched() -> None:
    feed, told = ChangeFeed(), []
    feed.on_change({"a.x", "a.y"}, told.append)
    feed.announce(frozenset({"a.y", "b.z"}))
    assert told == [frozenset({"a.y"})]


def test_other_tables_do_not_concern_it() -> None:
    feed, told = ChangeFeed(), []
    feed.on_change({"a.x"}, told.append)
    feed.announce(frozenset({"b.z"}))
    assert told == []


def test_one_commit_calls_a_subscriber_once() -> None:
    feed, told = ChangeFeed(), []
    feed.on_change(["a.x", "a.y"], told.append)
    feed.announce(frozenset({"a.x", "a.y"}))
    assert told == [frozenset({"a.x", "a.y"})]


def test_everything_tells_all_of_all_their_tables() -> None:
    feed, told = ChangeFeed(), []
    feed.on_change(["a.x"], told.append)
    feed.on_change(["a.y"], told.append)
    feed.announce(EVERYTHING)
    assert sorted(map(sorted, told)) == [["a.x"], ["a.y"]]


def test_a_removed_subscriber_is_told_no_more_and_leaves_nothing_behind() -> None:
    feed, told = ChangeFeed(), []
    remove = feed.on_change(["a.x"], told.append)
    remove()
    remove()
    feed.announce(frozenset({"a.x"}))
    assert told == []
    assert feed.tables == frozenset()


def test_a_failing_subscriber_is_logged_and_keeps_nobody_from_knowing(caplog: pytest.LogCaptureFixture) -> None:
    feed, told = ChangeFeed(), []

    def fail(tables: frozenset[str]) -> None:
        raise ValueError("broken")

    feed.on_change(["a.x"], fail)
    feed.on_change(["a.x"], told.append)
    with caplog.at_level(logging.ERROR):
        feed.announce(frozenset({"a.x"}))
    assert told == [frozenset({"a.x"})]
    assert "a.x" in caplog.text


@given(st.text(), st.frozensets(st.text(), max_size=5))
def test_an_announcement_survives_its_payload(origin: str, tables: frozenset[str]) -> None:
    announcement = Announcement(origin, tables)
    assert Announcement.from_payload(announcement.to_payload()) == announcement


def test_too_many_tables_for_a_payload_become_everything() -> None:
    tables = frozenset(f"schema.table_{number}" for number in range(1000))
    payload = Announcement("me", tables).to_payload()
    assert len(payload) < 8000
    assert Announcement.from_payload(payload).tables == EVERYTHING


@pytest.mark.parametrize("payload", ["", "x", "[]", "{}", "null", '{"origin": "a", "tables": 3}', "[" * 7000])
def test_a_payload_of_somebody_else_means_everything(payload: str) -> None:
    assert Announcement.from_payload(payload).tables == EVERYTHING
