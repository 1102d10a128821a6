"""From a commit to a device, and a page out of a large table, on one embedded PostgreSQL with fsync on.

    python benchmarks/live.py [--quick]

A device watches 100 rows over a client service; both links are websockets on the loopback. One row is changed at a time, by the server
itself and by another process's database (which is heard by its NOTIFY), and the time runs from before the unit of work until the device
has the rows decoded. A page comes out of 10,000 rows, sorted and filtered, over a websocket; beside it SQLAlchemy alone fetching the same
rows and counting the same matches.
"""

from __future__ import annotations

import shutil
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import trio
from load.report import medians, quick, reach, table
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from peek_trio.errors import LinkLost
from peek_trio.security import Principal, anyone
from peek_trio.storage import Database, EmbeddedPostgres, TableLoader, bulk_insert, engine_url
from peek_trio.transport import Observation, Switchboard, loader_list
from peek_trio.transport.observables.snapshot import Snapshot
from peek_trio.transport.wire import Hello, accept_link, accept_websocket, connect_websocket, dial_link
from peek_trio.tuples import TupleRegistry, TupleSelector, tuple_type

TURNS = 3 if quick() else 7
COMMITS = 40 if quick() else 200
WATCHED, ROWS = 100, 10_000
POINT = "benchmark.Point"


class Base(DeclarativeBase):
    """The schema of this benchmark."""

    metadata = sa.MetaData(schema="pl_benchmark")


@tuple_type(POINT)
class Point(Base):
    """What is watched."""

    __tablename__ = "point"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    value: Mapped[int]


@tuple_type("benchmark.Meter")
class Meter(Base):
    """What pages are read of."""

    __tablename__ = "meter"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    place: Mapped[str | None]
    value: Mapped[float]
    serial: Mapped[int]


class Chain:
    """A server, a client service and a device, each linked to the one above over a websocket."""

    def __init__(self, nursery: trio.Nursery) -> None:
        self._nursery = nursery
        self.server, self.client, self.device = [self._board(kind) for kind in ("server", "client", "device")]

    def _board(self, kind: str) -> Switchboard:
        registry = TupleRegistry()
        registry.add(Point, owner="benchmark")
        registry.add(Meter, owner="benchmark")
        principal = Principal("person", "joe") if kind == "device" else Principal.for_service(kind, kind)
        return Switchboard(Hello(kind, kind), registry, principal=principal)

    async def start(self) -> None:
        for board in (self.server, self.client, self.device):
            await self._nursery.start(board.run)
        await self._link(self.server, self.client)
        await self._link(self.client, self.device)

    async def _link(self, upper: Switchboard, lower: Switchboard) -> None:
        linked = trio.Event()
        lower.on_peers(lambda peer, connected: linked.set())

        async def admit(hello: Hello) -> Principal:
            return lower.principal

        async def accept(socket: trio.SocketStream) -> None:
            async with accept_websocket(socket, allowed_origins=lambda origin: True) as stream:
                await _serve(upper, partial(accept_link, stream, upper.me, admit))

        async def dial(port: int) -> None:
            async with connect_websocket(f"ws://127.0.0.1:{port}/vortex") as stream:
                await _serve(lower, partial(dial_link, stream, lower.me), upstream=True)

        listeners = await self._nursery.start(partial(trio.serve_tcp, accept, 0, host="127.0.0.1"))
        self._nursery.start_soon(dial, listeners[0].socket.getsockname()[1])
        await linked.wait()


async def _serve(board: Switchboard, make: Callable[[], Awaitable[Any]], *, upstream: bool = False) -> None:
    try:
        await board.serve_link(await make(), upstream=upstream)
    except LinkLost:
        return


def fill(session: Session) -> None:
    """The tables and their rows."""
    session.execute(sa.text("create schema pl_benchmark"))
    Base.metadata.create_all(session.connection())
    session.add_all([Point(id=number, name=f"point {number}", value=0) for number in range(1, WATCHED + 1)])
    places = ("hall", "roof", "cellar", None)
    rows = [
        {
            "id": number,
            "name": f"meter {number * 7919 % ROWS}",
            "place": places[number % 4],
            "value": number / 7,
            "serial": number,
        }
        for number in range(ROWS)
    ]
    bulk_insert(session, Meter, rows)


def provide(chain: Chain, database: Database) -> None:
    """What a plugin's provider that follows its table comes to."""

    async def read(selector: TupleSelector, principal: Principal) -> Snapshot:
        rows, seen = await database.read(lambda session: session.scalars(sa.select(Point).order_by(Point.id)).all())
        return Snapshot(rows, seen)

    chain.server.scope("benchmark").provide(Point, read, allow=anyone)
    database.changes.on_change({"pl_benchmark.point"}, lambda tables: chain.server.notify(POINT))


async def commits(writer: Database, states: Observation) -> dict[str, float]:
    """Milliseconds from before a unit of work to its rows at the device: the median, and what 95 of 100 keep to."""
    taken = []
    for number in range(COMMITS):
        id, value = number % WATCHED + 1, time.time_ns() % 2**30
        began = time.perf_counter()
        await writer.run(lambda session, id=id, value=value: _change(session, id, value))  # type: ignore[misc]
        while (await states.receive()).rows[id - 1].value != value:
            pass
        taken.append((time.perf_counter() - began) * 1000)
    return {"median": statistics.median(taken), "p95": statistics.quantiles(taken, n=20)[-1]}


def _change(session: Session, id: int, value: int) -> None:
    session.execute(sa.update(Point).where(Point.id == id).values(value=value))


async def compare_commits(chain: Chain, database: Database, elsewhere: Database) -> None:
    """The server's own commits and another process's, turn by turn."""
    writers = {"the server's own commit": database, "a commit of another process": elsewhere}
    figures: dict[str, list[dict[str, float]]] = {name: [] for name in writers}
    async with chain.device.observe(TupleSelector(POINT, {})) as states:
        await states.receive()
        for _ in range(TURNS):
            for name, writer in writers.items():
                figures[name].append(await commits(writer, states))
    typical = {name: medians(turns) for name, turns in figures.items()}
    table(
        f"A commit to a device, medians of {TURNS} turns of {COMMITS}",
        ["median, ms", "95 of 100, ms"],
        [[name, each["median"], each["p95"]] for name, each in typical.items()],
    )
    for name, each in typical.items():
        reach(f"{name} is at the device, ms", each["p95"], at_most=50)


async def milliseconds(one: Callable[[], Awaitable[object]]) -> float:
    """What one page takes, the median of several."""
    taken = []
    for _ in range(10):
        began = time.perf_counter()
        await one()
        taken.append((time.perf_counter() - began) * 1000)
    return statistics.median(taken)


async def compare_pages(chain: Chain, database: Database, url: str) -> None:
    """A page of 100 rows and one of 1000, sorted by name and filtered, by SQLAlchemy, the loader and a device."""
    loader = TableLoader(database, Meter)
    chain.server.scope("loader").load(Meter, loader, allow=anyone)
    engine = sa.create_engine(engine_url(url), pool_size=1)
    wanted = sa.and_(Meter.name.icontains("meter"), Meter.serial >= 1000)
    filter: dict[str, Any] = {"name": {"contains": "meter"}, "serial": {"min": 1000}}

    def plainly(limit: int) -> None:
        with Session(engine) as session:
            session.scalar(sa.select(sa.func.count()).select_from(Meter).where(wanted))
            query = sa.select(Meter).where(wanted).order_by(Meter.name, Meter.id).offset(500).limit(limit)
            assert len(session.scalars(query).all()) == limit

    ways: dict[str, Callable[[int], Awaitable[object]]] = {
        "SQLAlchemy in a thread": lambda limit: trio.to_thread.run_sync(plainly, limit),
        "the loader": lambda limit: loader.list(500, limit, [("name", "asc")], filter),
        "a device, over two websockets": lambda limit: chain.device.caller(loader_list)(
            "benchmark.Meter", 500, limit, [("name", "asc")], filter
        ),
    }
    figures: dict[str, list[dict[str, float]]] = {name: [] for name in ways}
    for _ in range(TURNS):
        for name, way in ways.items():
            figures[name].append({str(limit): await milliseconds(partial(way, limit)) for limit in (100, 1000)})
    engine.dispose()
    typical = {name: medians(turns) for name, turns in figures.items()}
    table(
        f"A page of {ROWS:,} rows, sorted and filtered, medians of {TURNS} turns",
        ["100 rows, ms", "1000 rows, ms"],
        [[name, each["100"], each["1000"]] for name, each in typical.items()],
    )
    for limit in ("100", "1000"):
        reach(f"{limit} rows at a device, ms", typical["a device, over two websockets"][limit], at_most=100)


async def run(home: Path) -> None:
    """Starts PostgreSQL and the chain, and measures."""
    async with trio.open_nursery() as nursery:
        url = await nursery.start(EmbeddedPostgres(home).run)
        database, elsewhere = Database(url), Database(url)
        await database.run(fill)
        await nursery.start(database.listen)
        chain = Chain(nursery)
        await chain.start()
        provide(chain, database)
        await compare_commits(chain, database, elsewhere)
        await compare_pages(chain, database, url)
        for each in (database, elsewhere):
            await each.close()
        nursery.cancel_scope.cancel()


def main() -> None:
    """Measures in a temporary home."""
    home = Path(tempfile.mkdtemp(prefix="peek-benchmark-"))
    home.chmod(0o755)
    try:
        trio.run(run, home)
    finally:
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    main()
