"""States as they travel."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from peek_trio.errors import FrameError
from peek_trio.transport import StaleInfo
from peek_trio.transport.observables.body import Body
from peek_trio.transport.observables.history import History, Step
from peek_trio.transport.observables.state import MOST_SERIES, State
from peek_trio.transport.wire import pack, unpack

NOW = datetime(2026, 1, 1, tzinfo=UTC)
FIRST, SECOND = Body(b"first delta", False), Body(b"second delta", True)
STATE = State("x", "e", 4, "d2", NOW, Body(b"body", True), History((Step("d0", (FIRST,)), Step("d1", (SECOND,)))))
HEADER = {"i": 7, "t": "x", "epoch": "e", "rev": 4, "dig": "d2", "at": "2026-01-01T00:00:00+00:00"}


def test_who_has_nothing_is_sent_the_state() -> None:
    frame = STATE.frame(7)
    assert frame.header == {**HEADER, "k": "state", "z": 1}
    assert frame.body == b"body"


def test_who_has_the_last_state_is_sent_the_last_delta() -> None:
    frame = STATE.frame(7, "d1")
    assert frame.header == {**HEADER, "k": "delta", "base": "d1", "parts": [[12, 1]]}
    assert frame.body == b"second delta"


def test_who_has_an_older_state_is_sent_the_deltas_since() -> None:
    frame = STATE.frame(7, "d0")
    assert frame.header == {**HEADER, "k": "delta", "base": "d0", "parts": [[11, 0], [12, 1]]}
    assert frame.body == b"first deltasecond delta"


def test_who_has_a_state_that_nobody_remembers_is_sent_the_state() -> None:
    assert STATE.frame(7, "d9") == STATE.frame(7)


def test_who_has_the_state_hears_that_it_is_the_same() -> None:
    header = {key: value for key, value in HEADER.items() if key != "t"}
    assert STATE.frame(7, "d2").header == {**header, "k": "same"}
    assert STATE.frame(7, "d2").body == b""


def test_a_relay_is_sent_the_state_with_the_deltas() -> None:
    frame = STATE.frame(7, "d0", both=True)
    assert frame.header == {**HEADER, "k": "state", "z": 1, "base": "d0", "parts": [[11, 0], [12, 1]]}
    assert frame.body == b"bodyfirst deltasecond delta"
    assert STATE.frame(7, "d9", both=True) == STATE.frame(7)
    assert STATE.frame(7, "d2", both=True).kind == "same"


def test_freshness_and_what_was_skipped_are_in_every_frame() -> None:
    stale = StaleInfo(NOW, "away")
    for has, kind in (None, "state"), ("d1", "delta"), ("d2", "same"):
        header = STATE.frame(7, has, stale=stale, skipped=2).header
        assert (header["k"], header["stale"], header["skip"]) == (kind, stale.to_wire(), 2)


def test_frames_for_receivers_that_have_the_same_differ_in_their_number_only() -> None:
    for has in (None, "d0", "d1", "d2", "d9"):
        one, other = STATE.frame(1, has), STATE.frame(22, has)
        assert unpack(pack([one])) == [one]
        assert {**one.header, "i": 22} == other.header
        assert one.body is other.body


def test_however_many_receivers_have_something_else_the_frames_kept_ready_are_few() -> None:
    state = State("x", "e", 1, "d", NOW, Body(b"body", False))
    for skipped in range(2 * MOST_SERIES):
        assert state.frame(1, skipped=skipped).header.get("skip", 0) == skipped
    assert len(state._series) == MOST_SERIES


def test_the_joined_bytes_for_relays_are_not_kept_when_all_have_been_told() -> None:
    state = State("x", "e", 1, "d1", NOW, Body(b"body", False), History((Step("d0", (FIRST,)),)))
    state.frame(1, "d0", both=True)
    state.frame(1, "d0")
    state.settle()
    assert [series[1] for series in state._series] == [False]


@pytest.mark.parametrize(
    "wrong", [None, "soon", {}, {"reason": "x"}, {"since": NOW.isoformat()}, {"since": "x", "reason": "x"}]
)
def test_stale_needs_since_and_reason(wrong: object) -> None:
    with pytest.raises(FrameError):
        StaleInfo.from_wire(wrong)
    info = StaleInfo(NOW, "away")
    assert StaleInfo.from_wire(info.to_wire()) == info
