"""Which transactions a state includes: a snapshot of the database as PostgreSQL writes it, and the question whether a transaction is in it.

A snapshot is "xmin:xmax:xip": everything before xmin had ended when it was taken, nothing from xmax on had begun, and xip are those
between the two that were still running. It comes from the transactions themselves, so no clock has a say in it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from peek_trio.errors import FrameError

__all__ = ["LONGEST_SEEN", "Snapshot", "bounded", "includes", "seen_in", "transaction_in"]

LONGEST_SEEN = 4096
"""Characters of a snapshot in a header; enough for some four hundred transactions that write at the same moment."""

LARGEST_TRANSACTION = 2**64 - 1

_SNAPSHOT = re.compile(r"\d{1,20}:\d{1,20}:(?:\d{1,20}(?:,\d{1,20})*)?", re.ASCII)


@attrs.frozen
class Snapshot:
    """The rows that a provider read in one snapshot of the database, and that snapshot."""

    rows: Sequence[object]
    seen: str


def includes(seen: str, tx: int) -> bool:
    """Whether the effect of the committed transaction `tx` is in what was read in the snapshot `seen`. False for no snapshot ("")."""
    if not seen:
        return False
    first, end, running = seen.split(":")
    if tx < int(first):
        return True
    return tx < int(end) and str(tx) not in running.split(",")


def bounded(seen: str) -> str:
    """`seen`, or when it is too long for a header, one that includes as much of it as has room.

    It ends at the first running transaction that it does not name: what began later is taken for not included, which is never wrong.
    """
    if len(seen) <= LONGEST_SEEN:
        return seen
    first, _, running = seen.split(":")
    room = LONGEST_SEEN - len(first) - 22
    named: list[str] = []
    for number in sorted(running.split(","), key=int):
        room -= len(number) + 1
        if room < 0:
            return f"{first}:{number}:{','.join(named)}"
        named.append(number)
    raise AssertionError("unreachable: what is too long has a number too many")


def seen_in(header: Mapping[str, Any]) -> str:
    """The snapshot that a header names; "" for none. Raises FrameError for what is none."""
    seen = header.get("seen", "")
    if not isinstance(seen, str) or len(seen) > LONGEST_SEEN or (seen and not _SNAPSHOT.fullmatch(seen)):
        raise FrameError("seen is a snapshot, xmin:xmax:xip.")
    return seen


def transaction_in(header: Mapping[str, Any]) -> int:
    """The transaction that a header names, in decimal. Raises FrameError for what is none."""
    text = header.get("tx")
    if not isinstance(text, str) or not re.fullmatch(r"[1-9]\d{0,19}", text, re.ASCII):
        raise FrameError(f"A {header.get('k')} needs tx, the number of a transaction as a text.")
    if (tx := int(text)) > LARGEST_TRANSACTION:
        raise FrameError("tx is larger than any transaction's number.")
    return tx
