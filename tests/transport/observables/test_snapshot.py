"""Which transactions a snapshot includes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from peek_trio.errors import FrameError
from peek_trio.storage import Database
from peek_trio.transport.observables.snapshot import LONGEST_SEEN, bounded, includes, seen_in, transaction_in

VECTORS = Path(__file__).parents[3] / "frontends/packages/client/test/snapshots.json"
CASES: list[dict[str, Any]] = json.loads(VECTORS.read_text())["cases"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['tx']} in {case['seen']}")
def test_it_includes_what_had_ended_when_it_was_taken(case: dict[str, Any]) -> None:
    assert includes(case["seen"], int(case["tx"])) is case["includes"]


async def test_it_agrees_with_postgresql(database: Database) -> None:
    cases = [case for case in CASES if case["seen"]]
    visible = sa.text("select pg_visible_in_snapshot(cast(:tx as xid8), cast(:seen as pg_snapshot))")
    answers = await database.run(
        lambda session: [session.scalar(visible, {"tx": case["tx"], "seen": case["seen"]}) for case in cases],
        read_only=True,
    )
    assert answers == [case["includes"] for case in cases]


def snapshot_of(running: set[int], after: int) -> str:
    end = max(running, default=1) + after
    return f"{min(running, default=end)}:{end}:{','.join(map(str, sorted(running)))}"


@given(st.sets(st.integers(10**17, 10**17 + 2000), min_size=230, max_size=300), st.integers(1, 50), st.data())
def test_one_that_is_too_long_is_cut_to_less_and_never_to_more(
    running: set[int], after: int, data: st.DataObject
) -> None:
    whole = snapshot_of(running, after)
    cut = bounded(whole)
    assert len(cut) <= LONGEST_SEEN
    assert seen_in({"seen": cut}) == cut
    assert (cut == whole) is (len(whole) <= LONGEST_SEEN)
    for tx in data.draw(st.lists(st.integers(10**17 - 5, 10**17 + 2100), max_size=50)):
        assert includes(whole, tx) or not includes(cut, tx)
    assert includes(cut, min(running) - 1)


@pytest.mark.parametrize("seen", [1, None, "10", "10:10", "a:b:", "10:10:,", "10:10:1,", "-1:2:", "1:2:3 ", "1" * 5000])
def test_a_header_with_something_else_is_no_frame(seen: object) -> None:
    with pytest.raises(FrameError, match="snapshot"):
        seen_in({"seen": seen})


def test_a_header_without_one_has_none() -> None:
    assert seen_in({}) == ""


@pytest.mark.parametrize("tx", [7, None, "", "0", "07", "-7", "seven", "7.0", str(2**64), "1" * 30])
def test_a_transaction_is_a_decimal_text(tx: object) -> None:
    with pytest.raises(FrameError, match="tx"):
        transaction_in({"k": "see", "tx": tx})
    assert transaction_in({"tx": str(2**64 - 1)}) == 2**64 - 1
