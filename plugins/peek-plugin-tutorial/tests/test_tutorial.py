"""What the tutorial says of the plugin, tried on a whole platform: services, phones and browsers in one process.

`docs/testing.md` of Peek Trio explains the harness; this is what a plugin's own tests look like.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from peek_plugin_tutorial import contract
from peek_plugin_tutorial._private.storage import StringInt
from peek_plugin_tutorial.tuples import AddIntValue, ToggleCapitals, Total

from peek_trio import NotAllowed
from peek_trio.testing import Platform, platform

PLUGIN = "peek_plugin_tutorial"


@pytest.fixture
async def peek(database_url: str) -> AsyncIterator[Platform]:
    """The plugin on a server, a client service and an agent."""
    async with platform(plugins=[PLUGIN], services=["client", "agent"], database_url=database_url) as running:
        yield running


def numbers(rows: list[StringInt]) -> dict[str, int]:
    return {row.string1: row.int1 for row in rows}


async def test_a_tap_on_one_phone_is_seen_on_another(peek: Platform) -> None:
    ann, ben = await peek.devices(2, roles={"user"})
    before = (await ben.latest(StringInt)).rows
    apples = next(row for row in before if row.string1 == "apples")

    assert (await ann.tap(AddIntValue(apples.id, 4))).status == "applied"

    await ben.sees(StringInt, lambda rows: numbers(rows) == {**numbers(before), "apples": apples.int1 + 4})
    await ann.tap(ToggleCapitals(apples.id))
    await ben.sees(StringInt, lambda rows: "APPLES" in numbers(rows))


async def test_a_tap_in_a_tunnel_arrives_once_when_the_phone_comes_out(peek: Platform) -> None:
    ann, ben = await peek.devices(2, roles={"user"})
    row = (await ann.latest(StringInt)).rows[0]
    ann.link.cut(before=1, towards="device")  # the tap gets through, its answer does not

    assert (await ann.tap(AddIntValue(row.id, 1))).status == "applied"

    assert len(ann.link.came_up_at) == 2
    await ben.sees(StringInt, lambda rows: rows[0].int1 == row.int1 + 1)


async def test_a_tap_on_a_row_that_is_gone_is_refused_with_a_sentence(peek: Platform) -> None:
    phone = await peek.device(roles={"user"})
    answer = await phone.tap(AddIntValue(4711, 1))
    assert (answer.status, answer.message) == ("rejected", "This row was removed in the meantime.")


async def test_the_administrator_reaches_the_agent_and_a_user_does_not(peek: Platform) -> None:
    browser = await peek.device(roles={"admin"}, site="admin")
    assert await browser.call(contract.ask_agent, 7, 4) == 3
    phone = await peek.device(roles={"user"})
    with pytest.raises(NotAllowed):
        await phone.call(contract.ask_agent, 7, 4)


async def test_a_worker_counts_the_table(database_url: str) -> None:
    async with platform(plugins=[PLUGIN], services=["worker"], database_url=database_url) as peek:
        browser = await peek.device(roles={"admin"}, site="admin")
        assert await browser.call(contract.count_all) == Total(rows=3, letters=16, sum=16)
