"""`ctx.observables`: live data, provided and observed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, TypeVar

import trio

from peek_trio.plugin.abilities.tables import qualified_names
from peek_trio.plugin.parameters import describe, form_of
from peek_trio.plugin.registrations import Registrations
from peek_trio.security import Policy, Principal
from peek_trio.transport import ObservedState
from peek_trio.transport.observables.provided import Read
from peek_trio.transport.observables.snapshot import Snapshot
from peek_trio.tuples import TupleSelector, tuple_name

__all__ = ["Observables"]

F = TypeVar("F", bound=Callable[..., Any])


class Observables:
    """Live data. A provider answers selectors; whoever observes a selector gets the answer now and whenever it changes."""

    def __init__(self, registrations: Registrations) -> None:
        self._registrations = registrations
        self._board = registrations.parts.board

    def provider(self, cls: type, *, allow: Policy, follows: Sequence[type] = ()) -> Callable[[F], F]:
        """Decorates the function that gives the rows of tuple class `cls` for a selector.

        `async def f(selector)` runs on the event loop; `def f(selector, session)` in a thread with a read-only database session.
        Either may also take `principal`: its roles are those of who asks, its name is empty, because askers of equal roles share
        one answer. A commit that touches the table of a class in `follows`, in whatever process, has every selector of `cls` read
        again. Raises PluginError at once when the function does not fit or the service has no database.
        """

        def register(fn: F) -> F:
            self._registrations.tuples(cls)
            self._registrations.scope.provide(cls, self._reader(fn), allow=allow)
            if follows:
                self._follow(cls, follows, fn)
            return fn

        return register

    def observe(self, selector: TupleSelector) -> AbstractAsyncContextManager[AsyncIterator[ObservedState]]:
        """`async with ctx.observables.observe(selector) as states: async for state in states: …`, from any service.

        The class of the selector must be registered here (`ctx.tuples`). Lost links are bridged: the last state comes marked stale.
        """
        return self._board.observe(selector)

    def notify(self, what: TupleSelector | type) -> None:
        """Say that the answer to a selector, or to every selector of a tuple class, may have changed. Cheap; bursts are gathered."""
        self._board.notify(tuple_name(what) if isinstance(what, type) else what)

    def _reader(self, fn: Callable[..., Any]) -> Read:
        form = form_of(fn, given="selector", extras=("session", "principal"), refuse=self._registrations.error)
        if form.is_async and "session" in form.extras:
            raise self._registrations.error(
                f"{describe(fn)} is async and takes a session; sessions block, so make it a plain function (it runs in a thread)."
            )
        if form.is_async:

            async def read_here(selector: TupleSelector, principal: Principal) -> Sequence[object]:
                rows: Sequence[object] = await fn(selector, **form.arguments(principal=principal))
                return rows

            return read_here
        if "session" not in form.extras:

            async def read_in_thread(selector: TupleSelector, principal: Principal) -> Sequence[object]:
                return await trio.to_thread.run_sync(lambda: fn(selector, **form.arguments(principal=principal)))

            return read_in_thread
        database = self._registrations.database(f"The provider {describe(fn)} takes a session and")

        async def read_database(selector: TupleSelector, principal: Principal) -> Snapshot:
            def work(session: Any) -> Sequence[object]:
                return list(fn(selector, **form.arguments(session=session, principal=principal)))

            rows, seen = await database.read(work, name=describe(fn))
            return Snapshot(rows, seen)

        return read_database

    def _follow(self, cls: type, follows: Sequence[type], fn: Callable[..., Any]) -> None:
        database = self._registrations.database(f"The provider {describe(fn)} follows tables and")
        self._check_overheard(follows, database.overheard)
        name = tuple_name(cls)
        self._registrations.on_close(
            database.changes.on_change(
                qualified_names(follows, self._registrations.error), lambda tables: self._board.notify(name)
            )
        )

    def _check_overheard(self, follows: Sequence[type], overheard: Mapping[str, frozenset[str]]) -> None:
        """Refuses a table that asks for a trigger and has none: what other programs write would be missed without a word."""
        if self._registrations.parts.service != "server":
            return  # it is the server that makes the triggers
        for followed in follows:
            table = getattr(followed, "__table__", None)
            if table is None or not table.info.get("foreign_writers"):
                continue
            if table.fullname not in overheard.get(table.schema, ()):
                raise self._registrations.error(
                    f"The table {table.fullname} says that it has foreign writers, but there is no trigger on it: "
                    "plugin_package.json must name the metadata of the table in storage.metadata."
                )
