"""The tutorial plugin on a whole platform: what a newcomer is told it does, it does."""

from __future__ import annotations

import pytest
import trio
from peek_plugin_tutorial import contract
from peek_plugin_tutorial._private.storage import StringInt
from peek_plugin_tutorial.tuples import AddIntValue, ToggleCapitals, Total

from peek_trio import NotAllowed, TupleSelector
from peek_trio.testing import platform
from peek_trio.transport import ObservedState

PLUGIN = "peek_plugin_tutorial"
EVERYWHERE = ("server", "client", "agent", "worker")
DEADLINE = 10.0


def strings(state: ObservedState) -> dict[str, int]:
    return {row.string1: row.int1 for row in state.rows}


async def test_a_tap_on_one_phone_is_seen_on_another(database_url: str) -> None:
    with trio.fail_after(DEADLINE):
        async with platform(plugins=[PLUGIN], services=("client",), database_url=database_url) as peek:
            tapping, watching = await peek.device(roles={"user"}), await peek.device(roles={"user"})
            async with watching.observe(TupleSelector.of(StringInt)) as states:
                before = await anext(states)
                apples = next(row for row in before.rows if row.string1 == "apples")
                answer = await tapping.act(AddIntValue(apples.id, 4))
                assert answer.status == "applied"
                assert strings(await anext(states)) == {**strings(before), "apples": apples.int1 + 4}
                await tapping.act(ToggleCapitals(apples.id))
                assert "APPLES" in strings(await anext(states))


async def test_a_tap_on_a_row_that_is_gone_is_refused_with_a_sentence(database_url: str) -> None:
    with trio.fail_after(DEADLINE):
        async with platform(plugins=[PLUGIN], database_url=database_url) as peek:
            phone = await peek.device(roles={"user"})
            answer = await phone.act(AddIntValue(4711, 1))
            assert (answer.status, answer.message) == ("rejected", "This row was removed in the meantime.")


async def test_the_administrator_reaches_the_agent_through_the_server(database_url: str) -> None:
    with trio.fail_after(DEADLINE):
        async with platform(plugins=[PLUGIN], services=("agent",), database_url=database_url) as peek:
            browser = await peek.device(roles={"admin"}, site="admin")
            assert await browser.caller(contract.ask_agent)(7, 4) == 3


async def test_a_worker_counts_the_table(database_url: str) -> None:
    with trio.fail_after(3 * DEADLINE):
        async with platform(plugins=[PLUGIN], services=("worker",), database_url=database_url) as peek:
            browser = await peek.device(roles={"admin"}, site="admin")
            assert await browser.caller(contract.count_all)() == Total(rows=3, letters=16, sum=16)


async def test_a_user_may_not_do_what_an_administrator_may(database_url: str) -> None:
    with trio.fail_after(DEADLINE):
        async with platform(plugins=[PLUGIN], services=("agent",), database_url=database_url) as peek:
            phone = await peek.device(roles={"user"})
            with pytest.raises(NotAllowed):
                await phone.caller(contract.ask_agent)(7, 4)


async def test_noop_uses_the_published_api_and_sees_every_service(database_url: str) -> None:
    from peek_plugin_noop.tuples import SignOfLife

    with trio.fail_after(3 * DEADLINE):
        plugins = [PLUGIN, "peek_plugin_noop"]
        async with platform(plugins=plugins, services=EVERYWHERE, database_url=database_url) as peek:
            phone = await peek.device(roles={"user"})
            async with phone.observe(TupleSelector.of(SignOfLife)) as states:
                async for state in states:
                    if {sign.service for sign in state.rows} == set(EVERYWHERE):
                        break
            (server,) = [sign for sign in state.rows if sign.service == "server"]
            assert server.note == "the tutorial's API counts 3 rows"
