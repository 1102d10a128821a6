"""What receipts remember of numbers, contents and transactions: gaps, reuse, and who asked for what."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
import trio
import trio.testing
from sqlalchemy.orm import Session

from peek_trio.errors import Conflict, Rejected, Unavailable
from peek_trio.storage import Claim, Database, OutOfOrder, Receipt, Statements
from peek_trio.storage.exactly_once import Piece
from peek_trio.storage.receipts import MOST_CONTENT
from peek_trio.storage.tables import ReceiptRow
from peek_trio.storage.ways import SessionBatches

MADE = datetime(2026, 11, 1, 12, tzinfo=UTC)


def numbered(
    seq: int, action_id: str | None = None, *, key: str = "", device: str = "phone", body: bytes = b"{}"
) -> Claim:
    return Claim(device, action_id or f"a{seq}", key, seq, MADE, who="person joe", type="shop.Sell", body=body)


def nothing(session: Session) -> bytes:
    return b""


def rows(session: Session) -> list[ReceiptRow]:
    return list(session.scalars(sa.select(ReceiptRow).order_by(ReceiptRow.action_id)))


async def test_numbers_that_follow_one_another_have_nothing_missing(database: Database) -> None:
    for seq in (1, 2, 3):
        assert (await database.apply_once(numbered(seq), nothing)).missing is None


async def test_a_gap_is_told_and_the_action_is_applied(database: Database) -> None:
    await database.apply_once(numbered(1), nothing)
    receipt = await database.apply_once(numbered(4), nothing)
    assert (receipt.status, receipt.missing) == ("applied", (2, 3))
    assert (await database.apply_once(numbered(4), nothing)).missing == (2, 3)  # also when the answer was lost
    assert (await database.run(rows))[1].missing_from == 2


async def test_the_first_action_of_a_device_is_no_gap_whatever_its_number(database: Database) -> None:
    assert (await database.apply_once(numbered(70), nothing)).missing is None


async def test_order_keys_devices_and_people_are_counted_apart(database: Database) -> None:
    await database.apply_once(numbered(1), nothing)
    for other in (numbered(9, key="valves"), numbered(9, device="tablet")):
        assert (await database.apply_once(other, nothing)).missing is None
    somebody = Claim("phone", "b9", "", 9, who="person ann")
    assert (await database.apply_once(somebody, nothing)).missing is None


@pytest.mark.parametrize("seq", [1, 2, 3])
async def test_a_number_that_has_been_passed_is_not_applied_under_another_id(database: Database, seq: int) -> None:
    await database.apply_once(numbered(3), nothing)
    with pytest.raises(OutOfOrder) as passed:
        await database.apply_once(numbered(seq, "late"), nothing)
    assert passed.value.expected == 4
    assert (await database.apply_once(numbered(4, "late"), nothing)) == Receipt("applied")


async def test_a_failed_action_leaves_its_number_free(database: Database) -> None:
    def fail(session: Session) -> bytes:
        raise ValueError("bug")

    await database.apply_once(numbered(1), nothing)
    with pytest.raises(ValueError, match="bug"):
        await database.apply_once(numbered(2), fail)
    assert (await database.apply_once(numbered(2), nothing)).missing is None


async def test_a_rejected_action_has_used_its_number(database: Database) -> None:
    def refuse(session: Session) -> bytes:
        raise Rejected("No.")

    await database.apply_once(numbered(1), nothing)
    assert (await database.apply_once(numbered(2), refuse)).status == "rejected"
    assert (await database.apply_once(numbered(3), nothing)).missing is None


async def test_the_same_id_with_another_content_is_rejected_with_a_sentence(database: Database) -> None:
    await database.apply_once(numbered(1, body=b'{"count": 1}'), nothing)
    receipt = await database.apply_once(numbered(1, body=b'{"count": 2}'), nothing)
    assert receipt.status == "rejected"
    assert receipt.message.startswith("The device sent something else under the same id before (shop.Sell, at ")
    assert (await database.apply_once(numbered(1, body=b'{"count": 1}'), nothing)).status == "applied"


async def test_the_transaction_is_on_the_receipt_and_on_every_resend(database: Database) -> None:
    def own(session: Session) -> bytes:
        return str(session.scalar(sa.text("select pg_current_xact_id()::text"))).encode()

    first = await database.apply_once(numbered(1), own)
    again = await database.apply_once(numbered(1), own)
    assert first.tx is not None
    assert (first.tx, again.tx) == (int(first.result), first.tx)


async def test_in_a_batch_the_transaction_is_that_of_the_batch(database: Database) -> None:
    def own(statements: Statements) -> bytes:
        row = statements.execute("select pg_current_xact_id()::text").fetchone()
        assert row is not None
        return str(row[0]).encode()

    receipts: list[Receipt] = []

    async def act(number: int) -> None:
        receipts.append(await database.apply_statements(numbered(1, f"a{number}", key=f"key {number}"), own))

    async with trio.open_nursery() as nursery:
        for number in range(12):
            nursery.start_soon(act, number)
    assert [receipt.tx for receipt in receipts] == [int(receipt.result) for receipt in receipts]
    assert len({receipt.tx for receipt in receipts}) < 12


async def test_of_numbered_actions_of_one_key_only_the_first_has_its_turn_in_a_batch(database: Database) -> None:
    pieces = [
        Piece(numbered(seq, f"{key} {seq}", key=key), nothing, "x") for key in ("one", "two") for seq in (1, 2, 3)
    ]
    outcomes = await database._unit(lambda unit: SessionBatches()(unit, pieces), "a batch")
    assert outcomes == [Receipt("applied"), None, None, Receipt("applied"), None, None]
    assert len(await database.run(rows)) == 2


@pytest.mark.parametrize("error", [Rejected("No."), Conflict("Somebody was faster.")])
async def test_every_refusal_is_kept(database: Database, error: Exception) -> None:
    def refuse(session: Session) -> bytes:
        raise error

    assert await database.apply_once(numbered(1), refuse) == Receipt("rejected", str(error))
    assert await database.apply_once(numbered(1), nothing) == Receipt("rejected", str(error), repeated=True)


async def test_what_is_not_available_just_now_is_not_kept(database: Database) -> None:
    def fail(session: Session) -> bytes:
        raise Unavailable("The agent is away.")

    with pytest.raises(Unavailable):
        await database.apply_once(numbered(1), fail)
    assert await database.apply_once(numbered(1), nothing) == Receipt("applied")


async def test_a_receipt_says_who_asked_for_what_and_when(database: Database) -> None:
    await database.apply_once(numbered(5, key="valves", body=b'{"count": 2}'), nothing)
    (row,) = await database.run(rows)
    assert (row.who, row.device, row.order_key, row.seq, row.made) == ("person joe", "phone", "valves", 5, MADE)
    assert (row.type, row.content, row.size, row.status, row.runs) == ("shop.Sell", '{"count": 2}', 12, "applied", 1)
    assert row.at > MADE


@pytest.mark.parametrize("body", [b'"' + b"x" * 9000 + b'"', b'"' + "ä".encode() * 4500, b'"\0"', b"\xff"])
async def test_of_a_large_or_odd_content_the_beginning_is_kept(database: Database, body: bytes) -> None:
    await database.apply_once(numbered(1, body=body), nothing)
    (row,) = await database.run(rows)
    assert len(row.content.encode()) <= MOST_CONTENT
    assert row.size == len(body)


async def test_what_may_run_again_is_counted(database: Database) -> None:
    assert await database.note_run(numbered(1), Receipt("applied", result=b"1")) == 1
    assert await database.note_run(numbered(1), Receipt("rejected", "Too loud.")) == 2
    (row,) = await database.run(rows)
    assert (row.status, row.message, row.result, row.runs) == ("rejected", "Too loud.", b"", 2)
    assert (await database.apply_once(numbered(2), nothing)).missing is None  # it has its place in the order
