"""Receipts: what every action came to, kept so that a resend of it is answered and not done again.

A claim is written before the work and in the same transaction. A second delivery of the same action, on another connection at the same
moment, waits at the claim's unique key until the first has committed (and reads its receipt) or rolled back (and does the work itself).

Actions are applied in the order in which they arrive. Their sequence number is kept for the record and not enforced: a device sends in
order and one at a time, and refusing a late one would lose it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, cast

import attrs
import sqlalchemy as sa
from sqlalchemy.orm import Session

from peek_trio.storage.one_message import literal
from peek_trio.storage.tables import ReceiptRow
from peek_trio.storage.unit_of_work import UnitOfWork

__all__ = ["KEPT_FOR", "Claim", "Receipt", "ReceiptKey", "Receipts"]

KEPT_FOR = timedelta(days=180)
"""How long a receipt is kept: longer than any device is offline with actions still to send."""

ReceiptKey = tuple[str, str]
"""The device and the id of an action."""

_TABLE = ReceiptRow.__table__.fullname.encode()  # type: ignore[attr-defined]
_CLAIM = b"insert into " + _TABLE + b" (device, action_id, order_key, seq, status, message, result) values "


@attrs.frozen
class Claim:
    """Which action it is: the device's name for itself, the id and the sequence number it gave, and when by its clock."""

    device: str
    action_id: str
    order_key: str = ""
    seq: int = 1
    made: datetime | None = None

    @property
    def key(self) -> ReceiptKey:
        """What its receipt is found by."""
        return self.device, self.action_id


@attrs.frozen
class Receipt:
    """What an action came to. `message` is for the user when it was rejected, `result` the encoded result when it was applied.

    `repeated` says that this answers a resend.
    """

    status: Literal["applied", "rejected"]
    message: str = ""
    result: bytes = b""
    repeated: bool = False


class Receipts:
    """The receipts of a database's actions, as functions of a unit of work."""

    @staticmethod
    def claim(unit: UnitOfWork, claims: Sequence[Claim]) -> set[ReceiptKey]:
        """Begins the unit's transaction by writing the receipts, for the work to complete; returns those that were not there yet.

        In one order everywhere, so that two units which claim the same actions wait for each other and never in a circle.
        """
        rows = b", ".join(_claimed(unit, claim) for claim in sorted(claims, key=lambda claim: claim.key))
        result = unit.begin_with(_CLAIM + rows + b" on conflict do nothing returning device, action_id")
        return {(_text(result.get_value(row, 0)), _text(result.get_value(row, 1))) for row in range(result.ntuples)}

    @staticmethod
    def stored(session: Session, claims: Collection[Claim]) -> dict[ReceiptKey, Receipt]:
        """The receipts of actions that were done before."""
        columns = (ReceiptRow.device, ReceiptRow.action_id, ReceiptRow.status, ReceiptRow.message, ReceiptRow.result)
        keys = sa.tuple_(ReceiptRow.device, ReceiptRow.action_id).in_([claim.key for claim in claims])
        return {
            (device, action_id): Receipt(
                cast(Literal["applied", "rejected"], status), message, bytes(result), repeated=True
            )
            for device, action_id, status, message, result in session.execute(sa.select(*columns).where(keys))
        }

    @staticmethod
    def complete(unit: UnitOfWork, receipts: Mapping[ReceiptKey, Receipt | None]) -> None:
        """Has what the actions came to written with the commit; None takes a claim back."""
        kept = {
            key: receipt
            for key, receipt in receipts.items()
            if receipt is not None and receipt != Receipt("applied")  # that is what a claim says already
        }
        if kept:
            rows = b", ".join(_completed(unit, key, receipt) for key, receipt in kept.items())
            unit.commit_with(
                b"update " + _TABLE + b" as r set status = v.status, message = v.message, result = v.result from (values "
                + rows + b") as v (device, action_id, status, message, result)"
                b" where r.device = v.device and r.action_id = v.action_id"
            )  # fmt: skip
        if taken_back := [key for key, receipt in receipts.items() if receipt is None]:
            rows = b", ".join(_row(unit, *key) for key in taken_back)
            unit.commit_with(b"delete from " + _TABLE + b" where (device, action_id) in (" + rows + b")")

    @staticmethod
    def forget_old(session: Session, *, now: datetime | None = None) -> int:
        """Removes the receipts that are older than they are kept for; returns how many."""
        old = sa.delete(ReceiptRow).where(ReceiptRow.at < (now or datetime.now(UTC)) - KEPT_FOR)
        return cast("sa.CursorResult[Any]", session.execute(old)).rowcount


def _claimed(unit: UnitOfWork, claim: Claim) -> bytes:
    first, *rest = (literal(unit.driver, text) for text in (claim.device, claim.action_id, claim.order_key))
    return b"(" + b", ".join([first, *rest, str(int(claim.seq)).encode(), b"'applied', '', ''"]) + b")"


def _completed(unit: UnitOfWork, key: ReceiptKey, receipt: Receipt) -> bytes:
    return _row(unit, *key, receipt.status, receipt.message.replace("\0", ""), receipt.result)


def _row(unit: UnitOfWork, *values: str | bytes) -> bytes:
    return b"(" + b", ".join(literal(unit.driver, value) for value in values) + b")"


def _text(value: bytes | None) -> str:
    return (value or b"").decode()
