"""What a unit of work costs through `Database.run`, beside plain SQLAlchemy in a thread, in one run on one embedded PostgreSQL.

    python benchmarks/storage.py [SECONDS]

Every unit inserts one ORM object and commits, with fsync on. The platform's units also announce their tables and can be cancelled.
Absolute figures depend on the disk; the ratios are what to watch.
"""

from __future__ import annotations

import itertools
import shutil
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import sqlalchemy as sa
import trio
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from peek_trio.storage import Database, EmbeddedPostgres, Receipts, engine_url

Unit = Callable[[], Awaitable[object]]


class Base(DeclarativeBase):
    """The schema of this benchmark."""

    metadata = sa.MetaData(schema="pl_benchmark")


class Reading(Base):
    """What every unit of work inserts."""

    __tablename__ = "reading"
    id: Mapped[int] = mapped_column(primary_key=True)
    value: Mapped[int]


def insert(session: Session) -> None:
    """The work of a unit."""
    session.add(Reading(value=42))
    session.flush()


async def rate(unit: Unit, in_flight: int, seconds: float) -> float:
    """Units a second, with `in_flight` of them at a time."""
    done = 0
    started = time.perf_counter()
    until = started + seconds

    async def repeat() -> None:
        nonlocal done
        while time.perf_counter() < until:
            await unit()
            done += 1

    async with trio.open_nursery() as nursery:
        for _ in range(in_flight):
            nursery.start_soon(repeat)
    return done / (time.perf_counter() - started)


def units(database: Database, url: str) -> tuple[sa.Engine, dict[str, Unit]]:
    """What is compared, by name; the first is the measure of the others."""
    engine = sa.create_engine(engine_url(url), pool_size=8, max_overflow=0)
    limiter = trio.CapacityLimiter(8)
    number = itertools.count()

    def plain_work() -> None:
        with Session(engine) as session, session.begin():
            insert(session)

    def once(session: Session) -> None:
        Receipts.apply_once(session, "bench", f"{time.time_ns()}-{next(number)}", "", 1, insert, lambda result: b"")

    return engine, {
        "plain SQLAlchemy in a thread": lambda: trio.to_thread.run_sync(plain_work, limiter=limiter),
        "Database.run": lambda: database.run(insert),
        "Database.run, exactly once": lambda: database.run(once),
    }


async def compare(database: Database, url: str, seconds: float) -> None:
    """Prints the rates. Every unit has its turn in each of three rounds, so that a noisy moment hits all."""
    engine, contenders = units(database, url)
    await rate(contenders["plain SQLAlchemy in a thread"], 8, 0.3)
    for in_flight in (1, 8):
        best = dict.fromkeys(contenders, 0.0)
        for _ in range(3):
            for name, unit in contenders.items():
                best[name] = max(best[name], await rate(unit, in_flight, seconds))
        first = next(iter(best.values()))
        for name, units_a_second in best.items():
            print(f"{in_flight} in flight  {name:32} {units_a_second:7.0f}/s  {units_a_second / first:5.2f}x")
    select = sa.text("select 1")
    reads = await rate(
        lambda: database.run(lambda session: session.execute(select).scalar(), read_only=True), 1, seconds
    )
    print(f"1 in flight  {'Database.run, reading only':32} {reads:7.0f}/s")
    engine.dispose()


async def main(seconds: float) -> None:
    """Starts a PostgreSQL, measures its start and what it does, and clears it away."""
    base = _new_folder()
    try:
        for start in ("first", "later"):
            began = time.perf_counter()
            async with trio.open_nursery() as nursery:
                url = await nursery.start(EmbeddedPostgres(base / "home").run)
                print(f"embedded PostgreSQL, {start} start: {time.perf_counter() - began:.2f} s")
                if start == "later":
                    database = Database(url)
                    await database.migrate_platform()
                    await database.run(_create)
                    await compare(database, url, seconds)
                    await database.close()
                nursery.cancel_scope.cancel()
    finally:
        shutil.rmtree(base)


def _new_folder() -> Path:
    base = Path(tempfile.mkdtemp(prefix="peek-benchmark-"))
    base.chmod(0o755)  # run by root, PostgreSQL is another account and must get in
    return base


def _create(session: Session) -> None:
    session.execute(sa.text("create schema pl_benchmark"))
    Base.metadata.create_all(session.connection())


if __name__ == "__main__":
    trio.run(main, float(sys.argv[1]) if len(sys.argv) > 1 else 1.0)
