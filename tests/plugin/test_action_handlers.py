"""The kinds of handlers an action may have: with a session, with plain statements, or outside the database."""

from __future__ import annotations

import importlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import attrs
import pytest
import trio
import trio.testing

from peek_trio.testing import Platform, platform

NAME = "peek_plugin_tally"
CONTRACT = """
    import attrs
    from peek_trio import tuple_type

    @tuple_type("peek_plugin_tally.Add")
    @attrs.frozen
    class Add:
        name: str
        count: int
"""
SERVER = """
    import sqlalchemy as sa
    from peek_trio import Rejected, Statements, hookimpl, signed_in
    from ..contract import Add

    @hookimpl
    async def peek_start(ctx):
        made = "create table tally (name text primary key, count int)"
        await ctx.storage.run(lambda session: session.execute(sa.text(made)))

        @ctx.actions.handler(Add, allow=signed_in)
        def add(action: Add, statements: Statements, principal) -> int:
            if action.count < 0:
                raise Rejected(f"Nothing is taken away, {principal.name}.")
            statement = (
                "insert into tally values (%(name)s, %(count)s)"
                " on conflict (name) do update set count = tally.count + excluded.count returning count"
            )
            return statements.execute(statement, {"name": action.name, "count": action.count}).fetchone()[0]
"""


@pytest.fixture
async def peek(write_plugin: Callable[..., Path], database_url: str) -> AsyncIterator[Platform]:
    write_plugin(NAME, files={"contract.py": CONTRACT}, server=SERVER)
    async with platform(plugins=[NAME], database_url=database_url) as running:
        yield running


def add(name: str, count: int) -> Any:
    return importlib.import_module(f"{NAME}.contract").Add(name, count)


async def test_a_handler_with_statements_is_applied_exactly_once(peek: Platform) -> None:
    phone = await peek.device()
    request = phone.board.request(add("apples", 3))
    first, again = await phone.board.send(request), await phone.board.send(request)
    assert (first.status, first.result, first.repeated) == ("applied", 3, False)
    assert (again.status, again.result, again.repeated, again.tx) == ("applied", 3, True, first.tx)
    assert (await phone.act(add("apples", 2))).result == 5


async def test_it_may_reject_and_takes_the_principal(peek: Platform) -> None:
    phone = await peek.device(name="ann")
    result = await phone.act(add("apples", -1))
    assert (result.status, result.message) == ("rejected", "Nothing is taken away, ann.")


async def test_many_at_once_share_transactions_and_each_is_applied(peek: Platform) -> None:
    phone = await peek.device()
    transactions: set[int | None] = set()

    async def act(number: int) -> None:
        result = await phone.act(add("pears", 1), key=str(number))
        assert result.status == "applied"
        transactions.add(result.tx)

    async with trio.open_nursery() as nursery:
        for number in range(40):
            nursery.start_soon(act, number)
    assert (await phone.act(add("pears", 1))).result == 41
    assert len(transactions) < 40


async def test_an_action_sent_late_is_numbered_anew_and_applied(peek: Platform) -> None:
    """Two were made, the second arrived first: the first has lost its place, not its effect."""
    phone = await peek.device()
    first, second = phone.board.request(add("plums", 1)), phone.board.request(add("plums", 10))
    assert (await phone.board.send(second)).result == 10
    late = await phone.board.send(first)
    assert (late.status, late.result, late.missing) == ("applied", 11, None)
    assert (await phone.act(add("plums", 1))).missing is None


async def test_one_device_that_reuses_an_id_for_something_else_is_told(peek: Platform) -> None:
    phone = await peek.device()
    request = phone.board.request(add("plums", 1))
    await phone.board.send(request)
    other = attrs.evolve(request, body=request.body.replace(b"1", b"7"))
    result = await phone.board.send(other)
    assert result.status == "rejected"
    assert "something else under the same id" in result.message
    assert (await phone.act(add("plums", 1))).result == 2


async def test_a_slow_action_of_one_key_does_not_hold_the_answers_of_others(
    write_plugin: Callable[..., Path], database_url: str
) -> None:
    slow = SERVER.replace(
        "            if action.count < 0:",
        '            if action.name == "slow":\n                statements.execute("select pg_sleep(2)").fetchone()\n'
        "            if action.count < 0:",
    )
    write_plugin(NAME, files={"contract.py": CONTRACT}, server=slow)
    answered: list[str] = []
    async with platform(plugins=[NAME], database_url=database_url) as running:
        phone = await running.device()

        async def act(name: str) -> None:
            await phone.act(add(name, 1), key=name)
            answered.append(name)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(act, "slow")
            await trio.testing.wait_all_tasks_blocked()
            for number in range(20):
                nursery.start_soon(act, f"quick {number}")
    assert answered[-1] == "slow"
