"""A device that has no network for seven days: what it was asked to do meanwhile is done when it returns, each thing once and in order."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from peek_trio.storage import Receipts
from peek_trio.testing import platform
from peek_trio.transport import ActionResult

NAME = "peek_plugin_log"
CONTRACT = """
    import attrs
    from peek_trio import tuple_type

    @tuple_type("peek_plugin_log.Enter")
    @attrs.frozen
    class Enter:
        text: str
"""
SERVER = """
    import sqlalchemy as sa
    from peek_trio import hookimpl, signed_in
    from ..contract import Enter

    @hookimpl
    async def peek_start(ctx):
        made = "create table log (id serial primary key, text text)"
        await ctx.storage.run(lambda session: session.execute(sa.text(made)))

        @ctx.actions.handler(Enter, allow=signed_in)
        def enter(action, session):
            return session.scalar(sa.text("insert into log (text) values (:text) returning id"), {"text": action.text})
"""
WEEK = timedelta(days=7)


async def test_a_week_offline_loses_nothing_and_does_nothing_twice(
    write_plugin: Callable[..., Path], database_url: str, autojump_clock: MockClock
) -> None:
    write_plugin(NAME, files={"contract.py": CONTRACT}, server=SERVER)
    async with platform(plugins=[NAME], database_url=database_url) as peek:
        contract = importlib.import_module(f"{NAME}.contract")
        phone, results = await peek.device(), dict[str, ActionResult]()
        assert peek.server.parts.database is not None

        async def tap(text: str) -> None:
            results[text] = await phone.tap(contract.Enter(text))

        async with trio.open_nursery() as taps:
            phone.link.cut(before=1, towards="device")  # it is applied, and the answer is lost with the network
            taps.start_soon(tap, "before")
            await phone.link.down()
            phone.link.unplug()
            for text in ("one", "two", "three"):
                taps.start_soon(tap, text)
                await wait_all_tasks_blocked()
            began = trio.current_time()
            await trio.sleep(WEEK.total_seconds())
            assert trio.current_time() - began >= WEEK.total_seconds()
            assert results == {}
            later = partial(Receipts.forget_old, now=datetime.now(UTC) + WEEK)
            assert await peek.server.parts.database.run(later) == 0
            phone.link.restore()
        assert [(text, result.result) for text, result in results.items()] == [
            ("before", 1),
            ("one", 2),
            ("two", 3),
            ("three", 4),
        ]
        assert [result.repeated for result in results.values()] == [True, False, False, False]
        assert all(result.missing is None for result in results.values())
