"""How the database is, in every state it can be in."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
import trio
from sqlalchemy.orm import Session

from peek_trio.errors import StorageFull
from peek_trio.storage import Database
from peek_trio.storage.tables import SettingRow


async def test_one_that_answers_and_takes_changes_is_ok(database: Database) -> None:
    health = await database.health()
    assert (health.state, health.why, health.connections, health.running, health.waiting) == ("ok", "", 8, 0, 0)
    assert 0 < health.seconds < 5


async def test_one_that_cannot_be_reached_says_why() -> None:
    nowhere = Database("postgresql://peek@127.0.0.1:1/peek")
    health = await nowhere.health()
    await nowhere.close()
    assert (health.state, health.why) == ("unreachable", "The database is not reachable: Connection refused.")


async def test_one_that_refuses_us_is_unreachable_and_says_why(database_url: str) -> None:
    absent = Database(sa.make_url(database_url).set(database="absent").render_as_string())
    health = await absent.health()
    await absent.close()
    assert health.state == "unreachable"
    assert 'database "absent" does not exist' in health.why


async def test_one_that_takes_no_changes_is_full(database: Database) -> None:
    def close(session: Session) -> None:
        name = session.scalar(sa.text("select current_database()"))
        session.execute(sa.text(f'alter database "{name}" set default_transaction_read_only = on'))

    await database.run(close)
    later = Database(database.worker_url)
    health = await later.health()
    await later.close()
    assert health.state == "full"
    assert health.why == "It takes no changes, most likely because its disk is full."


async def test_one_that_just_had_no_room_for_a_change_is_full_until_one_is_stored(database: Database) -> None:
    def no_room(session: Session) -> None:
        raise StorageFull("no room")

    with pytest.raises(StorageFull):
        await database.run(no_room)
    assert (await database.health()).state == "full"
    await database.run(lambda session: session.add(SettingRow(plugin="p", key="k", value=1)))
    assert (await database.health()).state == "ok"


async def test_one_whose_connections_are_all_in_use_is_busy(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("peek_trio.storage.database.ANSWER_WITHIN", 0.05)
    small = Database(database_url, pool_size=1)
    running = trio.Event()
    token = trio.lowlevel.current_trio_token()

    def occupy(session: Session) -> None:
        trio.from_thread.run_sync(running.set, trio_token=token)
        session.execute(sa.text("select pg_sleep(60)"))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(small.run, occupy)
        await running.wait()
        health = await small.health()
        nursery.cancel_scope.cancel()
    await small.close()
    assert (health.state, health.why, health.running) == ("busy", "Every connection is in use.", 1)
