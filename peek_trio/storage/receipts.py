"""Exactly once: an action's effect and its receipt are committed together or not at all.

The receipt is written first. A second delivery of the same action, on another connection at the same moment, waits at its unique key
until the first has committed (and reads the receipt) or rolled back (and does the work itself). A crash at any point is a rollback.

Actions are applied in the order in which they arrive. Their sequence number is kept for the record and not enforced: a device sends in
order and one at a time, and refusing a late one would lose it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, TypeVar, cast

import attrs
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DataError
from sqlalchemy.orm import Session

from peek_trio.errors import Rejected
from peek_trio.storage.tables import ReceiptRow

__all__ = ["KEPT_FOR", "Receipt", "Receipts"]

log = logging.getLogger(__name__)

R = TypeVar("R")

KEPT_FOR = timedelta(days=180)
"""How long a receipt is kept: longer than any device is offline with actions still to send."""


_TABLE = cast(sa.Table, ReceiptRow.__table__)
_CLAIM = insert(_TABLE).on_conflict_do_nothing().returning(_TABLE.c.device)
"""Made once: it is the first statement of every action."""


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
    def apply_once(
        session: Session,
        device: str,
        action_id: str,
        order_key: str,
        seq: int,
        work: Callable[[Session], R],
        encode: Callable[[R], bytes],
        *,
        made: datetime | None = None,
        now: datetime | None = None,
    ) -> Receipt:
        """Does `work` unless this action has been done, and returns its receipt. The unit of work commits both.

        A Rejected that `work` raises undoes what it did and is kept as the receipt, and so does a value that its column does not
        take, since it never will; any other exception undoes the unit of work, and the action may be sent again. An action `made`
        longer ago than receipts are kept is rejected, since nobody can tell any more whether it has been applied.
        """
        if not _claim(session, device, action_id, order_key, seq):
            return _stored(session, device, action_id)
        if made is not None and made < (now or datetime.now(UTC)) - KEPT_FOR:
            return _reject(session, device, action_id, _too_old(made))
        try:
            with session.begin_nested():
                result = encode(work(session))
        except Rejected as rejected:
            return _reject(session, device, action_id, str(rejected))
        except DataError as error:
            log.info("The action %s of %s was rejected: %s", action_id, device, error.orig)
            return _reject(session, device, action_id, "A value in it is not one that can be stored.")
        if result:
            session.execute(_update(device, action_id).values(result=result))
        return Receipt("applied", result=result)

    @staticmethod
    def forget_old(session: Session, *, now: datetime | None = None) -> int:
        """Removes the receipts that are older than they are kept for; returns how many."""
        old = sa.delete(ReceiptRow).where(ReceiptRow.at < (now or datetime.now(UTC)) - KEPT_FOR)
        return cast("sa.CursorResult[Any]", session.execute(old)).rowcount


def _too_old(made: datetime) -> str:
    return (
        f"This was made on {made:%Y-%m-%d}, more than {KEPT_FOR.days} days ago, and cannot be applied safely any more. "
        "If the date is wrong, set the clock of the device; then enter it again."
    )


def _claim(session: Session, device: str, action_id: str, order_key: str, seq: int) -> bool:
    """Writes the receipt, to be completed by the work; False when there is one already."""
    names = {"device": device, "action_id": action_id, "order_key": order_key, "seq": seq}
    return session.execute(_CLAIM, {**names, "status": "applied", "message": "", "result": b""}).first() is not None


def _stored(session: Session, device: str, action_id: str) -> Receipt:
    status, message, result = session.execute(
        sa.select(ReceiptRow.status, ReceiptRow.message, ReceiptRow.result).where(
            ReceiptRow.device == device, ReceiptRow.action_id == action_id
        )
    ).one()
    return Receipt(cast(Literal["applied", "rejected"], status), message, bytes(result), repeated=True)


def _reject(session: Session, device: str, action_id: str, message: str) -> Receipt:
    session.execute(_update(device, action_id).values(status="rejected", message=message))
    return Receipt("rejected", message)


def _update(device: str, action_id: str) -> sa.Update:
    return (
        sa.update(ReceiptRow)
        .where(ReceiptRow.device == device, ReceiptRow.action_id == action_id)
        .execution_options(synchronize_session=False)
    )
