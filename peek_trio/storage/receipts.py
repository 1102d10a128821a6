"""Receipts: what every action came to, kept so that a resend of it is answered and not done again.

A claim is written before the work and in the same transaction. A second delivery of the same action, on another connection at the same
moment, waits at the claim's unique key until the first has committed (and reads its receipt) or rolled back (and does the work itself).

The same row says who asked for what and when, for whoever looks into it later, and it remembers how far a device has counted: an action
whose number is beyond the next one is applied and the gap is noted; one whose number has been passed is to be numbered anew.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, cast

import attrs
import sqlalchemy as sa
from sqlalchemy.orm import Session

from peek_trio.storage.one_message import literal
from peek_trio.storage.prepared import Prepared
from peek_trio.storage.tables import ReceiptRow
from peek_trio.storage.unit_of_work import UnitOfWork

__all__ = ["KEPT_FOR", "MOST_CONTENT", "Claim", "OutOfOrder", "Receipt", "ReceiptKey", "Receipts"]

KEPT_FOR = timedelta(days=180)
"""How long a receipt is kept: longer than any device is offline with actions still to send."""

MOST_CONTENT = 4096
"""Bytes of an action's content that are kept with its receipt."""

ReceiptKey = tuple[str, str, str]
"""Who asked for an action, on which device, and the id it has there."""

Gap = tuple[int, int]
"""The first and the last number that are missing before an action."""


@attrs.frozen
class Claim:
    """Which action it is: the device's name for itself, the id and the number it gave, and when by its clock.

    `who` asked for it ("person joe"): a device's name proves nothing, and one person's action must never answer for another's. Without
    `seq` it is not numbered, and its order not watched. `type` and `body` are what was asked for, as it was sent.
    """

    device: str
    action_id: str
    order_key: str = ""
    seq: int | None = None
    made: datetime | None = None
    who: str = ""
    type: str = ""
    body: bytes = b""
    version: int = 1

    @property
    def key(self) -> ReceiptKey:
        """What its receipt is found by."""
        return self.who, self.device, self.action_id

    @property
    def lane(self) -> tuple[str, str, str]:
        """Within what it is numbered."""
        return self.who, self.device, self.order_key

    @property
    def digest(self) -> bytes:
        """Differs when something else is asked for under the same id."""
        return hashlib.blake2b(b"%b %d %b" % (self.type.encode(), self.version, self.body), digest_size=16).digest()


@attrs.frozen
class Receipt:
    """What an action came to. `message` is for the user when it was rejected, `result` the encoded result when it was applied.

    `repeated` says that this answers a resend. `tx` is the number of the transaction in which the action was applied, and `missing` the
    numbers that the device has used for others before it which have not arrived.
    """

    status: Literal["applied", "rejected"]
    message: str = ""
    result: bytes = b""
    repeated: bool = False
    tx: int | None = attrs.field(default=None, eq=False)
    missing: Gap | None = None


class OutOfOrder(Exception):
    """The action is new, but its number has been passed already. Numbered `expected`, it can be applied."""

    def __init__(self, expected: int) -> None:
        super().__init__(f"Number {expected - 1} of this device and order key is taken; the next one is {expected}.")
        self.expected = expected


@attrs.frozen
class Claimed:
    """A claim that was not there yet: its transaction, what is missing before it, and where its row is until the commit."""

    tx: int
    missing: Gap | None
    place: bytes


_TABLE = ReceiptRow.__table__.fullname.encode()  # type: ignore[attr-defined]
_ASKED = b"who, device, action_id, order_key, seq, made, type, content, size, digest"
_TYPES = b"text text text text bigint timestamptz text text int bytea".split()
_CLAIM = (
    b"insert into %(t)s (%(a)s, missing_from, status, message, result)"
    b" select %(a)s, case when seq > last + 1 then last + 1 end, 'applied', '', ''"
    b" from (select v.*, (select max(r.seq) from %(t)s r"
    b" where r.who = v.who and r.device = v.device and r.order_key = v.order_key) as last"
    b" from (values %%s) v (%(a)s) offset 0) asked"  # the offset keeps `last` from being looked up at every mention
    b" where seq is null or last is null or seq > last"
    b" on conflict do nothing returning who, device, action_id, tx, missing_from, seq, ctid"
) % {b"t": _TABLE, b"a": _ASKED}
_CLAIMED = ("applied", "", b"")
"""The outcome that a claim has written already."""
_CLAIM_ONE = Prepared(
    b"peek_claim", _CLAIM % (b"(%b)" % b", ".join(b"$%d::%b" % (at, kind) for at, kind in enumerate(_TYPES, 1)))
)
_NOTE = (
    b"insert into %(t)s as r (%(a)s, status, message, result) select v.*, %%b from (values %%b) v"
    b" on conflict (who, device, action_id) do update set status = excluded.status, message = excluded.message,"
    b" result = excluded.result, at = now(), runs = r.runs + 1 returning runs"
) % {b"t": _TABLE, b"a": _ASKED}


class Receipts:
    """The receipts of a database's actions, as functions of a unit of work."""

    @staticmethod
    def claim(unit: UnitOfWork, claims: Sequence[Claim]) -> dict[ReceiptKey, Claimed]:
        """Begins the unit's transaction by writing the receipts, for the work to complete; returns those that were not there yet.

        In one order everywhere, so that two units which claim the same actions wait for each other and never in a circle. Of the
        numbered ones no two may be of one lane.
        """
        rows = [_asked_row(unit, claim) for claim in sorted(claims, key=lambda claim: claim.key)]
        if len(rows) == 1:
            result = _CLAIM_ONE.begin_with(unit.driver, unit.session.connection().info, rows[0])
        else:
            result = unit.begin_with(_CLAIM % b", ".join(b"(%b)" % row for row in rows))
        claimed: dict[ReceiptKey, Claimed] = {}
        for row in range(result.ntuples):
            values = ((result.get_value(row, at) or b"").decode() for at in range(result.nfields))
            who, device, action_id, tx, first, seq, place = values
            missing = (int(first), int(seq) - 1) if first else None
            claimed[who, device, action_id] = Claimed(int(tx), missing, place.encode())
        return claimed

    @staticmethod
    def stored(session: Session, claims: Collection[Claim]) -> dict[ReceiptKey, Receipt | OutOfOrder]:
        """What is known of actions that could not be claimed: their receipt, or that their number is taken by another one."""
        of = {claim.key: claim for claim in claims}
        keys = sa.tuple_(ReceiptRow.who, ReceiptRow.device, ReceiptRow.action_id).in_(list(of))
        found: dict[ReceiptKey, Receipt | OutOfOrder] = {}
        for row in session.scalars(sa.select(ReceiptRow).where(keys)):
            key = row.who, row.device, row.action_id
            found[key] = _receipt(row) if row.digest == of[key].digest else _other(row)
        session.expunge_all()
        return found | {key: _out_of_order(session, claim) for key, claim in of.items() if key not in found}

    @staticmethod
    def complete(unit: UnitOfWork, receipts: Sequence[tuple[Claimed, Receipt | None]]) -> None:
        """Has what the claimed actions came to written with the commit; None takes a claim back.

        By their places: that takes no planning, and no choice of an index while little is known of a young table.
        """
        for claimed, receipt in receipts:
            where = b" where ctid = '%b'::tid" % claimed.place
            if receipt is None:
                unit.commit_with(b"delete from " + _TABLE + where)
            elif (receipt.status, receipt.message, receipt.result) != _CLAIMED:
                told = _list(unit, receipt.status, receipt.message, receipt.result)
                unit.commit_with(b"update %b set (status, message, result) = (%b)" % (_TABLE, told) + where)

    @staticmethod
    def note(unit: UnitOfWork, claim: Claim, receipt: Receipt) -> int:
        """Keeps what an action came to that is done again when it is sent again; returns how often it has been."""
        told = _list(unit, receipt.status, receipt.message, receipt.result)
        result = unit.begin_with(_NOTE % (told, b"(%b)" % _asked_row(unit, claim)))
        return int(result.get_value(0, 0) or 0)

    @staticmethod
    def forget_old(session: Session, *, now: datetime | None = None) -> int:
        """Removes the receipts that are older than they are kept for; returns how many."""
        old = sa.delete(ReceiptRow).where(ReceiptRow.at < (now or datetime.now(UTC)) - KEPT_FOR)
        return cast("sa.CursorResult[Any]", session.execute(old)).rowcount


def _asked_row(unit: UnitOfWork, claim: Claim) -> bytes:
    """What was asked for, as a list of values; see `_ASKED`."""
    content = claim.body[:MOST_CONTENT].decode("utf-8", "ignore").replace("\0", "")
    number = b"null::bigint" if claim.seq is None else b"%d::bigint" % claim.seq
    made = b"null::timestamptz"
    if claim.made is not None:
        made = literal(unit.driver, claim.made.isoformat()) + b"::timestamptz"
    texts = [literal(unit.driver, text) for text in (*claim.key, claim.order_key)]
    rest = [literal(unit.driver, claim.type), literal(unit.driver, content), b"%d" % len(claim.body)]
    return b", ".join([*texts, number, made, *rest, literal(unit.driver, claim.digest)])


def _receipt(row: ReceiptRow) -> Receipt:
    missing = None if row.missing_from is None or row.seq is None else (row.missing_from, row.seq - 1)
    status = cast(Literal["applied", "rejected"], row.status)
    return Receipt(status, row.message, bytes(row.result), repeated=True, tx=row.tx, missing=missing)


def _other(row: ReceiptRow) -> Receipt:
    return Receipt(
        "rejected",
        f"The device sent something else under the same id before ({row.type or 'an action'}, at {row.at:%Y-%m-%d %H:%M}). "
        "Nothing was changed; enter it again.",
    )


def _out_of_order(session: Session, claim: Claim) -> OutOfOrder:
    who, device, order_key = claim.lane
    last = sa.select(sa.func.max(ReceiptRow.seq)).where(
        ReceiptRow.who == who, ReceiptRow.device == device, ReceiptRow.order_key == order_key
    )
    return OutOfOrder((session.scalar(last) or 0) + 1)


def _list(unit: UnitOfWork, *values: str | bytes) -> bytes:
    return b", ".join(
        literal(unit.driver, value.replace("\0", "") if isinstance(value, str) else value) for value in values
    )
