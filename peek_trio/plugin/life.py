"""The life of one plugin on one service: import, load, start, run, stop, unload, and again after a crash.

A life is one task of the host. What the plugin starts runs in a nursery inside it, so that neither a crash nor a hanging hook touches
anything else; what the plugin registers is taken back however the life ends.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

import attrs
import trio

from peek_trio.errors import DatabaseUnavailable, PluginError, Unavailable
from peek_trio.plugin.abilities.publications import Publications
from peek_trio.plugin.contexts import Context, context_for
from peek_trio.plugin.declared_tables import declared_tables
from peek_trio.plugin.hooks import Hooks
from peek_trio.plugin.manifest import Manifest
from peek_trio.plugin.parts import ServiceParts
from peek_trio.plugin.reasons import leaves, reason_for
from peek_trio.plugin.registrations import Registrations
from peek_trio.plugin.restart import RestartBudget
from peek_trio.plugin.status import PluginStatus, State
from peek_trio.plugin.tuple_owners import TupleOwners

__all__ = ["ENTER_SECONDS", "LEAVE_SECONDS", "Household", "PluginLife"]

ENTER_SECONDS = 60.0
"""How long importing, migrating, peek_load and peek_start may take, each."""

LEAVE_SECONDS = 5.0
"""How long peek_stop and peek_unload may take, each."""

_log = logging.getLogger("peek_trio.plugin")


@attrs.define
class Household:
    """What the lives on one service share. `end_by` is when all of them must be over, on Trio's clock."""

    parts: ServiceParts
    hooks: Hooks
    owners: TupleOwners
    publications: Publications
    on_status: Callable[[PluginStatus], None]
    end_by: float = float("inf")


class PluginLife:
    """One plugin on one service. `required` are the lives it depends on; `module` has its hooks, None when it has no part here.

    `settled` is set once it has started or failed; `gone` once nothing of it is left. `status` is how it is doing.
    """

    def __init__(
        self, manifest: Manifest, module: str | None, required: Sequence[PluginLife], household: Household
    ) -> None:
        self.manifest = manifest
        self.settled = trio.Event()
        self.gone = trio.Event()
        self._module = module
        self._required = required
        self._dependants: list[PluginLife] = []
        for life in required:
            life._dependants.append(self)
        self._household = household
        self._budget = RestartBudget()
        self._imported = self._loaded = self._started = False
        self._phase = "import"
        self._stopping = False
        self._interruption: trio.CancelScope | None = None
        self.status = PluginStatus(
            service=household.parts.service,
            service_id=household.parts.service_id,
            plugin=manifest.name,
            title=manifest.title,
            version=manifest.version,
            state="installed",
            reason="",
            since=datetime.now(UTC),
        )

    async def run(self) -> None:
        """Live until asked to stop, or failed for good. Raises nothing but Cancelled."""
        try:
            if await self._requirements_are_met():
                await self._live_and_restart()
        finally:
            self.settled.set()
            self.gone.set()

    def request_stop(self) -> None:
        """Ask it to end: what it is in the middle of is cancelled, and once its dependants are gone it is stopped."""
        self._stopping = True
        if self._interruption is not None:
            self._interruption.cancel()

    async def _requirements_are_met(self) -> bool:
        with self._interruptible():
            for life in self._required:
                await life.settled.wait()
        if self._stopping:
            return False
        for life in self._required:
            if life.status.state == "failed":
                reason = f"It needs {life.manifest.name}, which failed: {life.status.reason}"
                _log.error("%s: %s", self.manifest.name, reason)
                self._report("failed", reason)
                return False
        return True

    async def _live_and_restart(self) -> None:
        while not self._stopping:
            crash = await self._live_once()
            if crash is None:
                return
            reason = reason_for(self._phase, crash)
            may_restart = self._may_restart(crash) and not self._stopping
            wait = self._budget.wait_after_crash(trio.current_time()) if may_restart else None
            outlook = "It is not started again." if wait is None else f"It starts again in {wait:.1f} s."
            _log.error("%s: %s %s", self.manifest.name, reason, outlook, exc_info=crash)
            if self._stopping:
                return
            if wait is None:
                self._report("failed", reason)
                return
            self._report("restarting", reason)
            with self._interruptible():
                await trio.sleep(wait)
            self.status = attrs.evolve(self.status, restarts=self.status.restarts + 1)

    async def _live_once(self) -> BaseException | None:
        """One life from load to unload. Gives the error that ended it, None when it was asked to stop."""
        crash: BaseException | None = None
        household = self._household
        self._loaded = self._started = False
        registrations = Registrations(self.manifest.name, household.parts, household.owners)
        context: Context | None = None
        try:
            async with trio.open_nursery() as nursery:
                make = context_for(household.parts.service)
                context = make(self.manifest, registrations, household.publications, nursery)
                try:
                    with self._interruptible():
                        await self._enter(context, registrations)
                        await trio.sleep_forever()
                    for dependant in self._dependants:
                        await dependant.gone.wait()
                finally:
                    if self._started:
                        await self._leave("stop", "stopped", context)
                    nursery.cancel_scope.cancel()
                    registrations.close()
        except* (Exception, SystemExit) as error:  # noqa: BLE001 (the edge of a plugin)
            crash = error
        finally:
            if self._loaded and context is not None:
                await self._leave("unload", "unloaded", context)
        return crash

    async def _enter(self, context: Context, registrations: Registrations) -> None:
        if not self._imported and self._module is not None:
            with self._phase_of("import"):
                await self._household.hooks.load(self.manifest.name, self._module)
        self._imported = True
        await self._migrate()
        await self._enter_phase("load", context, registrations)
        self._loaded = True
        self._report("loaded")
        await self._enter_phase("start", context, registrations)
        self._started = True
        self._report("started", "" if self._module else f"It has no code on the {context.service} service.")
        self._phase = registrations.phase = "run"
        self.settled.set()

    async def _enter_phase(self, phase: str, context: Context, registrations: Registrations) -> None:
        registrations.phase = phase
        with self._phase_of(phase):
            await self._household.hooks.call(self.manifest.name, f"peek_{phase}", context)

    async def _migrate(self) -> None:
        storage = self.manifest.storage
        if storage is None or self._household.parts.service != "server":
            return
        self._phase = "migrate"
        database = self._household.parts.database
        if database is None:
            raise PluginError("This server runs without a database.", plugin=self.manifest.name, phase="load")
        self._report("installed", "It waits for the database.")
        await database.ready()
        with self._phase_of("migrate"):
            await database.migrate(self.manifest.schema, storage.versions_dir)
            await database.hear_foreign_writers(self.manifest.schema, declared_tables(self.manifest))

    async def _leave(self, phase: str, state: State, context: Context) -> None:
        """Call a hook on the way out. Shielded, because it must also happen when cancelled; and so it has a deadline."""
        seconds = LEAVE_SECONDS
        name = self.manifest.name
        with trio.CancelScope(
            shield=True, deadline=min(trio.current_time() + seconds, self._household.end_by)
        ) as scope:
            try:
                await self._household.hooks.call(name, f"peek_{phase}", context)
            except (Exception, SystemExit) as error:  # noqa: BLE001 (the edge of a plugin)
                _log.exception("%s: %s", name, reason_for(phase, error))
        if scope.cancelled_caught:
            _log.warning("%s: its peek_%s did not finish within %g s and was cancelled.", name, phase, seconds)
        self._report(state)

    @contextmanager
    def _phase_of(self, phase: str) -> Iterator[None]:
        self._phase = phase
        with trio.move_on_after(ENTER_SECONDS) as scope:
            yield
        if scope.cancelled_caught:
            raise PluginError(f"It did not finish within {ENTER_SECONDS:g} s.", plugin=self.manifest.name, phase=phase)

    @contextmanager
    def _interruptible(self) -> Iterator[None]:
        """What runs inside is cancelled by `request_stop`."""
        with trio.CancelScope() as scope:
            self._interruption = scope
            if self._stopping:
                scope.cancel()
            try:
                yield
            finally:
                self._interruption = None

    def _may_restart(self, crash: BaseException) -> bool:
        """A plugin that ran is started again; so is one that only lacked something that may come back. Others would fail again."""
        if self.settled.is_set():
            return True
        return all(isinstance(leaf, DatabaseUnavailable | Unavailable) for leaf in leaves(crash))

    def _report(self, state: State, reason: str = "") -> None:
        self.status = attrs.evolve(self.status, state=state, reason=reason, since=datetime.now(UTC))
        self._household.on_status(self.status)
