"""The database as the rest of the platform sees it: units of work in threads, migrations, and the feed of changes."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import sqlalchemy as sa
import trio
from sqlalchemy.orm import Session

from peek_trio.errors import DatabaseUnavailable
from peek_trio.storage.changes import ChangeFeed
from peek_trio.storage.interruptible import Interruption, run_interruptible
from peek_trio.storage.listener import backoff, listen
from peek_trio.storage.unit_of_work import open_engine, unit_of_work
from peek_trio.storage.upgrade import PLATFORM_SCHEMA, PLATFORM_VERSIONS, migrate
from peek_trio.storage.urls import shown

__all__ = ["Database"]

log = logging.getLogger(__name__)

T = TypeVar("T")


class Database:
    """A PostgreSQL database, used from Trio. Nothing is connected until something is asked of it.

    `pool_size` units of work run at a time, each in a thread with a connection of its own; more of them wait their turn.
    """

    def __init__(self, url: str, *, pool_size: int = 8) -> None:
        self._engine = open_engine(url, pool_size=pool_size)
        self._limiter = trio.CapacityLimiter(pool_size)
        self._origin = secrets.token_hex(8)
        self.changes = ChangeFeed()
        """Who wants to know of commits. In this process from the start; of other processes' while `listen` runs."""

    async def ready(self) -> None:
        """Waits until the database can be reached, however long that takes; says in the log that it waits."""
        attempt = 0
        while True:
            try:
                await self.run(lambda session: session.execute(sa.text("select 1")), read_only=True)
            except DatabaseUnavailable as error:
                attempt += 1
                pause = backoff(attempt)
                log.warning("%s Trying again in %.1f s: %s", error, pause, shown(self._engine.url))
                await trio.sleep(pause)
            else:
                if attempt:
                    log.info("The database is reachable now.")
                return

    async def run(self, fn: Callable[[Session], T], *, read_only: bool = False) -> T:
        """Runs one unit of work: begins a transaction, calls `fn` in a thread with its session, commits, returns what `fn` returned.

        It rolls back when `fn` raises, and with `read_only` in any case. Objects that `fn` returns stay usable. Once committed,
        whoever follows the tables it touched is told. A cancellation cancels the running statement and rolls back: if this raises
        Cancelled, nothing was committed. Raises DatabaseUnavailable when the database cannot be reached or goes away meanwhile.
        Serialisation failures and deadlocks are the caller's to retry.
        """

        def work(interruption: Interruption) -> tuple[T, frozenset[str]]:
            with unit_of_work(
                self._engine, origin=self._origin, read_only=read_only, interruption=interruption
            ) as unit:
                result = fn(unit.session)
            return result, unit.touched

        result, touched = await run_interruptible(work, limiter=self._limiter)
        if touched:
            self.changes.announce(touched)
        return result

    async def migrate(self, schema: str, versions_dir: Path) -> str:
        """Brings `schema` to the newest revision in `versions_dir`, creating it if need be, and returns that revision.

        Raises MigrationError when a revision fails or the database is newer than the code, and DatabaseUnavailable.
        """

        def work(interruption: Interruption) -> str:
            return migrate(self._engine, schema, versions_dir, interruption)

        return await run_interruptible(work, limiter=self._limiter, name=f"migrate {schema}")

    async def migrate_platform(self) -> str:
        """Brings the platform's own schema to its newest revision and returns that revision."""
        return await self.migrate(PLATFORM_SCHEMA, PLATFORM_VERSIONS)

    async def listen(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Feeds `changes` with the commits of other processes until cancelled. `started` when it listens; reconnects by itself.

        After a reconnection every subscriber is called, since changes may have been missed.
        """
        await listen(self._engine, self._origin, self.changes, task_status=task_status)

    @property
    def worker_url(self) -> str:
        """The URL that a worker on the same machine connects with. It holds the password, if there is one: never log it."""
        return self._engine.url.render_as_string(hide_password=False)

    async def close(self) -> None:
        """Closes the connections. Units of work must have ended."""
        with trio.CancelScope(shield=True), trio.move_on_after(5):
            await trio.to_thread.run_sync(self._engine.dispose, abandon_on_cancel=True)
