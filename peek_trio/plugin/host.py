"""Runs the enabled plugins of one service, each in a nursery of its own.

Each plugin starts once those it requires have started, and stops once those that require it are gone; plugins that have nothing to do
with each other do so side by side, so a slow one delays only its dependants.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import trio

from peek_trio.errors import ConfigError
from peek_trio.plugin.abilities.publications import Publications
from peek_trio.plugin.discovery import InstalledPlugins, PluginSource
from peek_trio.plugin.hooks import Hooks
from peek_trio.plugin.life import Household, PluginLife
from peek_trio.plugin.manifest import Manifest
from peek_trio.plugin.ordering import order_plugins
from peek_trio.plugin.parts import ServiceParts
from peek_trio.plugin.status import PluginStatus
from peek_trio.plugin.tuple_owners import TupleOwners

__all__ = ["STOP_SECONDS", "PluginHost"]

_log = logging.getLogger("peek_trio.plugin")

STOP_SECONDS = 8.0
"""How long all plugins together may take to stop."""


class PluginHost:
    """The plugins named in `enabled`, on the service that `parts` describe.

    `on_status` is told every change of every plugin, on the event loop. `source` says where plugins come from; by default they are
    the installed ones.
    """

    def __init__(
        self,
        service: str,
        enabled: Sequence[str],
        parts: ServiceParts,
        *,
        on_status: Callable[[PluginStatus], None] = lambda status: None,
        source: PluginSource | None = None,
    ) -> None:
        self._service = service
        self._enabled = sorted(set(enabled))
        self._parts = parts
        self._source = source if source is not None else InstalledPlugins()
        self._on_status = on_status
        self._household = Household(parts, Hooks(), TupleOwners(parts.registry), Publications(), self._changed)
        self._manifests: dict[str, Manifest] = {}
        self._refused: dict[str, PluginStatus] = {}
        self._lives: dict[str, PluginLife] = {}
        if parts.database is not None:
            # An agent has no database and need not load its library.
            from peek_trio.plugin.abilities.keeping import ReceiptKeeper

            parts.board.actions.keeper = ReceiptKeeper(parts.database)
        self._read_manifests()

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Run the plugins until cancelled; then stop them, in at most 8 s. Started once each has started or failed."""
        for status in self._refused.values():
            _log.error("%s: %s", status.plugin, status.reason)
            self._household.on_status(status)
        async with trio.open_nursery() as nursery:
            house = trio.CancelScope(
                shield=True
            )  # a cancel from outside asks the plugins to stop, it does not hit them
            nursery.start_soon(self._house, house)
            try:
                for life in self._lives.values():
                    await life.settled.wait()
                task_status.started()
                await trio.sleep_forever()
            finally:
                self._household.end_by = house.deadline = trio.current_time() + STOP_SECONDS
                for life in self._lives.values():
                    life.request_stop()

    def statuses(self) -> list[PluginStatus]:
        """How each enabled plugin is doing, by name."""
        known = {**self._refused, **{name: life.status for name, life in self._lives.items()}}
        return [known[name] for name in sorted(known)]

    def manifests(self) -> list[Manifest]:
        """Of all enabled plugins that have a readable manifest, also of those that failed or have no part on this service."""
        return [self._manifests[name] for name in sorted(self._manifests)]

    def _changed(self, status: PluginStatus) -> None:
        self._parts.board.actions.plugin_runs(status.plugin, status.state == "started")
        self._on_status(status)

    async def _house(self, scope: trio.CancelScope) -> None:
        with scope:
            async with trio.open_nursery() as nursery:
                for life in self._lives.values():
                    nursery.start_soon(life.run, name=f"plugin {life.manifest.name}")

    def _read_manifests(self) -> None:
        unusable: dict[str, str] = {}
        known = self._source.names()
        for name in self._enabled:
            if name not in known:
                unusable[name] = (
                    f"It is enabled in config.json but not installed; installed plugins: {', '.join(known) or 'none'}."
                )
                continue
            try:
                self._manifests[name] = self._source.manifest(name)
            except ConfigError as error:
                unusable[name] = str(error)
        order = order_plugins(self._manifests, unusable)
        self._refused = {name: self._refusal(name, reason) for name, reason in order.refused.items()}
        for name in order.names:
            manifest = self._manifests[name]
            required = [self._lives[needed] for needed in sorted(manifest.requires_plugins)]
            self._lives[name] = PluginLife(
                manifest, self._source.module(name, self._service), required, self._household
            )

    def _refusal(self, name: str, reason: str) -> PluginStatus:
        manifest = self._manifests.get(name)
        return PluginStatus(
            service=self._parts.service,
            service_id=self._parts.service_id,
            plugin=name,
            title=manifest.title if manifest else name,
            version=manifest.version if manifest else "",
            state="failed",
            reason=reason,
            since=datetime.now(UTC),
        )
