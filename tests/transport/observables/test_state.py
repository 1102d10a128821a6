"""States as they travel."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from peek_trio.errors import FrameError, TupleError
from peek_trio.transport import StaleInfo
from peek_trio.transport.observables.state import COMPRESS_FROM, Payload, State
from peek_trio.tuples import TupleRegistry
from tests.transport.network import Reading

NOW = datetime(2026, 1, 1, tzinfo=UTC)
HEADER = {"t": "x", "epoch": "e", "rev": 1, "dig": "d", "at": NOW.isoformat()}
codec = TupleRegistry().codec


def test_a_small_payload_is_left_alone_and_a_large_one_compressed() -> None:
    small = Payload.of([Reading("a", 1)], Reading, codec)
    large = Payload.of([Reading("a", 1)] * 200, Reading, codec)
    assert not small.compressed
    assert large.compressed
    assert len(large.body) < COMPRESS_FROM


def test_the_digest_is_of_the_rows_whatever_the_compression() -> None:
    one, same, other = [Payload.of([Reading("a", value)] * 200, Reading, codec) for value in (1, 1, 2)]
    assert one.digest == same.digest != other.digest


def test_no_rows_keep_their_type() -> None:
    assert Payload.of([], Reading, codec).body == b'{"t":"test.Reading","rows":[]}'


def test_a_state_survives_its_frame() -> None:
    state = State("x", "e", 4, "d", NOW, b"body", True)
    again = State.from_frame({"t": "x", "z": 1, **state.header}, b"body")
    assert (again.epoch, again.revision, again.digest, again.at, again.compressed) == ("e", 4, "d", NOW, True)


def test_same_renews_everything_but_the_body() -> None:
    state = State("x", "e", 4, "d", NOW, b"body", True)
    renewed = state.renewed({**HEADER, "epoch": "f", "rev": 9})
    assert (renewed.epoch, renewed.revision, renewed.body, renewed.compressed) == ("f", 9, b"body", True)


@pytest.mark.parametrize(
    "wrong",
    [{"t": 1}, {"epoch": None}, {"rev": "1"}, {"rev": True}, {"dig": 5}, {"at": 3}, {"at": "2026-01-01T00:00:00"}],
)
def test_a_state_without_its_header_is_not_the_protocol(wrong: dict[str, Any]) -> None:
    with pytest.raises(FrameError):
        State.from_frame({**HEADER, **wrong}, b"")


@pytest.mark.parametrize(
    "wrong", [None, "soon", {}, {"reason": "x"}, {"since": NOW.isoformat()}, {"since": "x", "reason": "x"}]
)
def test_stale_needs_since_and_reason(wrong: object) -> None:
    with pytest.raises(FrameError):
        StaleInfo.from_wire(wrong)
    info = StaleInfo(NOW, "away")
    assert StaleInfo.from_wire(info.to_wire()) == info


def test_a_bomb_is_not_inflated(monkeypatch: pytest.MonkeyPatch) -> None:
    payload = Payload.of([Reading("a", 1)] * 5000, Reading, codec)
    state = State("x", "e", 1, payload.digest, NOW, payload.body, True)
    assert len(state.payload()) > 100_000
    monkeypatch.setattr("peek_trio.transport.observables.state.INFLATE_LIMIT", 100_000)
    with pytest.raises(TupleError, match="larger than 100000 bytes"):
        state.payload()
