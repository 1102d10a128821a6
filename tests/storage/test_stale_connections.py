"""Connections that die: what is safe to do again is done again, and everything else is said to be unavailable."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
import trio
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from peek_trio.errors import DatabaseUnavailable
from peek_trio.storage import Claim, Database
from tests.storage.conftest import end_backend

End = Callable[[Session], None]


class Base(DeclarativeBase):
    metadata = sa.MetaData(schema="pl_stale")


class Meter(Base):
    __tablename__ = "meter"
    id: Mapped[int] = mapped_column(primary_key=True)


def count(session: Session) -> int:
    return session.scalar(sa.select(sa.func.count()).select_from(Meter)) or 0


@pytest.fixture
async def meters(database: Database) -> Database:
    def create(session: Session) -> None:
        session.execute(sa.text("create schema pl_stale"))
        Base.metadata.create_all(session.connection())

    await database.run(create)
    return database


@pytest.mark.parametrize("read_only", [False, True])
async def test_a_connection_that_dies_before_the_first_answer_is_replaced_and_nobody_notices(
    meters: Database, end_connection: End, read_only: bool
) -> None:
    calls: list[None] = []

    def work(session: Session) -> int:
        calls.append(None)
        if len(calls) == 1:
            end_connection(session)
        return count(session)

    assert await meters.run(work, read_only=read_only) == 0
    assert len(calls) == 2


async def test_one_that_dies_twice_in_a_row_is_not_tried_a_third_time(meters: Database, end_connection: End) -> None:
    calls: list[None] = []

    def work(session: Session) -> int:
        calls.append(None)
        end_connection(session)
        return count(session)

    with pytest.raises(DatabaseUnavailable, match="terminating connection"):
        await meters.run(work)
    assert len(calls) == 2


async def test_work_that_had_an_answer_is_not_done_again_by_us(meters: Database, end_connection: End) -> None:
    calls: list[None] = []

    def work(session: Session) -> None:
        calls.append(None)
        session.execute(sa.insert(Meter).values(id=1))
        end_connection(session)
        session.execute(sa.insert(Meter).values(id=2))

    with pytest.raises(DatabaseUnavailable) as caught:
        await meters.run(work)
    assert not caught.value.stale
    assert len(calls) == 1
    assert await meters.run(count) == 0


async def test_a_commit_that_could_not_be_sent_for_sure_is_not_done_again(
    meters: Database, end_connection: End
) -> None:
    calls: list[None] = []

    def work(session: Session) -> None:
        calls.append(None)
        session.add(Meter(id=len(calls)))
        session.flush()
        end_connection(session)

    with pytest.raises(DatabaseUnavailable) as caught:
        await meters.run(work)
    assert not caught.value.stale
    assert len(calls) == 1


async def test_the_loss_of_one_connection_renews_all_that_were_made_before_it(
    database_url: str, end_connection: End
) -> None:
    database = Database(database_url, pool_size=3)
    backend = sa.text("select pg_backend_pid()")
    meet = trio.Event()
    token = trio.lowlevel.current_trio_token()
    before: set[int] = set()

    def pid(session: Session) -> int:
        return session.scalar(backend) or 0

    def together(session: Session) -> None:
        before.add(pid(session))
        if len(before) == 3:
            trio.from_thread.run_sync(meet.set, trio_token=token)
        trio.from_thread.run(meet.wait, trio_token=token)

    def lose(session: Session) -> None:
        pid(session)
        end_connection(session)
        pid(session)

    try:
        with trio.fail_after(30):
            async with trio.open_nursery() as nursery:
                for _ in range(3):
                    nursery.start_soon(database.run, together)
        with pytest.raises(DatabaseUnavailable):
            await database.run(lose)
        after = {await database.run(pid) for _ in range(6)}
        assert not before & after
        assert {await database.run(pid) for _ in range(6)} <= after
    finally:
        await database.close()


async def test_an_action_whose_connection_dies_before_its_claim_is_applied_once(
    meters: Database, database_url: str
) -> None:
    ended: list[int] = []

    def end(connection: psycopg.Connection[Any], *_: object) -> None:
        if not ended:
            ended.append(connection.info.backend_pid)
            end_backend(database_url, ended[0])

    sa.event.listen(meters._engine, "checkout", end)
    receipt = await meters.apply_once(Claim("phone", "1", who="ann"), lambda session: session.add(Meter(id=1)) or b"")
    assert ended
    assert receipt.status == "applied"
    assert await meters.run(count) == 1
