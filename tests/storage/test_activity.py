"""The activity: newest first, narrowed as asked, a page at a time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from peek_trio.errors import BadRequest
from peek_trio.storage import Activity, Database, read_activity
from peek_trio.storage import activity as activity_module
from peek_trio.storage.tables import ReceiptRow

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def enter(session: Session) -> None:
    """An action every hour, the newest first: a0 by Ann on the phone, a1 by Joe, rejected, and so on."""
    for number in range(10):
        session.add(
            ReceiptRow(
                who="person ann" if number % 2 == 0 else "service joe-agent",
                device="phone" if number < 5 else "tablet_1",
                action_id=f"a{number}",
                order_key="",
                seq=10 - number,
                type="shop.Sell" if number % 3 else "shop.SetPrice",
                content="{}",
                size=2,
                digest=b"",
                status="rejected" if number == 1 else "applied",
                message="",
                result=b"",
                at=NOW - timedelta(hours=number),
            )
        )


@pytest.fixture
async def busy(database: Database) -> Database:
    await database.run(enter)
    return database


async def found(database: Database, which: Activity, offset: int = 0, limit: int = 50) -> tuple[int, list[str]]:
    total, rows = await database.run(partial(read_activity, which=which, offset=offset, limit=limit), read_only=True)
    return total, [row.action_id for row in rows]


async def test_the_newest_come_first_and_a_page_has_a_bound(busy: Database) -> None:
    assert await found(busy, Activity(), limit=3) == (10, ["a0", "a1", "a2"])
    assert await found(busy, Activity(), offset=8, limit=3) == (10, ["a8", "a9"])


async def test_what_has_one_time_is_in_the_order_of_its_numbers(busy: Database) -> None:
    await busy.run(lambda session: session.execute(sa.update(ReceiptRow).values(at=NOW)))
    assert (await found(busy, Activity()))[1] == [f"a{number}" for number in range(10)]


@pytest.mark.parametrize(
    ("which", "expected"),
    [
        (Activity(who="ANN"), ["a0", "a2", "a4", "a6", "a8"]),
        (Activity(who="person"), []),  # the kind of a principal is not its name
        (Activity(device="tablet_"), ["a5", "a6", "a7", "a8", "a9"]),
        (Activity(device="t_blet"), []),  # what is a wildcard in SQL is a letter here
        (Activity(type="setprice"), ["a0", "a3", "a6", "a9"]),
        (Activity(outcome="rejected"), ["a1"]),
        (Activity(since=NOW - timedelta(hours=2)), ["a0", "a1", "a2"]),
        (Activity(since=NOW - timedelta(hours=2), until=NOW), ["a1", "a2"]),
        (Activity(id="a7"), ["a7"]),
        (Activity(who="ann", device="phone", type="sell"), ["a2", "a4"]),
        (Activity(who="\0"), [f"a{number}" for number in range(10)]),
    ],
)
async def test_it_is_narrowed_as_asked(busy: Database, which: Activity, expected: list[str]) -> None:
    assert await found(busy, which) == (len(expected), expected)


async def test_counting_has_an_end(busy: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(activity_module, "MOST_COUNTED", 4)
    assert (await found(busy, Activity()))[0] == 4


@pytest.mark.parametrize(("offset", "limit"), [(-1, 50), (0, 0), (0, 201)])
async def test_a_page_that_cannot_be_is_refused(busy: Database, offset: int, limit: int) -> None:
    with pytest.raises(BadRequest, match="has 1 to 200 records"):
        await found(busy, Activity(), offset, limit)
