"""One service of the platform under test: it runs, is killed, stops and starts again, as a process would.

Each life has a switchboard, tuple types and a plugin host of its own. What outlives them is the database, the directory of files and the
link upwards with whatever is wrong with it.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import attrs
import trio

from peek_trio.errors import LinkError, LinkLost, PeekError
from peek_trio.frontend.mounts import HttpMounts
from peek_trio.plugin import GivenPlugins, PluginHost, PluginStatus, ServiceParts, worker_modules
from peek_trio.security import Principal
from peek_trio.storage import Database, SettingStore
from peek_trio.tasks import TaskCaller, TaskPool, serve_tasks
from peek_trio.testing.uplink import Uplink
from peek_trio.testing.wires import FaultyStream
from peek_trio.transport import Switchboard
from peek_trio.transport.wire import Hello, Peer, accept_link, spread_of
from peek_trio.tuples import TupleRegistry

__all__ = ["Ground", "Service"]

_log = logging.getLogger(__name__)

VERSION = "0"

LINK_PATIENCE = 2.0
"""Seconds that the plugins of a satellite wait for the server before they start without it."""


@attrs.frozen
class Ground:
    """What the services of one platform have in common. `known` are the tuple types that any of them ever knew: those of the devices."""

    nursery: trio.Nursery
    plugins: Sequence[str]
    home: Path
    database: Database | None
    processes: int
    known: TupleRegistry = attrs.field(factory=TupleRegistry)


class _ServiceRegistry(TupleRegistry):
    """The tuple types of one service, which devices learn from it, and keep when it stops."""

    def __init__(self, known: TupleRegistry) -> None:
        super().__init__()
        self._known = known

    def add(self, cls: type, *, owner: str) -> None:
        super().add(cls, owner=owner)
        self._known.add(cls, owner="the platform")


@attrs.frozen
class _Life:
    """What a service has from one start to the next stop."""

    board: Switchboard
    registry: TupleRegistry
    parts: ServiceParts
    host: PluginHost


class Service:
    """A service of the platform: `kind`, `id`, and while it runs its switchboard, tuple types, plugins and the parts they were given."""

    def __init__(self, kind: str, id: str, ground: Ground, link: Uplink | None = None) -> None:
        self.kind, self.id = kind, id
        self._ground = ground
        self._link = link
        self._life: _Life | None = None
        self._links: trio.Nursery | None = None
        self._accepted: dict[FaultyStream, None] = {}
        self._diallers: dict[str, Uplink] = {}
        self._dialling = trio.CancelScope()
        self._asked_to_end, self._plugins_gone = trio.Event(), trio.Event()
        self._end, self._gone = trio.Event(), trio.Event()

    def __repr__(self) -> str:
        return f"<Service {self.id}, {'running' if self.is_running else 'not running'}>"

    @property
    def is_running(self) -> bool:
        """Whether it runs, with its plugins started or failed."""
        return self._links is not None

    @property
    def link(self) -> Uplink:
        """Its link to the server, on which things may be made to go wrong. The server itself has none: PeekError."""
        if self._link is None:
            raise PeekError("The server has no link of its own; faults are on the links of those who dial it.")
        return self._link

    @property
    def board(self) -> Switchboard:
        """Its switchboard, a new one after each start."""
        return self._alive.board

    @property
    def registry(self) -> TupleRegistry:
        """The tuple types that it knows."""
        return self._alive.registry

    @property
    def parts(self) -> ServiceParts:
        """What its plugins work with."""
        return self._alive.parts

    @property
    def host(self) -> PluginHost:
        """The host of its plugins."""
        return self._alive.host

    @property
    def threads_work(self) -> bool:
        """Whether functions that it serves run in threads just now."""
        return self._life is not None and self._life.board.methods.threads.borrowed_tokens > 0

    def status(self, plugin: str) -> PluginStatus:
        """How an enabled plugin is doing here. Raises PeekError for one that is not enabled."""
        for status in self.host.statuses():
            if status.plugin == plugin:
                return status
        raise PeekError(f"{plugin} is not enabled on this platform.")

    async def start(self) -> None:
        """Starts it; returns when every plugin has started or failed. Raises PeekError when it runs already."""
        if self._life is not None:
            raise PeekError(f"The {self.id} runs already.")
        await self._ground.nursery.start(self._live)

    async def stop(self) -> None:
        """Stops it in good order: plugins first, then its links, whose ends are told so."""
        await self.stop_plugins()
        self._end.set()
        await self._gone.wait()

    async def kill(self) -> None:
        """Ends it as SIGKILL does, seen from outside: all its links break in this instant, without a word.

        What is left of it in this process is cleared away before this returns. Whoever was linked dials again.
        """
        self._links = None
        self._dialling.cancel()
        for stream in list(self._accepted):
            stream.cut()
        if self._link is not None:
            self._link.cut()
        await self.stop()

    async def restart(self) -> None:
        """Stops it in good order and starts it again."""
        await self.stop()
        await self.start()

    async def stop_plugins(self) -> None:
        """Stops its plugins, while its links still are there."""
        self._asked_to_end.set()
        if self._life is not None:
            await self._plugins_gone.wait()

    def accept(self, stream: FaultyStream, principal: Principal, dialler: Uplink) -> None:
        """Takes a connection of `dialler`, which is `principal`. Raises LinkLost when the service does not run."""
        if self._links is None:
            raise LinkLost(f"Nothing can be reached at {self.id}: connection refused.")
        self._diallers[dialler.name] = dialler
        self._links.start_soon(self._serve, stream, principal)

    @property
    def _alive(self) -> _Life:
        if self._life is None:
            raise PeekError(f"The {self.id} does not run.")
        return self._life

    async def _live(self, *, task_status: trio.TaskStatus[None]) -> None:
        self._asked_to_end, self._plugins_gone = trio.Event(), trio.Event()
        self._end, self._gone = trio.Event(), trio.Event()
        try:
            async with trio.open_nursery() as nursery:
                life = self._life = await self._begin(nursery)
                async with _running(life.host):
                    self._links = nursery
                    task_status.started()
                    await self._asked_to_end.wait()
                self._plugins_gone.set()
                await self._end.wait()
                nursery.cancel_scope.cancel()
        finally:
            self._life = self._links = None
            self._plugins_gone.set()
            self._gone.set()

    async def _begin(self, nursery: trio.Nursery) -> _Life:
        """Everything but the plugins."""
        ground = self._ground
        me = Hello(self.kind, self.id, name=f"the {self.kind} of a test", version=VERSION)
        registry = _ServiceRegistry(ground.known)
        board = Switchboard(me, registry, principal=Principal.for_service(self.kind, self.id))
        board.on_peers(self._peer)
        await nursery.start(board.run)
        source = GivenPlugins(ground.plugins)
        if self.kind == "worker":
            url = ground.database.worker_url if ground.database is not None else None
            pool = TaskPool(size=ground.processes, preload=worker_modules(source, ground.plugins), database_url=url)
            await nursery.start(pool.run)
            serve_tasks(board.scope("peek"), pool, registry, worker=self.id)
        if self._link is not None:
            self._dialling = trio.CancelScope()
            nursery.start_soon(self._dial, self._link, board)
            with trio.move_on_after(LINK_PATIENCE):
                await self._link.up()
        parts = ServiceParts(
            service=self.kind,
            service_id=self.id,
            board=board,
            registry=registry,
            home=ground.home / f"peek-{self.id}.home",
            database=ground.database if self.kind in ("server", "worker") else None,
            tasks=TaskCaller(board, registry) if self.kind == "server" else None,
            settings=SettingStore(ground.database) if self.kind == "server" and ground.database is not None else None,
            http=HttpMounts() if self.kind in ("server", "client") else None,
        )
        return _Life(board, registry, parts, PluginHost(self.kind, ground.plugins, parts, source=source))

    async def _dial(self, link: Uplink, board: Switchboard) -> None:
        with self._dialling:
            await link.run(board)

    async def _serve(self, stream: FaultyStream, principal: Principal) -> None:
        async def admit(hello: Hello) -> Principal:
            return principal

        self._accepted[stream] = None
        try:
            board = self.board
            link = await accept_link(stream, board.me, admit, spread=lambda: spread_of(len(self._accepted)))
            await board.serve_link(link)
        except LinkError as ended:
            _log.debug("A link of %s ended: %s", self.id, ended)
        finally:
            del self._accepted[stream]

    def _peer(self, peer: Peer, connected: bool) -> None:
        if (dialler := self._diallers.get(peer.id)) is not None:
            dialler.seen_above(connected)


@asynccontextmanager
async def _running(host: PluginHost) -> AsyncIterator[None]:
    """The plugins run within the block."""
    async with trio.open_nursery() as nursery:
        await nursery.start(host.run)
        yield
        nursery.cancel_scope.cancel()
