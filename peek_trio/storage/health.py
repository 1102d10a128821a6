"""How the database is: whether it answers, takes changes, and has a connection left."""

from __future__ import annotations

from typing import Literal

import attrs
import sqlalchemy as sa
from sqlalchemy.orm import Session

__all__ = ["ANSWER_WITHIN", "FULL", "REFUSED_LATELY", "Health", "State", "accepts_changes"]

State = Literal["ok", "full", "busy", "unreachable"]

ANSWER_WITHIN = 3.0
"""Seconds in which a database that is well answers a trifle."""

REFUSED_LATELY = 20.0
"""Seconds for which a change that found no room counts, unless one after it was announced as stored. A server of your own gives no other
sign."""

FULL = "It takes no changes, most likely because its disk is full."


@attrs.frozen
class Health:
    """One look at the database.

    `state` is "ok", "full" (it can be read but takes no changes), "busy" (every connection is in use and none came free in time) or
    "unreachable"; `why` is a sentence for people unless it is ok. `seconds` is how long the look took. `running` units of work have one
    of `connections`; `waiting` units and actions wait for one.
    """

    state: State
    why: str
    seconds: float
    connections: int
    running: int
    waiting: int


def accepts_changes(session: Session) -> bool:
    """Whether new transactions may write, as far as the server lets them."""
    writable = "current_setting('default_transaction_read_only') = 'off' and not pg_is_in_recovery()"
    return bool(session.scalar(sa.text(f"select {writable}")))
