"""Actions that share a transaction: whatever one of them does, the others are applied exactly once, with the ORM and with plain SQL."""

from __future__ import annotations

import secrets
import threading
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import attrs
import pytest
import sqlalchemy as sa
import trio
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
from trio.testing import wait_all_tasks_blocked

from peek_trio.errors import Rejected
from peek_trio.storage import Claim, Database, Receipt, Statements
from peek_trio.storage import exactly_once as exactly_once_module
from peek_trio.storage.gathering import AT_A_TIME


class Base(DeclarativeBase):
    """The schema of these tests."""


class Effect(Base):
    """What actions leave behind; no two of one name."""

    __tablename__ = "effect"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)


Work = Callable[[Any], bytes]


@attrs.frozen
class Way:
    """How actions are worked on: who applies them, and how one leaves an effect."""

    apply: Callable[[Database, Claim, Work], Awaitable[Receipt]]
    leave: Callable[[Any, str], None]
    read: Callable[[Any], int]


def leave_by_orm(session: Session, name: str) -> None:
    session.add(Effect(name=name))


def read_by_orm(session: Session) -> int:
    return session.scalar(sa.select(sa.func.count()).select_from(Effect)) or 0


def leave_plainly(statements: Statements, name: str) -> None:
    statements.execute("insert into effect (name) values (%s)", (name,))


def read_plainly(statements: Statements) -> int:
    row = statements.execute("select count(*) from effect").fetchone()
    assert row is not None
    return int(row[0])


WAYS = {
    "ORM": Way(lambda database, claim, work: database.apply_once(claim, work), leave_by_orm, read_by_orm),
    "plain": Way(lambda database, claim, work: database.apply_statements(claim, work), leave_plainly, read_plainly),
}


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> Way:
    return WAYS[request.param]


@pytest.fixture
async def effected(database: Database) -> Database:
    await database.run(lambda session: Base.metadata.create_all(session.connection()))
    return database


async def names(database: Database) -> list[str]:
    return await database.run(lambda session: list(session.scalars(sa.select(Effect.name).order_by(Effect.id))))


@asynccontextmanager
async def one_batch(database: Database, way: Way) -> AsyncIterator[trio.Nursery]:
    """What is started in the block, in a nursery of its own, gathers meanwhile and is done as one batch when the block ends."""
    busy, finish = threading.Semaphore(0), [threading.Event() for _ in range(AT_A_TIME)]

    def block(given: object, event: threading.Event) -> bytes:
        busy.release()
        assert event.wait(10)
        return b""

    async with trio.open_nursery() as blockers:
        for event in finish:
            blockers.start_soon(
                way.apply, database, Claim("blocker", secrets.token_hex(8)), partial(block, event=event)
            )
            await trio.to_thread.run_sync(busy.acquire)
        async with trio.open_nursery() as gathering:
            yield gathering
            finish[0].set()
        for event in finish[1:]:
            event.set()


async def gathered(database: Database, way: Way, works: Sequence[tuple[str, Work]]) -> dict[str, Receipt | Exception]:
    """Applies these actions together; what each came to."""
    outcomes: dict[str, Receipt | Exception] = {}

    async def act(name: str, work: Work) -> None:
        try:
            outcomes[name] = await way.apply(database, Claim("phone", name), work)
        except Exception as error:  # noqa: BLE001 (an outcome to look at)
            outcomes[name] = error

    async with one_batch(database, way) as gathering:
        for name, work in works:
            gathering.start_soon(act, name, work)
            await wait_all_tasks_blocked()
    return outcomes


def leaving(way: Way, name: str) -> tuple[str, Work]:
    def work(given: Any) -> bytes:
        way.leave(given, name)
        return name.encode()

    return name, work


def batch(way: Way, *, poison: Work) -> list[tuple[str, Work]]:
    """Five actions, the third of them poisoned."""
    return [leaving(way, "a"), leaving(way, "b"), ("poison", poison), leaving(way, "d"), leaving(way, "e")]


def fine(outcomes: dict[str, Receipt | Exception]) -> bool:
    """Whether all but the poisoned one were applied, for the first time."""
    return {name: outcomes[name] for name in "abde"} == {
        name: Receipt("applied", result=name.encode()) for name in "abde"
    }


async def test_what_gathered_is_applied_in_order(effected: Database, way: Way) -> None:
    await gathered(effected, way, [leaving(way, name) for name in "abcdefgh"])
    assert await names(effected) == list("abcdefgh")


async def test_one_that_is_rejected_spoils_nobody_else(effected: Database, way: Way) -> None:
    def refuse(given: Any) -> bytes:
        way.leave(given, "never")
        raise Rejected("The valve is locked.")

    outcomes = await gathered(effected, way, batch(way, poison=refuse))
    assert outcomes["poison"] == Receipt("rejected", "The valve is locked.")
    assert fine(outcomes)
    assert await names(effected) == list("abde")


async def test_one_whose_handler_fails_spoils_nobody_else(effected: Database, way: Way) -> None:
    def fail(given: Any) -> bytes:
        way.leave(given, "never")
        raise ZeroDivisionError("bug")

    outcomes = await gathered(effected, way, batch(way, poison=fail))
    assert isinstance(outcomes["poison"], ZeroDivisionError)
    assert fine(outcomes)
    assert await names(effected) == list("abde")
    again = await way.apply(effected, Claim("phone", "poison"), leaving(way, "c")[1])
    assert again == Receipt("applied", result=b"c")  # nothing of it was kept


async def test_one_that_breaks_a_constraint_spoils_nobody_else(effected: Database, way: Way) -> None:
    def twice(given: Any) -> bytes:
        way.leave(given, "a")
        return b""

    outcomes = await gathered(effected, way, batch(way, poison=twice))
    assert isinstance(outcomes["poison"], Exception)
    assert "effect_name_key" in str(outcomes["poison"])
    assert fine(outcomes)
    assert await names(effected) == list("abde")


async def test_one_whose_value_never_fits_is_rejected_and_spoils_nobody_else(effected: Database, way: Way) -> None:
    def nul(given: Any) -> bytes:
        way.leave(given, "a\0b")
        return b""

    outcomes = await gathered(effected, way, batch(way, poison=nul))
    assert outcomes["poison"] == Receipt("rejected", "A value in it is not one that can be stored.")
    assert fine(outcomes)


async def test_one_that_catches_its_failed_statement_and_goes_on_spoils_nobody_else(effected: Database) -> None:
    way = WAYS["ORM"]

    def careless(session: Session) -> bytes:
        try:
            session.execute(sa.text("select 1/0"))
        except sa.exc.DBAPIError:
            return b"fine?"
        raise AssertionError("it should have failed")

    outcomes = await gathered(effected, way, batch(way, poison=careless))
    assert isinstance(outcomes["poison"], Exception)
    assert fine(outcomes)
    assert await names(effected) == list("abde")


async def test_one_whose_constraint_is_checked_at_the_commit_spoils_nobody_else(effected: Database, way: Way) -> None:
    deferred = "alter table effect add constraint late unique (name) deferrable initially deferred"
    await effected.run(
        lambda session: session.execute(sa.text(f"alter table effect drop constraint effect_name_key; {deferred}"))
    )

    def twice(given: Any) -> bytes:
        way.leave(given, "a")
        return b""

    outcomes = await gathered(effected, way, batch(way, poison=twice))
    assert "late" in str(outcomes["poison"])
    assert fine(outcomes)
    assert sorted(await names(effected)) == list("abde")


async def test_each_sees_what_those_before_it_did_and_nothing_in_its_session(effected: Database, way: Way) -> None:
    def look(given: Any) -> bytes:
        if isinstance(given, Session):
            assert not given.identity_map
        return str(way.read(given)).encode()

    outcomes = await gathered(effected, way, batch(way, poison=look))
    assert outcomes["poison"] == Receipt("applied", result=b"2")


async def test_after_a_fault_batches_have_savepoints_and_nothing_is_done_twice_for_another(effected: Database) -> None:
    """With the ORM the first batch in which something goes wrong is done again; those after it know better."""
    way, runs = WAYS["ORM"], Counter[str]()

    def counted(name: str) -> tuple[str, Work]:
        def work(session: Session) -> bytes:
            runs[name] += 1
            if name.startswith("bad"):
                raise Rejected("No.")
            way.leave(session, name)
            return b""

        return name, work

    await gathered(effected, way, [counted(name) for name in ("a", "bad 1", "b")])
    assert runs == {"a": 2, "bad 1": 2, "b": 1}
    await gathered(effected, way, [counted(name) for name in ("c", "bad 2", "d")])
    assert (runs["c"], runs["bad 2"], runs["d"]) == (1, 1, 1)
    assert await names(effected) == ["a", "b", "c", "d"]


async def test_the_same_action_twice_in_a_batch_is_applied_once(effected: Database, way: Way) -> None:
    receipts: list[Receipt] = []

    async def act() -> None:
        receipts.append(await way.apply(effected, Claim("phone", "a"), leaving(way, "a")[1]))

    async with one_batch(effected, way) as nursery:
        for _ in range(3):
            nursery.start_soon(act)
            await wait_all_tasks_blocked()
    assert [receipt.result for receipt in receipts] == [b"a"] * 3
    assert sorted(receipt.repeated for receipt in receipts) == [False, True, True]
    assert await names(effected) == ["a"]


async def test_two_contents_under_one_id_in_a_batch_are_not_taken_for_one_action(effected: Database, way: Way) -> None:
    receipts: list[Receipt] = []

    async def act(body: bytes) -> None:
        receipts.append(await way.apply(effected, Claim("phone", "a", body=body), leaving(way, "a")[1]))

    async with one_batch(effected, way) as nursery:
        for body in (b"1", b"2"):
            nursery.start_soon(act, body)
            await wait_all_tasks_blocked()
    assert sorted(receipt.status for receipt in receipts) == ["applied", "rejected"]
    assert await names(effected) == ["a"]


async def test_a_resend_in_a_batch_is_answered_from_its_receipt(effected: Database, way: Way) -> None:
    await way.apply(effected, Claim("phone", "a"), leaving(way, "a")[1])
    outcomes = await gathered(effected, way, [leaving(way, name) for name in "abc"])
    assert outcomes["a"] == Receipt("applied", result=b"a", repeated=True)
    assert await names(effected) == list("abc")


async def test_a_slow_one_does_not_hold_the_answers_of_those_before_it_for_those_behind_it(
    effected: Database, way: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Behind a slow one no further action of the batch is begun; they share the next one, and the slow one's batch is answered."""
    monkeypatch.setattr(exactly_once_module, "LONGEST_BATCH", 0.0)
    transactions: dict[str, int | None] = {}

    async def act(name: str) -> None:
        transactions[name] = (await way.apply(effected, Claim("phone", name), leaving(way, name)[1])).tx

    async with one_batch(effected, way) as nursery:
        for name in "abc":
            nursery.start_soon(act, name)
            await wait_all_tasks_blocked()
    assert len(set(transactions.values())) == 3
    assert sorted(await names(effected)) == list("abc")


async def test_a_serialisation_conflict_is_done_again_and_applied_once(effected: Database, way: Way) -> None:
    times = 0

    def conflict(given: Any) -> bytes:
        nonlocal times
        times += 1
        way.leave(given, "a")
        if times == 1:
            failing = "do $$ begin raise exception 'conflict' using errcode = '40001'; end $$"
            if isinstance(given, Session):
                given.execute(sa.text(failing))
            else:
                given.execute(failing)
        return b"done"

    assert await way.apply(effected, Claim("phone", "a"), conflict) == Receipt("applied", result=b"done")
    assert await names(effected) == ["a"]


async def test_two_that_lock_each_other_out_are_both_applied(effected: Database) -> None:
    """A real deadlock: PostgreSQL ends one of the two, which is done again."""
    await effected.run(lambda session: session.add_all([Effect(name="left"), Effect(name="right")]))
    first = threading.Barrier(2, timeout=10)
    runs: list[str] = []

    def touching(*order: str) -> Work:
        def work(session: Session) -> bytes:
            runs.append(order[0])
            for number, name in enumerate(order):
                session.execute(sa.update(Effect).where(Effect.name == name).values(name=name))
                if number == 0 and runs.count(order[0]) == 1:
                    first.wait()
            return b""

        return work

    with trio.fail_after(20):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(effected.apply_once, Claim("phone", "1"), touching("left", "right"))
            nursery.start_soon(effected.apply_once, Claim("phone", "2"), touching("right", "left"))
    assert sorted(runs) in (["left", "left", "right"], ["left", "right", "right"])


async def test_statements_that_touch_a_table_are_announced(effected: Database) -> None:
    heard = trio.Event()

    def work(statements: Statements) -> bytes:
        leave_plainly(statements, "a")
        statements.touch(Effect)
        return b""

    effected.changes.on_change({"effect"}, lambda *told: heard.set())
    with trio.fail_after(5):
        await effected.apply_statements(Claim("phone", "a"), work)
        await heard.wait()
