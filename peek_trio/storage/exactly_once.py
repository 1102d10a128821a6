"""Exactly once: an action's effect and its receipt are committed together or not at all.

One action alone has a transaction of its own. Several together share one, each within a savepoint: the receipts are claimed in one
message at the beginning and completed in one message with the commit. A crash at any point is a rollback.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Generic, Protocol, TypeVar

import attrs

from peek_trio.errors import CallError, DeadlineExceeded, Unavailable
from peek_trio.storage.driver_errors import explained, is_conflict, is_interruption, is_misfit
from peek_trio.storage.interruptible import Interrupted
from peek_trio.storage.receipts import KEPT_FOR, Claim, Claimed, OutOfOrder, Receipt, ReceiptKey, Receipts
from peek_trio.storage.unit_of_work import UnitOfWork

__all__ = ["LONGEST_BATCH", "Doubtful", "Outcome", "Piece", "Way", "apply_one", "apply_several", "concerns_all"]

log = logging.getLogger(__name__)

H = TypeVar("H")

LONGEST_BATCH = 0.1
"""Seconds after which no further action of a batch is begun: those behind a slow one wait for the next batch."""

Outcome = Receipt | Exception | None
"""What became of an action in a batch: its receipt, the fault of its handler (nothing is kept; it may be sent again), or no turn yet."""


@attrs.frozen
class Piece(Generic[H]):
    """One action to be applied: `work` does it with what it is handed and returns the encoded result. `name` is for the log."""

    claim: Claim
    work: Callable[[H], bytes]
    name: str


class Doubtful(Exception):
    """Something went wrong in a batch that takes more down with it than the piece it belongs to. Do the batch again, carefully."""


class Way(Protocol[H]):
    """How the pieces of a batch are worked on."""

    def together(self) -> AbstractContextManager[None]:
        """Around all pieces."""
        ...

    def work(self, piece: Piece[H]) -> bytes:
        """Does one piece and returns its encoded result, or undoes what it did and raises."""
        ...


def apply_one(unit: UnitOfWork, claim: Claim, work: Callable[[], bytes], *, now: datetime | None = None) -> Receipt:
    """Does `work` unless this action has been done, and returns its receipt. The unit of work commits both.

    A refusal (Rejected, Conflict, NotAllowed) that `work` raises undoes what it did and is kept as the receipt, and so does a value that
    its column does not take, since it never will; any other exception undoes the unit of work, and the action may be sent again. An
    action made longer ago than receipts are kept is rejected, since nobody can tell any more whether it has been applied. Raises
    OutOfOrder when it is new but its number is not.
    """
    claimed = Receipts.claim(unit, [claim]).get(claim.key)
    if claimed is None:
        return _known(unit, claim)
    receipt = _too_old(claim, now)
    if receipt is None:
        try:
            receipt = Receipt("applied", result=work())
            unit.session.flush()
        except Exception as error:
            receipt = _rejection(claim, error)
            if receipt is None:
                raise
            unit.undo()
            claimed = Receipts.claim(unit, [claim]).get(claim.key)
            if claimed is None:
                return _known(unit, claim)
    Receipts.complete(unit, [(claimed, receipt)])
    return attrs.evolve(receipt, tx=claimed.tx, missing=claimed.missing)


def apply_several(unit: UnitOfWork, pieces: Sequence[Piece[H]], way: Way[H]) -> list[Outcome]:
    """Does each piece that has not been done, in order; returns what they came to, once the unit of work is committed.

    What touches the whole transaction (the connection, a conflict with others, a full disk) is raised, and nothing is done. Of
    numbered actions of one device and order key, only the first has its turn: those behind must not overtake it if it fails.
    """
    claims = _first_of_each_lane(pieces)
    fresh = Receipts.claim(unit, list(claims.values()))
    told: dict[ReceiptKey, Outcome] = {}
    if before := claims.keys() - fresh.keys():
        told |= Receipts.stored(unit.session, [claims[key] for key in before])
    done: list[tuple[Claimed, Receipt | None]] = []
    outcomes: list[Outcome] = []
    until = time.monotonic() + LONGEST_BATCH
    with way.together():
        for piece in pieces:
            key = piece.claim.key
            if key not in claims or claims[key].digest != piece.claim.digest:
                outcomes.append(None)
            elif key not in told:
                receipt = _turn(unit, piece, way) if not done or time.monotonic() < until else None
                done.append((fresh[key], receipt if isinstance(receipt, Receipt) else None))
                if isinstance(receipt, Receipt):
                    receipt = attrs.evolve(receipt, tx=fresh[key].tx, missing=fresh[key].missing)
                told[key] = receipt
                outcomes.append(receipt)
            else:
                known = told[key]  # of an earlier batch, or twice in this one
                outcomes.append(attrs.evolve(known, repeated=True) if isinstance(known, Receipt) else known)
    Receipts.complete(unit, done)
    return outcomes


def _known(unit: UnitOfWork, claim: Claim) -> Receipt:
    known = Receipts.stored(unit.session, [claim])[claim.key]
    if isinstance(known, OutOfOrder):
        raise known
    return known


def _first_of_each_lane(pieces: Sequence[Piece[H]]) -> dict[ReceiptKey, Claim]:
    claims: dict[ReceiptKey, Claim] = {}
    lanes: dict[tuple[str, str, str], ReceiptKey] = {}
    for claim in (piece.claim for piece in pieces):
        if claim.seq is None or lanes.setdefault(claim.lane, claim.key) == claim.key:
            claims.setdefault(claim.key, claim)
    return claims


def _turn(unit: UnitOfWork, piece: Piece[H], way: Way[H]) -> Outcome:
    if (too_old := _too_old(piece.claim, None)) is not None:
        return too_old
    unit.notes.name = piece.name
    try:
        return Receipt("applied", result=way.work(piece))
    except Doubtful:
        raise
    except Exception as error:
        if concerns_all(error):
            raise
        return _rejection(piece.claim, error) or error


def concerns_all(error: Exception) -> bool:
    """Whether an error is of the whole transaction (the connection, a conflict, a full disk, an interruption) and not of one piece."""
    return (
        isinstance(error, Interrupted) or is_conflict(error) or is_interruption(error) or explained(error) is not None
    )


def _rejection(claim: Claim, error: Exception) -> Receipt | None:
    if isinstance(error, CallError) and not isinstance(error, Unavailable | DeadlineExceeded):
        return Receipt("rejected", str(error))  # a refusal; the two others say "not now"
    if is_misfit(error):
        log.info("The action %s of %s was rejected: %s", claim.action_id, claim.device, getattr(error, "orig", error))
        return Receipt("rejected", "A value in it is not one that can be stored.")
    return None


def _too_old(claim: Claim, now: datetime | None) -> Receipt | None:
    if claim.made is None or claim.made >= (now or datetime.now(UTC)) - KEPT_FOR:
        return None
    return Receipt(
        "rejected",
        f"This was made on {claim.made:%Y-%m-%d}, more than {KEPT_FOR.days} days ago, and cannot be applied safely any more. "
        "If the date is wrong, set the clock of the device; then enter it again.",
    )
