"""Work that met others on the same rows is done again."""

from __future__ import annotations

import threading
from collections.abc import Callable

import psycopg
import pytest
import sqlalchemy as sa
import trio
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from peek_trio.errors import DatabaseUnavailable
from peek_trio.storage import Database
from peek_trio.storage.persistence import ATTEMPTS, persist


class Base(DeclarativeBase):
    metadata = sa.MetaData(schema="pl_test")


class Account(Base):
    __tablename__ = "account"
    id: Mapped[int] = mapped_column(primary_key=True)
    balance: Mapped[int]


@pytest.fixture
async def accounts(database: Database) -> Database:
    def create(session: Session) -> None:
        session.execute(sa.text("create schema pl_test"))
        Base.metadata.create_all(session.connection())
        session.add_all([Account(id=1, balance=100), Account(id=2, balance=100)])

    await database.run(create)
    return database


def failing(*errors: Exception) -> tuple[Callable[[], object], list[float]]:
    """An attempt that fails with each error in turn and then returns, and when it was made."""
    left, times = list(errors), []

    async def attempt() -> str:
        times.append(trio.current_time())
        await trio.lowlevel.checkpoint()
        if left:
            raise left.pop(0)
        return "done"

    return attempt, times


async def test_a_conflict_is_tried_again_after_a_short_pause(autojump_clock: trio.testing.MockClock) -> None:
    attempt, times = failing(psycopg.errors.DeadlockDetected(), psycopg.errors.SerializationFailure())
    assert await persist(attempt, "unit") == "done"  # type: ignore[arg-type]
    assert len(times) == 3
    assert times[-1] - times[0] < 1


async def test_after_so_many_it_is_too_busy(autojump_clock: trio.testing.MockClock) -> None:
    attempt, times = failing(*[psycopg.errors.DeadlockDetected()] * ATTEMPTS)
    with pytest.raises(DatabaseUnavailable, match=r"too busy: .* 5 times in a row"):
        await persist(attempt, "unit")  # type: ignore[arg-type]
    assert len(times) == ATTEMPTS


@pytest.mark.parametrize("error", [ValueError("no"), psycopg.errors.UniqueViolation(), DatabaseUnavailable("gone")])
async def test_any_other_error_is_raised_at_once(error: Exception) -> None:
    attempt, times = failing(error)
    with pytest.raises(type(error)):
        await persist(attempt, "unit")  # type: ignore[arg-type]
    assert len(times) == 1


async def test_a_stale_connection_does_not_use_up_an_attempt(autojump_clock: trio.testing.MockClock) -> None:
    stale = DatabaseUnavailable("gone", stale=True)
    attempt, times = failing(*[error for _ in range(4) for error in (stale, psycopg.errors.DeadlockDetected())])
    assert await persist(attempt, "unit") == "done"  # type: ignore[arg-type]
    assert len(times) == 9


async def test_two_units_that_deadlock_are_both_done(accounts: Database) -> None:
    both_have_one = threading.Barrier(2)

    def transfer(first: int, second: int) -> Callable[[Session], None]:
        calls: list[None] = []

        def work(session: Session) -> None:
            calls.append(None)
            session.get_one(Account, first, with_for_update=True).balance -= 10
            session.flush()
            if len(calls) == 1:
                both_have_one.wait(30)
            session.get_one(Account, second, with_for_update=True).balance += 10

        return work

    async with trio.open_nursery() as nursery:
        nursery.start_soon(accounts.run, transfer(1, 2))
        nursery.start_soon(accounts.run, transfer(2, 1))
    balances = await accounts.run(lambda session: session.scalars(sa.select(Account.balance)).all())
    assert list(balances) == [100, 100]


async def test_serialisable_units_lose_no_update(accounts: Database) -> None:
    tries: list[None] = []

    def add_one(session: Session) -> None:
        tries.append(None)
        session.execute(sa.text("set transaction isolation level serializable"))
        account = session.get_one(Account, 1)
        account.balance += 1

    async def add_until_it_holds() -> None:
        while True:
            try:
                return await accounts.run(add_one)
            except DatabaseUnavailable:
                await trio.lowlevel.checkpoint()

    async with trio.open_nursery() as nursery:
        for _ in range(12):
            nursery.start_soon(add_until_it_holds)
    assert await accounts.run(lambda session: session.get_one(Account, 1).balance) == 112
    assert len(tries) >= 12
