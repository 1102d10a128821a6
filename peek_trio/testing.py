"""A whole platform in one process, for tests of plugins: services, plugins and devices over links in memory.

    async def test_a_tap_reaches_every_phone(database_url):
        async with platform(plugins=["peek_plugin_tutorial"], database_url=database_url) as peek:
            phone = await peek.device(roles={"user"})
            async with phone.observe(TupleSelector.of(StringInt)) as states:
                before = await anext(states)
                await phone.act(AddIntValue(before.rows[0].id, 1))
                after = await anext(states)

Everything is the real thing but for the links, which are memory instead of websockets, and the web sites, which are not served. The
plugins need not be installed, only importable. `database_url` leads to a PostgreSQL database of the test's own.
"""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Collection, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from pathlib import Path

import attrs
import trio

from peek_trio.errors import LinkLost, PeekError
from peek_trio.frontend.mounts import HttpMounts
from peek_trio.plugin import GivenPlugins, PluginHost, PluginStatus, ServiceParts, worker_modules
from peek_trio.security import Principal
from peek_trio.storage import Database, SettingStore
from peek_trio.tasks import TaskCaller, TaskPool, serve_tasks
from peek_trio.transport import Switchboard
from peek_trio.transport.wire import Hello, Link, accept_link, dial_link, memory_stream_pair
from peek_trio.tuples import TupleRegistry

__all__ = ["Platform", "Service", "platform"]

VERSION = "0"


@attrs.frozen
class Service:
    """One running service: its switchboard, its tuple types, the host of its plugins and the parts that these were given."""

    kind: str
    board: Switchboard
    registry: TupleRegistry
    parts: ServiceParts
    host: PluginHost

    def status(self, plugin: str) -> PluginStatus:
        """How an enabled plugin is doing here. Raises PeekError for one that is not enabled."""
        for status in self.host.statuses():
            if status.plugin == plugin:
                return status
        raise PeekError(f"{plugin} is not enabled on this platform.")


class Platform:
    """The running services, by kind, and a way to connect devices."""

    def __init__(self, nursery: trio.Nursery) -> None:
        self.services: dict[str, Service] = {}
        self._nursery = nursery
        self._devices = 0

    @property
    def server(self) -> Service:
        """The server."""
        return self.services["server"]

    async def device(self, *, name: str = "somebody", roles: Collection[str] = (), site: str = "mobile") -> Switchboard:
        """Connect a device, signed in as a person with `roles`. Observe, act and call through what this gives.

        It hangs on the client service if there is one, and else on the server, as an administrator's browser does.
        """
        self._devices += 1
        me = Hello("device", f"device-{self._devices}", name=name, version=VERSION, site=site)
        person = Principal("person", name, roles=frozenset(roles))
        board = Switchboard(me, self.server.registry, principal=person)
        await self._nursery.start(board.run)
        above = self.services.get("client", self.server)
        await _link(self._nursery, above.board, board, person)
        return board


@asynccontextmanager
async def platform(
    *,
    plugins: Sequence[str],
    services: Collection[str] = ("server",),
    database_url: str | None = None,
    home: Path | None = None,
    processes: int = 1,
) -> AsyncIterator[Platform]:
    """Run a server and, as named in `services`, a client, an agent and a worker, all with the packages in `plugins`.

    Inside the block every plugin has started or failed: see `Platform.services["agent"].status("peek_plugin_x")`. Without a
    `database_url` there is no database. `home` is where plugins keep their files, by default a directory that vanishes. A worker has
    `processes` subprocesses.
    """
    failure: Exception | None = None
    async with AsyncExitStack() as stack:
        base = home or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="peek-test-")))
        foundation = await stack.enter_async_context(_nursery())
        database = await _database(stack, foundation, database_url)
        hosts = await stack.enter_async_context(_nursery())
        running = Platform(foundation)
        for kind in ("server", *sorted(set(services) - {"server"})):
            service = await _service(foundation, kind, plugins, base, database, processes)
            running.services[kind] = service
            if kind != "server":
                principal = Principal.for_service(kind, service.parts.service_id)
                await _link(foundation, running.server.board, service.board, principal)
            await hosts.start(service.host.run)
        try:
            yield running
        except Exception as error:  # noqa: BLE001 (raised below, so that a failing test shows its own error and not a group)
            failure = error
    if failure is not None:
        raise failure


@asynccontextmanager
async def _nursery() -> AsyncIterator[trio.Nursery]:
    """A nursery whose tasks end with the block."""
    async with trio.open_nursery() as nursery:
        yield nursery
        nursery.cancel_scope.cancel()


async def _database(stack: AsyncExitStack, nursery: trio.Nursery, url: str | None) -> Database | None:
    if url is None:
        return None
    database = Database(url)
    stack.push_async_callback(database.close)
    await database.migrate_platform()
    await nursery.start(database.listen)
    return database


async def _service(
    nursery: trio.Nursery, kind: str, plugins: Sequence[str], home: Path, database: Database | None, processes: int
) -> Service:
    me = Hello(kind, f"{kind}-1", name=f"the {kind} of a test", version=VERSION)
    registry = TupleRegistry()
    board = Switchboard(me, registry, principal=Principal.for_service(kind, me.id))
    await nursery.start(board.run)
    source = GivenPlugins(plugins)
    if kind == "worker":
        url = database.worker_url if database is not None else None
        pool = TaskPool(size=processes, preload=worker_modules(source, plugins), database_url=url)
        await nursery.start(pool.run)
        serve_tasks(board.scope("peek"), pool, registry, worker=me.id)
    parts = ServiceParts(
        service=kind,
        service_id=me.id,
        board=board,
        registry=registry,
        home=home / f"peek-{kind}.home",
        database=database if kind in ("server", "worker") else None,
        tasks=TaskCaller(board, registry) if kind == "server" else None,
        settings=SettingStore(database) if kind == "server" and database is not None else None,
        http=HttpMounts() if kind in ("server", "client") else None,
    )
    return Service(kind, board, registry, parts, PluginHost(kind, plugins, parts, source=source))


async def _link(nursery: trio.Nursery, above: Switchboard, below: Switchboard, principal: Principal) -> None:
    """Link two switchboards through memory. Returns when each knows the other."""
    upper, lower = memory_stream_pair()

    async def admit(hello: Hello) -> Principal:
        return principal

    async def accept() -> None:
        await _serve(above, await accept_link(upper, above.me, admit), upstream=False)

    async def dial() -> None:
        await _serve(below, await dial_link(lower, below.me), upstream=True)

    with _meeting(above, below.me.id) as below_arrives, _meeting(below, above.me.id) as above_arrives:
        nursery.start_soon(accept)
        nursery.start_soon(dial)
        await below_arrives.wait()
        await above_arrives.wait()


@contextmanager
def _meeting(board: Switchboard, peer_id: str) -> Iterator[trio.Event]:
    """An event that is set when the peer connects."""
    arrived = trio.Event()
    forget = board.on_peers(lambda peer, connected: arrived.set() if connected and peer.id == peer_id else None)
    try:
        yield arrived
    finally:
        forget()


async def _serve(board: Switchboard, link: Link, *, upstream: bool) -> None:
    with suppress(LinkLost):  # the other end stopped, as ends of a test do
        await board.serve_link(link, upstream=upstream)
