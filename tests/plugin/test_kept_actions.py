"""What administrators see of actions: applied and rejected ones, those of once=False, and nobody else sees any."""

from __future__ import annotations

import importlib
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import attrs
import pytest

from peek_trio.errors import DatabaseUnavailable, NotAllowed
from peek_trio.nursery import platform_contracts as contracts
from peek_trio.nursery.activity_endpoints import serve_activity
from peek_trio.nursery.platform_tuples import ActionRecord, ActivityQuery
from peek_trio.plugin.abilities.keeping import ReceiptKeeper
from peek_trio.security import Principal
from peek_trio.storage import Database
from peek_trio.testing import Device, Platform, platform
from peek_trio.transport import ActionRequest, ActionResult

NAME = "peek_plugin_till"
CONTRACT = """
    import attrs
    from peek_trio import tuple_type

    @tuple_type("peek_plugin_till.Sell")
    @attrs.frozen
    class Sell:
        count: int

    @tuple_type("peek_plugin_till.Ring")
    @attrs.frozen
    class Ring:
        times: int
"""
SERVER = """
    from peek_trio import Rejected, admin, hookimpl, signed_in
    from ..contract import Ring, Sell

    @hookimpl
    def peek_start(ctx):
        @ctx.actions.handler(Sell, allow=signed_in)
        def sell(action, session):
            if action.count > 9:
                raise Rejected("There are only nine.")

        @ctx.actions.handler(Ring, allow=admin, once=False)
        async def ring(action):
            if action.times > 3:
                raise Rejected("Too loud.")
"""


@pytest.fixture
def till(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write_plugin: Callable[..., Path]) -> Any:
    write_plugin(NAME, files={"contract.py": CONTRACT}, server=SERVER)
    return lambda: importlib.import_module(f"{NAME}.contract")


@pytest.fixture
async def peek(till: Any, database_url: str) -> AsyncIterator[Platform]:
    async with platform(plugins=[NAME], database_url=database_url) as running:
        assert running.server.parts.database is not None
        serve_activity(running.server.board.scope("peek"), running.server.parts.database)
        yield running


async def records(device: Device, **which: Any) -> list[ActionRecord]:
    return (await device.call(contracts.activity, ActivityQuery(**which))).records


async def test_an_administrator_sees_who_had_what_done(peek: Platform, till: Any) -> None:
    ann, boss = await peek.device(name="ann"), await peek.device(name="boss", roles=["admin"])
    await ann.act(till().Sell(3), key="till 1")
    (record,) = await records(boss)
    assert (record.kind, record.who, record.key, record.seq) == ("person", "ann", "till 1", 1)
    assert (record.type, record.content, record.size) == ("peek_plugin_till.Sell", '{"count":3}', 11)
    assert (record.outcome, record.message, record.runs) == ("applied", "", 1)
    assert record.made is not None
    assert record.made <= record.at


async def test_rejected_actions_are_there_with_the_reason_whoever_rejected_them(peek: Platform, till: Any) -> None:
    ann, boss = await peek.device(name="ann"), await peek.device(name="boss", roles=["admin"])
    for action in (till().Sell(10), till().Ring(1)):
        assert (await ann.act(action)).status == "rejected"
    by_policy, by_handler = await records(boss, outcome="rejected")
    assert by_handler.message == "There are only nine."
    assert 'needs the role "admin"' in by_policy.message


async def test_actions_that_reach_outside_the_database_are_there_too(peek: Platform, till: Any) -> None:
    boss = await peek.device(name="boss", roles=["admin"])
    assert (await boss.act(till().Ring(1))).status == "applied"
    assert (await boss.act(till().Ring(4))).message == "Too loud."
    assert [(record.outcome, record.seq) for record in await records(boss)] == [("rejected", 2), ("applied", 1)]


async def test_one_that_is_done_again_is_counted_and_its_answer_says_so(peek: Platform, till: Any) -> None:
    boss = await peek.device(name="boss", roles=["admin"])
    request = boss.board.request(till().Ring(2))
    assert [(await boss.board.send(request)).repeated for _ in range(3)] == [False, True, True]
    (record,) = await records(boss)
    assert record.runs == 3


async def test_a_resend_of_a_refused_action_is_told_the_same(peek: Platform, till: Any) -> None:
    ann = await peek.device(name="ann")
    request = ann.board.request(till().Ring(1))
    first, again = await ann.board.send(request), await ann.board.send(request)
    assert first.status == again.status == "rejected"
    assert again == attrs.evolve(first, repeated=True)


async def test_what_was_applied_is_not_called_rejected_when_the_policy_has_changed(peek: Platform, till: Any) -> None:
    """The answer was lost, meanwhile the person lost the role: the receipt knows better."""
    ann = await peek.device(name="ann")
    request = ann.board.request(till().Sell(1))
    assert (await ann.board.send(request)).status == "applied"
    peek.server.board.actions._handlers.clear()  # nobody would take it any more
    peek.server.board.actions._handled_once.clear()
    again = await ann.board.send(request)
    assert (again.status, again.repeated) == ("applied", True)


async def test_gaps_are_counted_over_all_kinds_of_actions(peek: Platform, till: Any) -> None:
    boss = await peek.device(name="boss", roles=["admin"])
    answers = [await boss.act(action) for action in (till().Sell(1), till().Ring(1), till().Ring(9), till().Sell(1))]
    assert [answer.missing for answer in answers] == [None] * 4
    boss.board.request(till().Sell(1))  # a number that never arrives
    assert (await boss.act(till().Sell(1))).missing == (5, 5)
    assert (await records(boss))[0].missing_from == 5


async def test_nobody_else_sees_any(peek: Platform) -> None:
    ann = await peek.device(name="ann")
    with pytest.raises(NotAllowed, match='needs the role "admin"'):
        await records(ann)


async def test_without_a_database_what_was_done_is_answered_and_what_is_refused_comes_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    nowhere = Database("postgresql://127.0.0.1:1/peek")
    keeper = ReceiptKeeper(nowhere)
    joe = Principal("person", "joe")
    request = ActionRequest(None, "a1", "phone", "", 1, datetime.now(UTC), joe, "till.Ring", b"{}")
    done = ActionResult("applied")
    assert await keeper.ran(request, done) == done
    assert "That till.Ring of phone was applied could not be written down" in caplog.text
    with pytest.raises(DatabaseUnavailable):  # the device is told to send it again
        await keeper.refuse(request, "No.")
    await nowhere.close()
