"""The database as the rest of the platform sees it: units of work in threads, actions exactly once, migrations, the feed of changes."""

from __future__ import annotations

import functools
import logging
import math
import secrets
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
import trio
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from peek_trio.errors import DatabaseUnavailable, StorageFull, sentence_of
from peek_trio.storage.changes import ChangeFeed
from peek_trio.storage.engine import SLOW_AFTER, open_engine
from peek_trio.storage.exactly_once import Outcome, Piece
from peek_trio.storage.foreign_writers import foreign_tables, keep_triggers
from peek_trio.storage.gathering import Gathering
from peek_trio.storage.health import ANSWER_WITHIN, FULL, REFUSED_LATELY, Health, State, accepts_changes
from peek_trio.storage.interruptible import Interruption, run_interruptible
from peek_trio.storage.listener import backoff, listen
from peek_trio.storage.persistence import persist
from peek_trio.storage.receipts import Claim, Receipt, Receipts
from peek_trio.storage.unit_of_work import UnitOfWork, unit_of_work
from peek_trio.storage.upgrade import PLATFORM_SCHEMA, PLATFORM_VERSIONS, migrate
from peek_trio.storage.urls import shown
from peek_trio.storage.ways import SessionBatches, Statements, with_statements

__all__ = ["Database", "name_of"]

log = logging.getLogger(__name__)

T = TypeVar("T")
H = TypeVar("H")

Together = Callable[[UnitOfWork, Sequence[Piece[H]]], list[Outcome]]


class Database:
    """A PostgreSQL database, used from Trio. Nothing is connected until something is asked of it.

    `pool_size` units of work run at a time, each in a thread with a connection of its own; more of them wait their turn. A statement or
    unit of work that takes longer than `slow_after` seconds gets a line in the log.
    """

    def __init__(self, url: str, *, pool_size: int = 8, slow_after: float = SLOW_AFTER) -> None:
        self._engine = open_engine(url, pool_size=pool_size)
        self._limiter = trio.CapacityLimiter(pool_size)
        self._slow_after = slow_after
        self._refused_at = -math.inf
        self._origin = secrets.token_hex(8)
        self._actions: Gathering[Session] = Gathering(functools.partial(self._apply, SessionBatches()))
        self._plain_actions: Gathering[Statements] = Gathering(functools.partial(self._apply, with_statements))
        self.changes = ChangeFeed()
        """Who wants to know of commits. In this process from the start; of other processes' while `listen` runs."""
        self.overheard: dict[str, frozenset[str]] = {}
        """The tables that have a trigger for other programs' changes, "schema.table" by schema; see `hear_foreign_writers`."""

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

    async def run(self, fn: Callable[[Session], T], *, read_only: bool = False, name: str = "") -> T:
        """Runs one unit of work: begins a transaction, calls `fn` in a thread with its session, commits, returns what `fn` returned.

        It rolls back when `fn` raises, and with `read_only` in any case. Objects that `fn` returns stay usable. Once committed,
        whoever follows the tables it touched is told. A cancellation cancels the running statement and rolls back: if this raises
        Cancelled, nothing was committed.

        A deadlock or serialisation failure rolls back and calls `fn` again, a few times, so it must not do what cannot be done twice.
        Raises DatabaseUnavailable when the database cannot be reached, goes away meanwhile or stays too busy, and StorageFull, a kind of
        it, when it has no room for what is written; StorageError when `fn` went on after a statement of it had failed. `name` is what
        the log calls the unit, by default the name of `fn`.
        """
        return await self._unit(lambda unit: fn(unit.session), name or name_of(fn), read_only=read_only)

    async def read(self, fn: Callable[[Session], T], *, name: str = "") -> tuple[T, str]:
        """Like `run` for a unit that only reads, all of it as the database was at one moment; returns that moment's snapshot too.

        The snapshot is PostgreSQL's ("xmin:xmax:xip"), which tells of every transaction whether it is included.
        """
        return await self._unit(
            lambda unit: (fn(unit.session), unit.seen), name or name_of(fn), read_only=True, one_snapshot=True
        )

    async def apply_once(self, claim: Claim, work: Callable[[Session], bytes], *, name: str = "") -> Receipt:
        """Does the `work` of an action unless it has been done, and returns its receipt; effect and receipt are one commit.

        `work` gets a session and returns the encoded result. A Rejected that it raises undoes it and is kept as the receipt, and so is
        a value that its column never takes; after any other exception, which is raised here, the action may be sent again. Under load
        several actions share a transaction, each within a savepoint. For the rest see `run`, and `Gathering.apply` for cancellation.
        """
        return await self._actions.apply(Piece(claim, work, name or name_of(work)))

    async def apply_statements(self, claim: Claim, work: Callable[[Statements], bytes], *, name: str = "") -> Receipt:
        """The same for an action that needs no ORM: `work` gets plain statements, which are sent in a pipeline. Several times as quick.

        When a statement of a batch fails, the batch is done again to learn whose it was, so `work` may be called twice.
        """
        return await self._plain_actions.apply(Piece(claim, work, name or name_of(work)))

    async def note_run(self, claim: Claim, receipt: Receipt) -> int:
        """Keeps what an action came to whose effect is not in this database; returns how often it has run by now."""
        return await self._unit(lambda unit: Receipts.note(unit, claim, receipt), "note_run")

    async def health(self) -> Health:
        """Looks how the database is, in some 5 s at most. Raises nothing: what is wrong is the answer."""
        began = trio.current_time()
        state: State = "unreachable"
        why = f"It did not answer within {ANSWER_WITHIN:g} s."
        with trio.move_on_after(ANSWER_WITHIN):
            try:
                writable = await self.run(accepts_changes, read_only=True, name="health")
                refused = trio.current_time() - self._refused_at < REFUSED_LATELY
                state, why = ("full", FULL) if refused or not writable else ("ok", "")
            except (DatabaseUnavailable, SQLAlchemyError) as error:
                why = sentence_of(error)
        if state == "unreachable" and not self._limiter.available_tokens:
            state, why = "busy", "Every connection is in use."
        limits = self._limiter.statistics()
        return Health(
            state=state,
            why=why,
            seconds=trio.current_time() - began,
            connections=int(limits.total_tokens),
            running=limits.borrowed_tokens,
            waiting=limits.tasks_waiting + self._actions.waiting + self._plain_actions.waiting,
        )

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

    async def hear_foreign_writers(self, schema: str, tables: Iterable[sa.Table]) -> None:
        """Has `changes` hear also of what other programs write to those `tables` of `schema` that say they have foreign writers.

        It installs a trigger on each of them, and removes those of tables that no longer say so. Raises DatabaseUnavailable.
        """
        wanted = foreign_tables(tables, schema)
        given, taken = await self.run(
            lambda session: keep_triggers(session, schema, wanted), name=f"triggers of {schema}"
        )
        self.overheard[schema] = frozenset(f"{schema}.{name}" for name in wanted)
        if given or taken:
            log.info("%s: triggers for other programs' changes made on %s, removed from %s.", schema, given, taken)

    async def listen(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Feeds `changes` with the commits of other processes until cancelled. `started` when it listens; reconnects by itself.

        After a reconnection every subscriber is called, since changes may have been missed.
        """
        await listen(self._engine, self._origin, self.changes, task_status=task_status)

    @property
    def units_running(self) -> int:
        """How many units of work are in their threads just now."""
        return self._limiter.borrowed_tokens

    @property
    def worker_url(self) -> str:
        """The URL that a worker on the same machine connects with. It holds the password, if there is one: never log it."""
        return self._engine.url.render_as_string(hide_password=False)

    async def close(self) -> None:
        """Closes the connections. Units of work must have ended."""
        with trio.CancelScope(shield=True), trio.move_on_after(5):
            await trio.to_thread.run_sync(self._engine.dispose, abandon_on_cancel=True)

    async def _unit(
        self, fn: Callable[[UnitOfWork], T], name: str, *, read_only: bool = False, one_snapshot: bool = False
    ) -> T:
        def work(interruption: Interruption) -> tuple[T, frozenset[str]]:
            with unit_of_work(
                self._engine,
                origin=self._origin,
                read_only=read_only,
                one_snapshot=one_snapshot,
                interruption=interruption,
                name=name,
                slow_after=self._slow_after,
            ) as unit:
                result = fn(unit)
            return result, unit.touched

        try:
            result, touched = await persist(lambda: run_interruptible(work, limiter=self._limiter), name)
        except StorageFull:
            self._refused_at = trio.current_time()
            raise
        if touched:
            self._refused_at = -math.inf
            self.changes.announce(touched)
        return result

    async def _apply(self, together: Together[H], pieces: Sequence[Piece[H]]) -> list[Outcome]:
        """What became of each piece; when their unit of work failed as a whole, that."""
        try:
            return await self._unit(lambda unit: together(unit, pieces), pieces[0].name)
        except DatabaseUnavailable as error:
            return [error] * len(pieces)
        except Exception as error:  # noqa: BLE001 (the edge of the plugins whose work it is; their callers get it)
            if len(pieces) == 1:
                return [error]
        return [(await self._apply(together, [piece]))[0] for piece in pieces]  # one of them spoilt the commit of all


def name_of(fn: Any) -> str:
    """What the log calls a function that does a unit of work."""
    while isinstance(fn, functools.partial):
        fn = fn.func
    return f"{getattr(fn, '__module__', '')}.{getattr(fn, '__qualname__', type(fn).__name__)}"
