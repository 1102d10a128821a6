"""Doing a unit of work again when that is safe and may help: others were quicker, or its connection had been dead before it began.

Two transactions that want the same rows in opposite orders cannot both go on; PostgreSQL ends one of them, and that one may succeed when
it is done again a moment later. The moments differ at random, so that the two do not meet again.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

import psycopg
import trio
from sqlalchemy.exc import DBAPIError

from peek_trio.errors import DatabaseUnavailable
from peek_trio.storage.driver_errors import is_conflict

__all__ = ["ATTEMPTS", "persist"]

log = logging.getLogger(__name__)

T = TypeVar("T")

Attempt = Callable[[], Awaitable[T]]

ATTEMPTS = 5
"""How often a unit of work is begun before its caller is told that the database is too busy."""

_FIRST_PAUSE, _LONGEST_PAUSE = 0.02, 0.5  # seconds


async def persist(attempt: Attempt[T], name: str) -> T:
    """What `attempt` returns, tried up to ATTEMPTS times while it fails by a deadlock or a serialisation failure.

    An attempt whose connection turns out to be stale is made once more, at once. Raises DatabaseUnavailable when the last attempt
    failed by a conflict too; any other error at once.
    """
    number = 0
    while True:
        number += 1
        try:
            return await _on_a_live_connection(attempt, name)
        except (DBAPIError, psycopg.Error) as error:
            if not is_conflict(error):
                raise
            if number == ATTEMPTS:
                raise DatabaseUnavailable(
                    f"The database was too busy: others worked on the same rows at the same moment, {ATTEMPTS} times in a row. "
                    "Try again."
                ) from error
            log.info("%s: others worked on the same rows at the same moment; doing it again (%d).", name, number)
        await trio.sleep(random.uniform(0, min(_LONGEST_PAUSE, _FIRST_PAUSE * 2**number)))


async def _on_a_live_connection(attempt: Attempt[T], name: str) -> T:
    """A pooled connection may die between the look at it and its first statement; all of its age are replaced then."""
    try:
        return await attempt()
    except DatabaseUnavailable as error:
        if not error.stale:
            raise
    log.info("%s: its connection had been lost before; doing it on a new one.", name)
    return await attempt()
