"""What people and services have asked to be done, newest first, for whoever looks into it: read from the receipts of actions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

import attrs
import sqlalchemy as sa
from sqlalchemy.orm import Session

from peek_trio.errors import BadRequest
from peek_trio.storage.tables import ReceiptRow

__all__ = ["MOST_COUNTED", "MOST_RECORDS", "Activity", "read_activity"]

MOST_RECORDS = 200
"""Records on one page."""

MOST_COUNTED = 10_000
"""Matching records are counted up to here; counting millions would cost more than anybody gains."""


@attrs.frozen(kw_only=True)
class Activity:
    """Which records: an empty text and None leave it open.

    `who`, `device` and `type` are contained in the record's, whatever the case. `since` (included) and `until` (excluded) are about when
    it was answered. `id` asks for the action with this id alone.
    """

    who: str = ""
    device: str = ""
    type: str = ""
    outcome: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    id: str = ""


def read_activity(session: Session, which: Activity, offset: int, limit: int) -> tuple[int, Sequence[ReceiptRow]]:
    """How many match, counted up to MOST_COUNTED, and `limit` of them from `offset` on, newest first.

    Raises BadRequest for a page that cannot be.
    """
    if offset < 0 or not 1 <= limit <= MOST_RECORDS:
        raise BadRequest(f"A page of the activity begins at 0 or later and has 1 to {MOST_RECORDS} records.")
    conditions = list(_conditions(which))
    counted = sa.select(sa.literal(1)).select_from(ReceiptRow).where(*conditions).limit(MOST_COUNTED).subquery()
    newest = ReceiptRow.at.desc(), ReceiptRow.seq.desc(), ReceiptRow.action_id
    rows = sa.select(ReceiptRow).where(*conditions).order_by(*newest).offset(offset).limit(limit)
    total = session.scalar(sa.select(sa.func.count()).select_from(counted)) or 0
    return total, session.scalars(rows).all()


def _conditions(which: Activity) -> Iterator[sa.ColumnElement[bool]]:
    # The kind comes first in `who`, and is not what somebody looks for who types a name.
    name = sa.func.substr(ReceiptRow.who, sa.func.strpos(ReceiptRow.who, " ") + 1)
    for column, words in ((name, which.who), (ReceiptRow.device, which.device), (ReceiptRow.type, which.type)):
        if words:
            yield column.icontains(words.replace("\0", ""), autoescape=True)
    if which.outcome is not None:
        yield ReceiptRow.status == which.outcome
    if which.since is not None:
        yield ReceiptRow.at >= which.since
    if which.until is not None:
        yield ReceiptRow.at < which.until
    if which.id:
        yield ReceiptRow.action_id == which.id.replace("\0", "")
