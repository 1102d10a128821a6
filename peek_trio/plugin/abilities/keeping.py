"""Between actions and their receipts: what of a request is kept, what a receipt answers, and who keeps what no handler does."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Literal

import attrs

from peek_trio.errors import DatabaseUnavailable, Rejected
from peek_trio.storage import Claim, Database, OutOfOrder, Receipt, Statements
from peek_trio.transport import ActionRequest, ActionResult

__all__ = ["ReceiptKeeper", "apply_with_session", "apply_with_statements"]

log = logging.getLogger(__name__)

Work = Callable[[Any], bytes]


async def apply_with_session(database: Database, request: ActionRequest, work: Work, name: str) -> ActionResult:
    """Has `work` done once with a session, and answers the request."""
    return await _answered(request, lambda claim: database.apply_once(claim, work, name=name))


async def apply_with_statements(database: Database, request: ActionRequest, work: Work, name: str) -> ActionResult:
    """Has `work` done once with plain statements, and answers the request."""
    return await _answered(request, lambda claim: database.apply_statements(claim, work, name=name))


class ReceiptKeeper:
    """Writes down refused actions, and those of handlers with `once=False`, where the receipts are. See `transport.Keeper`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def refuse(self, request: ActionRequest, why: str) -> ActionResult:
        """Keeps the refusal, unless the action has been answered before: a resend must not be told something else."""

        def work(statements: Statements) -> bytes:
            raise Rejected(why)

        return await apply_with_statements(self._database, request, work, f"refusing {request.type}")

    async def ran(self, request: ActionRequest, result: ActionResult) -> ActionResult:
        """Keeps what an action came to. When that fails there is a line in the log; what was done is done."""
        status: Literal["applied", "rejected"] = "applied" if result.status == "applied" else "rejected"
        receipt = Receipt(status, result.message, result.encoded)
        try:
            runs = await self._database.note_run(_claim(request), receipt)
        except DatabaseUnavailable as error:
            log.warning(
                "That %s of %s was %s could not be written down: %s", request.type, request.device, status, error
            )
            return result
        return attrs.evolve(result, repeated=runs > 1)


async def _answered(request: ActionRequest, apply: Callable[[Claim], Any]) -> ActionResult:
    try:
        receipt: Receipt = await apply(_claim(request))
    except OutOfOrder as passed:
        return ActionResult("retry", str(passed), after=0.0, expected=passed.expected)
    if receipt.missing is not None and not receipt.repeated:
        log.warning(
            "%s %s: of the device %s, order key %r, the numbers %d to %d never arrived; %d (%s) was %s without them.",
            *(request.principal.kind, request.principal.name, request.device, request.key, *receipt.missing),
            *(request.seq, request.type, receipt.status),
        )
    return ActionResult(
        receipt.status,
        receipt.message,
        encoded=receipt.result,
        tx=receipt.tx,
        repeated=receipt.repeated,
        missing=receipt.missing,
    )


def _claim(request: ActionRequest) -> Claim:
    """What of a request its receipt says. Whose it is belongs to its key: a device's name proves nothing."""
    who = f"{request.principal.kind} {request.principal.name}"
    return Claim(
        request.device,
        request.id,
        request.key,
        request.seq,
        request.made,
        who=who,
        type=request.type,
        body=request.body,
        version=request.version,
    )
