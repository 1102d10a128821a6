"""What storage costs, beside its peers, in one run on one embedded PostgreSQL with fsync on.

    python benchmarks/storage.py [--quick]

A unit of work beside plain SQLAlchemy doing the same in the same kind of threads; many rows by `bulk_insert` beside a bare binary COPY
and the ORM; the first and the later start of the embedded PostgreSQL. Absolute figures depend on the disk; the ratios are what to watch.
"""

from __future__ import annotations

import shutil
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import psycopg
import sqlalchemy as sa
import trio
from load.report import medians, quick, reach, table
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from peek_trio.storage import Database, EmbeddedPostgres, bulk_insert, engine_url

ROWS = 20_000 if quick() else 100_000
TURNS = 5 if quick() else 41  # of units of work: many and short, since other programs come and go
BULK_TURNS = 3 if quick() else 5
SECONDS = 0.1

Unit = Callable[[], Awaitable[object]]
Row = tuple[int, int, str, float]


class Base(DeclarativeBase):
    """The schema of this benchmark."""

    metadata = sa.MetaData(schema="pl_benchmark")


class Reading(Base):
    """What every unit of work inserts."""

    __tablename__ = "reading"
    id: Mapped[int] = mapped_column(primary_key=True)
    value: Mapped[int]


class Quiet(Base):
    """The same in a table that nobody follows."""

    __tablename__ = "quiet"
    __table_args__ = {"info": {"announce": False}}  # noqa: RUF012 (SQLAlchemy's name)
    id: Mapped[int] = mapped_column(primary_key=True)
    value: Mapped[int]


class Sample(Base):
    """What is inserted in bulk."""

    __tablename__ = "sample"
    id: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True, autoincrement=False)
    meter: Mapped[int]
    name: Mapped[str]
    value: Mapped[float]


def insert(session: Session) -> None:
    """The work of a unit."""
    session.add(Reading(value=42))


def insert_quietly(session: Session) -> None:
    """The same, not announced to other processes."""
    session.add(Quiet(value=42))


def insert_and_notify(session: Session) -> None:
    """What `Database.run` does with `insert`, by hand."""
    session.add(Reading(value=42))
    session.flush()
    session.execute(sa.text("select pg_notify('benchmark', 'pl_benchmark.reading')"))


def count(session: Session) -> object:
    """The work of a unit that only reads."""
    return session.execute(sa.text("select 1")).scalar()


async def rate(unit: Unit, in_flight: int) -> float:
    """Units a second, with `in_flight` of them at a time."""
    done = 0
    started = time.perf_counter()
    until = started + SECONDS

    async def repeat() -> None:
        nonlocal done
        while time.perf_counter() < until:
            await unit()
            done += 1

    async with trio.open_nursery() as nursery:
        for _ in range(in_flight):
            nursery.start_soon(repeat)
    return done / (time.perf_counter() - started)


@contextmanager
def plain(url: str) -> Iterator[Callable[[Callable[[Session], object], bool], Awaitable[object]]]:
    """Units of work as one writes them with SQLAlchemy and Trio alone: a thread, a session, a transaction."""
    engine = sa.create_engine(engine_url(url), pool_size=8, max_overflow=0)
    limiter = trio.CapacityLimiter(8)

    def work(fn: Callable[[Session], object], commits: bool) -> None:
        with Session(engine) as session, session.begin() as transaction:
            fn(session)
            if not commits:
                transaction.rollback()

    async def run(fn: Callable[[Session], object], commits: bool) -> object:
        return await trio.to_thread.run_sync(work, fn, commits, limiter=limiter)

    try:
        yield run
    finally:
        engine.dispose()


async def compare_units(database: Database, url: str) -> None:
    """Every contender has its turn in each round, so that a noisy moment hits all, and ratios are within a round."""
    with plain(url) as run:
        contenders: dict[tuple[str, int], Unit] = {
            (name, in_flight): unit
            for in_flight in (1, 8)
            for name, unit in {
                "insert, plain": partial(run, insert_quietly, True),
                "insert, Database.run": partial(database.run, insert_quietly),
                "insert and notify, plain": partial(run, insert_and_notify, True),
                "insert and notify, Database.run": partial(database.run, insert),
                "read, plain": partial(run, count, False),
                "read, Database.run": partial(database.run, count, read_only=True),
            }.items()
        }
        for unit in contenders.values():
            await unit()
        turns = []
        for _ in range(TURNS):
            turns.append({f"{name} {n}": await rate(unit, n) for (name, n), unit in contenders.items()})
    found = medians(turns)
    names = dict.fromkeys(name for name, _ in contenders)
    table(
        "units of work a second, by how many are in flight",
        ("1", "8"),
        ((name, found[f"{name} 1"], found[f"{name} 8"]) for name in names),
    )
    for work in ("insert", "insert and notify", "read"):
        for in_flight in (1, 8):
            ratio = median_ratio(turns, f"{work}, Database.run {in_flight}", f"{work}, plain {in_flight}")
            reach(f"{work} with {in_flight} in flight, of plain SQLAlchemy in the same threads", ratio, at_least=0.8)


def median_ratio(turns: Sequence[Mapping[str, float]], one: str, other: str) -> float:
    """What two neighbours came to in the same round, over all rounds."""
    return statistics.median(turn[one] / turn[other] for turn in turns)


def sample_rows() -> list[Row]:
    """Rows as a plugin has them: numbers, a text, a measurement."""
    return [(number, number % 997, f"meter {number % 997}", number / 7) for number in range(ROWS)]


def bare_copy(session: Session, rows: Sequence[Row]) -> None:
    """The measure: psycopg's own binary COPY, with the types named beforehand."""
    driver = session.connection().connection.driver_connection
    assert isinstance(driver, psycopg.Connection)
    with (
        driver.cursor() as cursor,
        cursor.copy("copy pl_benchmark.sample (id, meter, name, value) from stdin (format binary)") as copy,
    ):
        copy.set_types(["int8", "int4", "varchar", "float8"])
        for row in rows:
            copy.write_row(row)


def by_orm(session: Session, rows: Sequence[Row]) -> None:
    """Objects added one by one, as with any few."""
    for id, meter, name, value in rows:
        session.add(Sample(id=id, meter=meter, name=name, value=value))


def by_core(session: Session, rows: Sequence[Row]) -> None:
    """One insert of Core with many rows."""
    names = ("id", "meter", "name", "value")
    session.execute(sa.insert(Sample), [dict(zip(names, row, strict=True)) for row in rows])


async def compare_bulk(database: Database) -> None:
    """Rows a second, transaction and commit included."""
    rows = sample_rows()
    objects = [Sample(id=id, meter=meter, name=name, value=value) for id, meter, name, value in rows]
    ways: dict[str, Callable[[Session], object]] = {
        "binary COPY, bare psycopg": partial(bare_copy, rows=rows),
        "bulk_insert, tuples": lambda session: bulk_insert(session, Sample, rows),
        "bulk_insert, objects": lambda session: bulk_insert(session, Sample, objects),
        "insert of Core": partial(by_core, rows=rows),
        "ORM": partial(by_orm, rows=rows),
    }
    turns = []
    for _ in range(BULK_TURNS):
        turn = {}
        for name, way in ways.items():
            await database.run(_empty)
            began = time.perf_counter()
            await database.run(way)
            turn[name] = ROWS / (time.perf_counter() - began)
        turns.append(turn)
    found = medians(turns)
    bare, tuples, orm = "binary COPY, bare psycopg", "bulk_insert, tuples", "ORM"
    table(
        f"{ROWS:,} rows of 4 columns",
        ("rows/s", "of bare COPY"),
        ((name, figure, median_ratio(turns, name, bare)) for name, figure in found.items()),
    )
    reach("bulk_insert, of bare binary COPY", median_ratio(turns, tuples, bare), at_least=0.8)
    reach("bulk_insert, times the ORM", median_ratio(turns, tuples, orm), at_least=15)


async def main() -> None:
    """Starts a PostgreSQL twice, measures that and what it does, and clears it away."""
    base = Path(tempfile.mkdtemp(prefix="peek-benchmark-"))
    base.chmod(0o755)  # noqa: ASYNC240 (nothing else runs yet). Run by root, PostgreSQL is another account and must get in
    starts = {}
    try:
        for start in ("first start", "later start"):
            began = time.perf_counter()
            async with trio.open_nursery() as nursery:
                url = await nursery.start(EmbeddedPostgres(base / "home").run)
                starts[start] = time.perf_counter() - began
                if start == "later start":
                    table("embedded PostgreSQL", ("s",), starts.items())
                    database = Database(url, slow_after=60)
                    await database.run(_create)
                    await compare_units(database, url)
                    await compare_bulk(database)
                    await database.close()
                nursery.cancel_scope.cancel()
    finally:
        shutil.rmtree(base)


def _create(session: Session) -> None:
    session.execute(sa.text("create schema pl_benchmark"))
    Base.metadata.create_all(session.connection())


def _empty(session: Session) -> None:
    session.execute(sa.text("truncate pl_benchmark.sample"))


if __name__ == "__main__":
    trio.run(main)
