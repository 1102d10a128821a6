"""Doing a unit of work again when others were quicker.

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

ATTEMPTS = 5
"""How often a unit of work is begun before its caller is told that the database is too busy."""

_FIRST_PAUSE, _LONGEST_PAUSE = 0.02, 0.5  # seconds


async def persist(attempt: Callable[[], Awaitable[T]], name: str) -> T:
    """What `attempt` returns, tried up to ATTEMPTS times while it fails by a deadlock or a serialisation failure.

    Raises DatabaseUnavailable when the last attempt failed like that too; any other error at once.
    """
    for number in range(1, ATTEMPTS):
        try:
            return await attempt()
        except (DBAPIError, psycopg.Error) as error:
            if not is_conflict(error):
                raise
            log.info("%s: others worked on the same rows at the same moment; doing it again (%d).", name, number)
        await trio.sleep(random.uniform(0, min(_LONGEST_PAUSE, _FIRST_PAUSE * 2**number)))
    try:
        return await attempt()
    except (DBAPIError, psycopg.Error) as error:
        if not is_conflict(error):
            raise
        raise DatabaseUnavailable(
            f"The database was too busy: others worked on the same rows at the same moment, {ATTEMPTS} times in a row. Try again."
        ) from error
