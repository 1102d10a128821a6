"""The ear of the change feed: listens for what other processes commit, on a connection of its own.

Connections break. Whatever was announced while there was none has been missed, so after every reconnection all subscribers are told.
"""

from __future__ import annotations

import logging
import random
from typing import Any

import psycopg
import trio
from sqlalchemy.engine import Engine

from peek_trio.errors import DatabaseUnavailable
from peek_trio.storage.changes import CHANNEL, EVERYTHING, Announcement, ChangeFeed
from peek_trio.storage.driver_errors import explained
from peek_trio.storage.urls import connect_options, shown

__all__ = ["backoff", "listen"]

log = logging.getLogger(__name__)

Connection = psycopg.Connection[Any]


def backoff(attempt: int, *, first: float = 0.25, most: float = 4.0) -> float:
    """Seconds to wait before attempt `attempt` (from 1): full jitter, so that many who lost the same thing do not return as one.

    Never long: a handful of processes ask for one database, and whoever waits for it is to have it within 5 s of its return.
    """
    return random.uniform(0, min(most, first * 2**attempt))


async def listen(engine: Engine, origin: str, feed: ChangeFeed, *, task_status: trio.TaskStatus[None]) -> None:
    """Feeds the commits of other processes to `feed`, for ever. `started` when it first listens."""
    attempt, heard_before = 0, False
    while True:
        try:
            connection = await trio.to_thread.run_sync(_connect, engine)
        except DatabaseUnavailable as error:
            attempt += 1
            pause = backoff(attempt)
            log.warning("%s Listening again in %.1f s: %s", error, pause, shown(engine.url))
            await trio.sleep(pause)
            continue
        attempt = 0
        try:
            if heard_before:
                feed.announce(EVERYTHING)
            else:
                heard_before = True
                task_status.started()
            await _hear(connection, origin, feed)
        except psycopg.OperationalError as error:
            log.warning("%s Listening again: %s", explained(error) or error, shown(engine.url))
        finally:
            connection.close()
        attempt = 1
        await trio.sleep(backoff(attempt))


async def _hear(connection: Connection, origin: str, feed: ChangeFeed) -> None:
    """Announces what arrives until the connection breaks (psycopg.OperationalError)."""
    while True:
        while (notification := connection.pgconn.notifies()) is not None:
            announcement = Announcement.from_payload(notification.extra.decode(errors="replace"))
            if announcement.origin != origin:
                feed.announce(announcement.tables)
        await trio.lowlevel.wait_readable(connection.fileno())
        connection.pgconn.consume_input()


def _connect(engine: Engine) -> Connection:
    arguments, options = engine.dialect.create_connect_args(engine.url)
    try:
        # It only ever listens: without keepalives a network that died without a word would leave it deaf for good.
        connection: Connection = psycopg.connect(*arguments, **{**options, **connect_options()}, autocommit=True)
        try:
            connection.execute(f"LISTEN {CHANNEL}")
        except BaseException:
            connection.close()
            raise
    except psycopg.OperationalError as error:
        if (plainly := explained(error)) is not None:
            raise plainly from error
        raise
    return connection
