"""A server that applies actions, with an embedded PostgreSQL that writes to the disk, in a process of its own.

    python benchmarks/load/action_server.py

It says `{"port": ...}` and takes one command: `{"do": "bare", "in_flight": 64, "seconds": 1, "receipt": true}`, answered by
`{"done": ..., "seconds": ...}`: the same effects by plain SQLAlchemy in the same kind of threads, without a network, and with a row
for a receipt or without.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
import time
import uuid
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import trio
from action_kinds import Add, AddPlainly, Count
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from peek_trio import Statements
from peek_trio.errors import LinkLost
from peek_trio.plugin.abilities.actions import Actions
from peek_trio.plugin.abilities.keeping import ReceiptKeeper
from peek_trio.plugin.parts import ServiceParts
from peek_trio.plugin.registrations import Registrations
from peek_trio.plugin.tuple_owners import TupleOwners
from peek_trio.security import Principal, anyone
from peek_trio.storage import Database, EmbeddedPostgres, engine_url
from peek_trio.transport import Switchboard
from peek_trio.transport.wire import Hello, accept_link, accept_websocket
from peek_trio.tuples import TupleRegistry

KEYS = 64
POOL = 8


class Base(DeclarativeBase):
    """The schema of this benchmark."""

    metadata = sa.MetaData(schema="pl_benchmark")


class Total(Base):
    """What the actions add to, a row for each order key."""

    __tablename__ = "total"
    __table_args__ = {"info": {"announce": False}}  # noqa: RUF012 (SQLAlchemy's name)
    key: Mapped[int] = mapped_column(primary_key=True)
    amount: Mapped[int]


class BareReceipt(Base):
    """A receipt as one would write it by hand."""

    __tablename__ = "receipt"
    device: Mapped[str] = mapped_column(primary_key=True)
    action_id: Mapped[str] = mapped_column(primary_key=True)
    status: Mapped[str]
    at: Mapped[Any] = mapped_column(sa.DateTime(timezone=True), server_default=sa.func.now())


def prepare(session: Session) -> None:
    """Makes the tables and their rows."""
    session.execute(sa.text("create schema pl_benchmark"))
    Base.metadata.create_all(session.connection())
    session.add_all(Total(key=key, amount=0) for key in range(KEYS))


def add(action: Add, session: Session) -> int:
    """The effect, by the ORM."""
    total = session.get_one(Total, action.key)
    total.amount += action.amount
    return total.amount


def add_plainly(action: AddPlainly, statements: Statements) -> None:
    """The effect, by a plain statement."""
    statements.execute("update pl_benchmark.total set amount = amount + %s where key = %s", (action.amount, action.key))


def register(board: Switchboard, registry: TupleRegistry, database: Database) -> None:
    """The handlers as a plugin registers them."""
    parts = ServiceParts(
        service="server",
        service_id="server",
        board=board,
        registry=registry,
        home=Path(),
        database=database,
        tasks=None,
        settings=None,
        http=None,
    )
    actions = Actions(Registrations("benchmark", parts, TupleOwners(registry)))
    actions.handler(Add, allow=anyone)(add)
    actions.handler(AddPlainly, allow=anyone)(add_plainly)

    @actions.handler(Count, allow=anyone, once=False)
    async def count(action: Count) -> int:
        return action.amount

    board.actions.keeper = ReceiptKeeper(database)


async def bare(url: str, in_flight: int, seconds: float, receipt: bool) -> dict[str, float]:
    """The same effects by plain SQLAlchemy: a thread, a session, a transaction."""
    engine = sa.create_engine(engine_url(url), pool_size=POOL, max_overflow=0)
    limiter = trio.CapacityLimiter(POOL)
    done, began = 0, time.perf_counter()

    def work(key: int) -> None:
        with Session(engine) as session, session.begin():
            if receipt:
                session.add(BareReceipt(device="device", action_id=uuid.uuid4().hex, status="applied"))
            session.get_one(Total, key).amount += 1

    async def repeat(key: int) -> None:
        nonlocal done
        while time.perf_counter() < began + seconds:
            await trio.to_thread.run_sync(work, key, limiter=limiter)
            done += 1

    async with trio.open_nursery() as nursery:
        for key in range(in_flight):
            nursery.start_soon(repeat, key)
    took = time.perf_counter() - began
    engine.dispose()
    return {"done": done, "seconds": took}


async def serve() -> None:
    """Serves until standard input ends."""
    base = Path(tempfile.mkdtemp(prefix="peek-benchmark-"))
    base.chmod(0o755)  # noqa: ASYNC240 (nothing else runs yet). Run by root, PostgreSQL is another account and must get in
    try:
        async with trio.open_nursery() as nursery:
            url = await nursery.start(EmbeddedPostgres(base / "home").run)
            database = Database(url, pool_size=POOL)
            await database.migrate_platform()
            await database.run(prepare)
            registry = TupleRegistry()
            me = Hello("server", "server")
            board = Switchboard(me, registry, principal=Principal.for_service("server", "server"))
            await nursery.start(board.run)
            register(board, registry, database)

            async def admit(hello: Hello) -> Principal:
                return Principal("person", "joe")

            async def link(stream: trio.SocketStream) -> None:
                try:
                    async with accept_websocket(stream, allowed_origins=lambda origin: True) as socket:
                        await board.serve_link(await accept_link(socket, me, admit))
                except LinkLost:
                    return

            listeners = await nursery.start(partial(trio.serve_tcp, link, 0, host="127.0.0.1"))
            print(json.dumps({"port": listeners[0].socket.getsockname()[1]}), flush=True)
            while line := await trio.to_thread.run_sync(sys.stdin.readline):
                command = json.loads(line)
                command.pop("do")
                print(json.dumps(await bare(url, **command)), flush=True)
            await database.close()
            nursery.cancel_scope.cancel()
    finally:
        shutil.rmtree(base)


if __name__ == "__main__":
    trio.run(serve)
