"""The activity as administrators see it: who had what done, on which device, when, and what became of it."""

from typing import Literal

import attrs

from peek_trio.nursery import platform_contracts as contracts
from peek_trio.nursery.platform_tuples import ActionRecord, ActivityPage, ActivityQuery
from peek_trio.security import admin
from peek_trio.storage import Activity, Database, read_activity
from peek_trio.storage.tables import ReceiptRow
from peek_trio.transport import Scope


def serve_activity(scope: Scope, database: Database) -> None:
    """Let administrators, and nobody else, read the records of actions."""

    async def read(query: ActivityQuery) -> ActivityPage:
        asked = attrs.asdict(query)
        offset, limit = asked.pop("offset"), asked.pop("limit")
        total, rows = await database.run(
            lambda session: read_activity(session, Activity(**asked), offset, limit), read_only=True, name="activity"
        )
        return ActivityPage(total, [_record(row) for row in rows])

    scope.serve(contracts.activity, read, allow=admin)


def _record(row: ReceiptRow) -> ActionRecord:
    kind, _, who = row.who.partition(" ")
    outcome: Literal["applied", "rejected"] = "applied" if row.status == "applied" else "rejected"
    return ActionRecord(
        kind=kind,
        who=who,
        device=row.device,
        id=row.action_id,
        key=row.order_key,
        seq=row.seq,
        missing_from=row.missing_from,
        type=row.type,
        content=row.content,
        size=row.size,
        made=row.made,
        at=row.at,
        outcome=outcome,
        message=row.message,
        runs=row.runs,
    )
