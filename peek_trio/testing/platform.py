"""The platform under test, put together: services, plugins and devices in one process, and one seed for all that is random."""

from __future__ import annotations

import os
import random
import sys
import tempfile
from collections.abc import AsyncIterator, Collection, Iterable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path

import trio

from peek_trio.errors import PeekError
from peek_trio.security import Principal
from peek_trio.storage import Database
from peek_trio.testing.deliveries import Delivery
from peek_trio.testing.device import Device
from peek_trio.testing.schedule import seeded
from peek_trio.testing.service import VERSION, Ground, Service
from peek_trio.testing.steady_clock import steady_clock
from peek_trio.testing.uplink import Uplink
from peek_trio.transport import Switchboard
from peek_trio.transport.wire import Hello, LinkTiming

__all__ = ["Platform", "platform"]


class Platform:
    """The services of one platform, and ways to connect devices and to make things go wrong.

    `services` are the first of each kind, by kind; `all_services` every one. `seed` decides whatever is random here.
    """

    def __init__(self, ground: Ground, seed: int) -> None:
        self.seed = seed
        self.services: dict[str, Service] = {}
        self.all_services: list[Service] = []
        self._ground = ground
        self._devices = 0
        self._recorders: list[list[Delivery]] = []

    @property
    def server(self) -> Service:
        """The server."""
        return self.services["server"]

    @property
    def client(self) -> Service:
        """The first client service."""
        return self._first("client")

    @property
    def agent(self) -> Service:
        """The first agent."""
        return self._first("agent")

    @property
    def worker(self) -> Service:
        """The first worker."""
        return self._first("worker")

    @property
    def clients(self) -> list[Service]:
        """All client services."""
        return self._of("client")

    @property
    def agents(self) -> list[Service]:
        """All agents."""
        return self._of("agent")

    async def device(
        self,
        *,
        name: str = "somebody",
        roles: Collection[str] = (),
        site: str = "mobile",
        at: Service | None = None,
        linked: bool = True,
        timing: LinkTiming | None = None,
    ) -> Device:
        """Connects a device, signed in as the person `name` with `roles`. It redials by itself whenever its link is lost.

        It hangs on the service `at`; by default on the client services in turn if there are any, and on the server if there are none or
        it is a browser at the admin site. With `linked=False` it has no network yet: arm faults first, then `device.link.plug_in()`.
        `timing` are the deadlines that it keeps itself, by default those of any device.
        """
        self._devices += 1
        me = Hello("device", f"device-{self._devices}", name=name, version=VERSION, site=site)
        person = Principal("person", name, roles=frozenset(roles))
        above = at or self._next_for(site)
        link = self._uplink("device", me.id, above, person, timing)
        device = Device(Switchboard(me, self._ground.known, principal=person), link)
        if not linked:
            link.unplug()
        await self._ground.nursery.start(device.run)
        if linked:
            await link.up()
        return device

    async def devices(
        self, count: int, *, name: str = "somebody", roles: Collection[str] = (), site: str = "mobile"
    ) -> list[Device]:
        """Connects `count` devices of as many people, "somebody-1" and so on. Returns when all are linked."""
        devices = [
            await self.device(name=f"{name}-{number}", roles=roles, site=site, linked=False)
            for number in range(1, count + 1)
        ]
        for device in devices:
            device.link.plug_in()
        for device in devices:
            await device.link.up()
        return devices

    def reorder(self, links: Iterable[Uplink | Device | Service], *, within: float = 0.05) -> None:
        """Mixes the deliveries of these links: each message takes a random time up to `within` seconds.

        Messages of one link stay in order, as on any real transport. The seed of the platform decides who overtakes whom.
        """
        for one in links:
            (one if isinstance(one, Uplink) else one.link).delay(0.0, up_to=within)

    def check_started(self) -> None:
        """Raises AssertionError when a plugin does not run on a service that runs, and says why not."""
        failed = [
            f"{status.plugin} on {service.id} is {status.state}: {status.reason}"
            for service in self.all_services
            if service.is_running
            for status in service.host.statuses()
            if status.state != "started"
        ]
        if failed:
            raise AssertionError("\n".join(["Not every plugin has started.", *failed]))

    def record(self) -> list[Delivery]:
        """A list that every message is added to as it arrives, from now on."""
        recorder: list[Delivery] = []
        self._recorders.append(recorder)
        return recorder

    def _uplink(
        self, kind: str, id: str, above: Service, principal: Principal, timing: LinkTiming | None = None
    ) -> Uplink:
        randomness = random.Random(f"{self.seed} {id}")
        return Uplink(kind, id, above, principal, randomness=randomness, timing=timing, on_delivery=self._delivered)

    async def _add(self, kind: str, number: int) -> None:
        id = f"{kind}-{number}"
        link = self._uplink(kind, id, self.server, Principal.for_service(kind, id)) if kind != "server" else None
        service = Service(kind, id, self._ground, link)
        self.services.setdefault(kind, service)
        self.all_services.append(service)
        await service.start()

    def _next_for(self, site: str) -> Service:
        clients = self.clients
        return clients[self._devices % len(clients)] if clients and site != "admin" else self.server

    def _first(self, kind: str) -> Service:
        if kind not in self.services:
            raise PeekError(f'There is no {kind} here; ask for one: platform(services=["{kind}"], …).')
        return self.services[kind]

    def _of(self, kind: str) -> list[Service]:
        return [service for service in self.all_services if service.kind == kind]

    def _delivered(self, link: Uplink, towards: str, message: bytes) -> None:
        for recorder in self._recorders:
            recorder.append(Delivery(trio.current_time(), link.name, towards, message))

    def _threads_work(self) -> bool:
        database = self._ground.database
        return (
            trio.to_thread.current_default_thread_limiter().borrowed_tokens > 0
            or (database is not None and database.units_running > 0)
            or any(service.threads_work for service in self.all_services)
        )


@asynccontextmanager
async def platform(
    *,
    plugins: Sequence[str] = (),
    services: Collection[str] = ("server",),
    clients: int = 1,
    agents: int = 1,
    workers: int = 1,
    database_url: str | None = None,
    home: Path | None = None,
    processes: int = 1,
    all_start: bool = True,
    seed: int | None = None,
) -> AsyncIterator[Platform]:
    """Runs a server and the kinds named in `services`, "client", "agent" and "worker", all with the packages in `plugins`.

    Inside the block every plugin has started. One that fails is an AssertionError with its reason, unless `all_start` is False: then see
    `Service.status`. Without a `database_url` there is no database. `home` is
    where plugins keep their files, by default a directory that vanishes. `clients`, `agents` and `workers` are how many of a kind there
    are; a worker has `processes` subprocesses. `seed` decides whatever is random, the order of Trio's tasks included; by default it is
    that in the variable PEEK_SEED, or else a new one, which a failure names.
    """
    seed = _seed(seed)
    counts = {"client": clients, "agent": agents, "worker": workers}
    failure: Exception | None = None
    async with AsyncExitStack() as stack:
        stack.enter_context(_naming(seed))
        stack.enter_context(seeded(seed))
        base = home or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="peek-test-")))
        database = await _database(stack, database_url)
        nursery = await stack.enter_async_context(_nursery())
        if database is not None:
            await nursery.start(database.listen)
        running = Platform(Ground(nursery, tuple(plugins), base, database, processes), seed)
        stack.enter_context(steady_clock(running._threads_work))
        stack.push_async_callback(_stop_plugins, running)
        await running._add("server", 1)
        for kind in sorted(set(services) - {"server"}):
            for number in range(1, counts[kind] + 1):
                await running._add(kind, number)
        try:
            if all_start:
                running.check_started()
            yield running
        except Exception as error:  # noqa: BLE001 (raised below, so that a failing test shows its own error and not a group)
            failure = error
    if failure is not None:
        failure.add_note(_replay(seed))
        raise failure


def _seed(given: int | None) -> int:
    if given is not None:
        return given
    wanted = os.environ.get("PEEK_SEED")
    return int(wanted) if wanted else random.SystemRandom().randrange(1_000_000)


def _replay(seed: int) -> str:
    return f"The platform ran with the seed {seed}; PEEK_SEED={seed} runs it like that again."


@contextmanager
def _naming(seed: int) -> Iterator[None]:
    """Says which seed it was, also when the block is cut short from outside, by a deadline for instance."""
    try:
        yield
    except BaseException:
        sys.stderr.write(_replay(seed) + "\n")
        raise


@asynccontextmanager
async def _nursery() -> AsyncIterator[trio.Nursery]:
    """A nursery whose tasks end with the block."""
    async with trio.open_nursery() as nursery:
        yield nursery
        nursery.cancel_scope.cancel()


async def _stop_plugins(running: Platform) -> None:
    """All plugins stop, side by side, while every link is still there."""
    async with trio.open_nursery() as nursery:
        for service in running.all_services:
            nursery.start_soon(service.stop_plugins)


async def _database(stack: AsyncExitStack, url: str | None) -> Database | None:
    """The database, closed when whatever uses it has ended: a connection that is in use then would be left open."""
    if url is None:
        return None
    database = Database(url)
    stack.push_async_callback(database.close)
    await database.migrate_platform()
    return database
