"""Actions applied exactly once, alone."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import attrs
import pytest
import sqlalchemy as sa
import trio
from sqlalchemy.orm import Session

from peek_trio.errors import DatabaseUnavailable, Rejected
from peek_trio.storage import Claim, Database, Receipt, Receipts
from peek_trio.storage.receipts import KEPT_FOR


def add(session: Session) -> bytes:
    return str(session.scalar(sa.text("insert into effect default values returning id"))).encode()


def effects(session: Session) -> int:
    return session.scalar(sa.text("select count(*) from effect")) or 0


def claim(action_id: str = "a1", device: str = "phone") -> Claim:
    return Claim(device, action_id)


@pytest.fixture
async def effected(database: Database) -> Database:
    await database.run(lambda session: session.execute(sa.text("create table effect (id serial primary key)")))
    return database


async def test_an_action_is_applied_and_its_result_returned(effected: Database) -> None:
    receipt = await effected.apply_once(claim(), add)
    assert receipt == Receipt("applied", result=b"1", repeated=False)
    assert await effected.run(effects) == 1


async def test_a_resend_is_answered_from_the_receipt(effected: Database) -> None:
    await effected.apply_once(claim(), add)
    receipt = await effected.apply_once(claim(), add)
    assert receipt == Receipt("applied", result=b"1", repeated=True)
    assert await effected.run(effects) == 1


async def test_an_action_without_a_result_is_applied_once_too(effected: Database) -> None:
    def work(session: Session) -> bytes:
        add(session)
        return b""

    assert await effected.apply_once(claim(), work) == Receipt("applied")
    assert await effected.apply_once(claim(), work) == Receipt("applied", repeated=True)
    assert await effected.run(effects) == 1


async def test_devices_may_use_the_same_id(effected: Database) -> None:
    await effected.apply_once(claim(device="phone"), add)
    await effected.apply_once(claim(device="tablet"), add)
    assert await effected.run(effects) == 2


async def test_a_rejection_is_kept_and_its_effect_is_not(effected: Database) -> None:
    def refuse(session: Session) -> bytes:
        add(session)
        raise Rejected("The valve is locked.")

    assert await effected.apply_once(claim(), refuse) == Receipt("rejected", "The valve is locked.")
    assert await effected.apply_once(claim(), add) == Receipt("rejected", "The valve is locked.", repeated=True)
    assert await effected.run(effects) == 0


async def test_a_failure_leaves_neither_effect_nor_receipt(effected: Database) -> None:
    def fail(session: Session) -> bytes:
        add(session)
        raise ValueError("bug")

    with pytest.raises(ValueError, match="bug"):
        await effected.apply_once(claim(), fail)
    assert await effected.run(effects) == 0
    assert (await effected.apply_once(claim(), add)).repeated is False


async def test_a_crash_before_the_commit_is_as_if_it_had_not_been_sent(effected: Database, database_url: str) -> None:
    # The server kills the backend after effect and receipt were written, as it would be after a crash of this process.
    crashing = Database(database_url)

    def crash(session: Session) -> bytes:
        result = add(session)
        session.execute(sa.text("select pg_terminate_backend(pg_backend_pid())"))
        return result

    with pytest.raises(DatabaseUnavailable, match="terminating connection"):
        await crashing.apply_once(claim(), crash)
    await crashing.close()
    assert await effected.run(effects) == 0
    assert (await effected.apply_once(claim(), add)).repeated is False
    assert await effected.run(effects) == 1


async def test_the_same_action_on_two_connections_at_once_is_applied_once(effected: Database) -> None:
    working, finish = threading.Event(), threading.Event()
    receipts: list[Receipt] = []

    def slowly(session: Session) -> bytes:
        working.set()
        assert finish.wait(10)
        return add(session)

    async def deliver(work: Callable[[Session], Any]) -> None:
        receipts.append(await effected.apply_once(claim(), work))

    with trio.fail_after(10):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(deliver, slowly)
            await trio.to_thread.run_sync(working.wait)
            nursery.start_soon(deliver, add)
            while not await effected.run(_somebody_waits, read_only=True):
                await trio.lowlevel.checkpoint()
            finish.set()
    assert sorted(receipt.repeated for receipt in receipts) == [False, True]
    assert {receipt.result for receipt in receipts} == {b"1"}
    assert await effected.run(effects) == 1


async def test_if_the_first_of_two_fails_the_second_is_applied(effected: Database) -> None:
    working, finish = threading.Event(), threading.Event()
    receipts: list[Receipt] = []

    def fail(session: Session) -> bytes:
        add(session)
        working.set()
        assert finish.wait(10)
        raise ValueError("bug")

    async def deliver_badly() -> None:
        with pytest.raises(ValueError, match="bug"):
            await effected.apply_once(claim(), fail)

    async def deliver() -> None:
        receipts.append(await effected.apply_once(claim(), add))

    with trio.fail_after(10):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(deliver_badly)
            await trio.to_thread.run_sync(working.wait)
            nursery.start_soon(deliver)
            while not await effected.run(_somebody_waits, read_only=True):
                await trio.lowlevel.checkpoint()
            finish.set()
    assert [receipt.repeated for receipt in receipts] == [False]
    assert await effected.run(effects) == 1


async def test_an_action_older_than_receipts_are_kept_is_refused_with_a_sentence(effected: Database) -> None:
    made = datetime.now(UTC) - KEPT_FOR - timedelta(days=1)
    receipt = await effected.apply_once(Claim("phone", "a1", made=made), add)
    assert receipt.status == "rejected"
    assert "set the clock of the device" in receipt.message
    assert await effected.run(effects) == 0


async def test_a_value_that_its_column_never_takes_is_rejected_and_not_sent_for_ever(effected: Database) -> None:
    def overflow(session: Session) -> bytes:
        add(session)
        session.execute(sa.text("insert into effect (id) values (:id)"), {"id": 2**40})
        return b""

    receipt = await effected.apply_once(claim(), overflow)
    assert receipt == Receipt("rejected", "A value in it is not one that can be stored.")
    assert await effected.apply_once(claim(), add) == attrs.evolve(receipt, repeated=True)
    assert await effected.run(effects) == 0


async def test_old_receipts_are_forgotten_and_others_are_not(effected: Database) -> None:
    await effected.apply_once(claim("a1"), add)
    now = datetime.now(UTC)
    assert await effected.run(lambda session: Receipts.forget_old(session, now=now)) == 0
    assert await effected.run(lambda session: Receipts.forget_old(session, now=now + KEPT_FOR + timedelta(days=1))) == 1


def _somebody_waits(session: Session) -> int:
    waiting = "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
    return session.scalar(sa.text(waiting)) or 0
