"""housekeeping: what the server tidies up by itself."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
import trio
from sqlalchemy.orm import Session

from peek_trio.nursery.housekeeping import forget_old_receipts
from peek_trio.storage import Database
from peek_trio.storage.tables import ReceiptRow


async def test_receipts_that_no_device_may_need_are_forgotten_at_the_start(
    database: Database, nursery: trio.Nursery
) -> None:
    def enter(session: Session) -> None:
        for action, age in ("old", 200), ("young", 100):
            session.add(
                ReceiptRow(
                    who="person joe",
                    device="phone",
                    action_id=action,
                    order_key="",
                    type="shop.Sell",
                    content="{}",
                    size=2,
                    digest=b"",
                    status="applied",
                    message="",
                    result=b"",
                    at=datetime.now(UTC) - timedelta(days=age),
                )
            )

    def kept(session: Session) -> Sequence[str]:
        return session.scalars(sa.select(ReceiptRow.action_id)).all()

    await database.run(enter)
    await nursery.start(forget_old_receipts, database)
    with trio.fail_after(10):
        while await database.run(kept) != ["young"]:  # noqa: ASYNC110 (a tidy table announces nothing)
            await trio.sleep(0.01)
    nursery.cancel_scope.cancel()


async def test_a_database_that_is_away_is_told_and_ends_nothing(
    nursery: trio.Nursery, caplog: pytest.LogCaptureFixture
) -> None:
    nowhere = Database("postgresql://127.0.0.1:1/peek")
    await nursery.start(forget_old_receipts, nowhere)
    with trio.fail_after(10):
        while "trying again in an hour" not in caplog.text:  # noqa: ASYNC110 (a log line announces nothing)
            await trio.sleep(0.01)
    nursery.cancel_scope.cancel()
    await nowhere.close()
