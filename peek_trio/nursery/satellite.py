"""What client, agent and worker have in common: a switchboard linked to the server, and plugins the server hears of."""

import contextlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import attrs
import trio

from peek_trio import logs
from peek_trio.config import AgentConfig, ClientConfig, WorkerConfig
from peek_trio.errors import ConfigError
from peek_trio.nursery.credentials import read_token
from peek_trio.nursery.identity import introduction, own_principal
from peek_trio.nursery.layers import layer
from peek_trio.nursery.reports import PluginReports
from peek_trio.nursery.traffic import serve_own_traffic
from peek_trio.nursery.upstream import Upstream
from peek_trio.plugin import InstalledPlugins, PluginHost, ServiceParts
from peek_trio.transport import Switchboard
from peek_trio.transport.wire import Hello
from peek_trio.tuples import TupleRegistry

LINK_PATIENCE = 2.0
"""Seconds that plugins wait for the first link before they start without it."""


@attrs.frozen
class Satellite:
    """A service that depends on the server: who it is, its switchboard, and the link."""

    me: Hello
    registry: TupleRegistry
    board: Switchboard
    upstream: Upstream


@asynccontextmanager
async def satellite(
    service: str, home: Path, config: ClientConfig | AgentConfig | WorkerConfig
) -> AsyncIterator[Satellite]:
    """The common part of the service that lives in `home`, dialling the server. Raises ConfigError without a token."""
    me = attrs.evolve(
        introduction(service, home, token=read_token(service, home)), plugins=_versions(config.plugin.enabled)
    )
    registry = TupleRegistry()
    board = Switchboard(me, registry, principal=own_principal(me))
    serve_own_traffic(board, board.scope("peek.traffic"))
    upstream = Upstream(config.peek_server, me, board, registry)
    async with layer(board.run), layer(upstream.run):
        yield Satellite(me, registry, board, upstream)


class ReportedPlugins:
    """The plugins of a satellite: hosted here, and reported to the server."""

    def __init__(self, of: Satellite, enabled: Sequence[str], parts: ServiceParts) -> None:
        self._upstream = of.upstream
        self.host = PluginHost(of.me.service, enabled, parts, on_status=lambda status: self._reports.due())
        self._reports = PluginReports(of.board, self.host.statuses)
        self._upstream.on_linked(self._reports.due)

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Run the plugins until cancelled. Started once each has started or failed."""
        if not await self._upstream.linked(within=LINK_PATIENCE):
            logs.progress.info("the server is away; starting without it")
        async with layer(self._reports.run), layer(self.host.run):
            self._reports.due()
            task_status.started()
            await trio.sleep_forever()


def _versions(enabled: Sequence[str]) -> dict[str, str]:
    """Name and version of the enabled plugins that can be read; the host says what is wrong with the others."""
    installed = InstalledPlugins()
    versions = {}
    for name in sorted(set(enabled) & set(installed.names())):
        with contextlib.suppress(ConfigError):
            versions[name] = installed.manifest(name).version
    return versions
