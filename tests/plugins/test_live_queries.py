"""Live queries on a whole platform: a writer sees its own write, and commits of anybody lead to one reading."""

from __future__ import annotations

from functools import partial

import psycopg
import trio
from peek_plugin_tutorial._private.storage import StringInt
from peek_plugin_tutorial.tuples import AddIntValue

from peek_trio.storage import engine_url
from peek_trio.testing import Device, platform

PLUGIN = "peek_plugin_tutorial"
DEADLINE = 20.0


async def first_row(phone: Device) -> StringInt:
    row = (await phone.latest(StringInt)).rows[0]
    assert isinstance(row, StringInt)
    return row


async def test_a_writer_sees_its_write_through_a_client_service(database_url: str) -> None:
    with trio.fail_after(DEADLINE):
        async with platform(plugins=[PLUGIN], services=("client",), database_url=database_url) as peek:
            phone = await peek.device(roles={"user"})
            row = await first_row(phone)
            answer = await phone.act(AddIntValue(row.id, 5))
            assert answer.tx is not None
            state = await phone.sees_effect(StringInt, of=answer)
            assert state.includes(answer.tx)
            assert state.rows[0].int1 == row.int1 + 5


async def test_a_write_that_changes_nothing_is_seen_too(database_url: str) -> None:
    with trio.fail_after(DEADLINE):
        async with platform(plugins=[PLUGIN], services=("client",), database_url=database_url) as peek:
            phone = await peek.device(roles={"user"})
            before = await phone.latest(StringInt)
            answer = await phone.act(AddIntValue(before.rows[0].id, 0))
            state = await phone.sees_effect(StringInt, of=answer)
            assert state.revision == before.revision
            assert not before.includes(answer.tx)


async def test_a_rejected_write_and_one_outside_of_any_view_keep_nobody_waiting(database_url: str) -> None:
    with trio.fail_after(DEADLINE):
        async with platform(plugins=[PLUGIN], database_url=database_url) as peek:
            phone = await peek.device(roles={"user"})
            answer = await phone.act(AddIntValue(4711, 1))
            assert answer.status == "rejected"
            await phone.sees_effect(StringInt, of=answer)


async def test_a_writer_sees_its_write_after_its_link_was_lost(database_url: str) -> None:
    with trio.fail_after(DEADLINE):
        async with platform(plugins=[PLUGIN], services=("client",), database_url=database_url) as peek:
            phone = await peek.device(roles={"user"})
            row = await first_row(phone)
            answer = await phone.act(AddIntValue(row.id, 0))
            phone.link.cut()
            state = await phone.sees_effect(StringInt, of=answer)
            assert state.includes(answer.tx)


async def test_a_writer_sees_its_write_after_the_client_service_lost_the_server(database_url: str) -> None:
    with trio.fail_after(DEADLINE):
        async with platform(plugins=[PLUGIN], services=("client",), database_url=database_url) as peek:
            phone = await peek.device(roles={"user"})
            row = await first_row(phone)
            answer = await phone.act(AddIntValue(row.id, 0))
            peek.client.link.cut()
            state = await phone.sees_effect(StringInt, of=answer)
            assert state.includes(answer.tx)


async def test_a_resend_is_answered_with_the_transaction_of_the_first_time(database_url: str) -> None:
    with trio.fail_after(DEADLINE):
        async with platform(plugins=[PLUGIN], services=("client",), database_url=database_url) as peek:
            phone = await peek.device(roles={"user"})
            request = phone.board.request(AddIntValue((await first_row(phone)).id, 3))
            first, again = await phone.board.send(request), await phone.board.send(request)
            assert again.tx == first.tx is not None
            assert (await phone.sees_effect(StringInt, of=again)).includes(first.tx)


async def test_a_burst_of_taps_is_far_fewer_readings(database_url: str) -> None:
    with trio.fail_after(DEADLINE):
        async with platform(plugins=[PLUGIN], services=("client",), database_url=database_url) as peek:
            phones = await peek.devices(5, roles={"user"})
            rows = [await first_row(phone) for phone in phones]
            before = peek.server.board.statistics().observables.runs
            async with trio.open_nursery() as nursery:
                for phone in phones:
                    for number in range(10):
                        nursery.start_soon(partial(phone.act, AddIntValue(1, 1), key=str(number)))
            for phone in phones:
                await phone.sees(StringInt, lambda now: now[0].int1 == rows[0].int1 + 50)
            assert peek.server.board.statistics().observables.runs - before <= 51


async def test_a_commit_of_another_program_is_seen_when_it_announces_itself(database_url: str) -> None:
    url = engine_url(database_url)
    options = {**url.translate_connect_args(username="user", database="dbname"), **url.query}

    def write() -> None:
        with psycopg.connect(**options) as connection:  # type: ignore[arg-type]
            connection.execute("update pl_tutorial.string_int set int1 = 77 where id = 1")
            connection.execute("notify peek_changes, 'somebody at a prompt'")

    with trio.fail_after(DEADLINE):
        async with platform(plugins=[PLUGIN], database_url=database_url) as peek:
            phone = await peek.device(roles={"user"})
            await first_row(phone)
            await trio.to_thread.run_sync(write)
            await phone.sees(StringInt, lambda rows: any(row.int1 == 77 for row in rows))
