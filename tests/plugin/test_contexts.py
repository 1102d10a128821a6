"""What a plugin registers through its contexts works end to end: real database, real links, real subprocesses."""

from __future__ import annotations

import builtins
import importlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import attrs
import pytest
import trio

from peek_trio.errors import Conflict, NotAllowed, PluginError, Rejected
from peek_trio.plugin import AgentContext, ServerContext
from peek_trio.security import anyone
from peek_trio.storage import SettingStore
from peek_trio.testing import Device, Platform, platform
from peek_trio.transport import ObservedState, loader
from peek_trio.tuples import TupleSelector

from .shop import AGENT, FILES, MANIFEST, NAME, SERVER, WORKER

WritePlugin = Callable[..., Path]

SOON = 20.0


@attrs.define
class Shop:
    """The running plugin: the platform it runs on, its modules, and what it wrote down."""

    peek: Platform
    journal: list[Any]
    contract: ModuleType
    tables: ModuleType

    @property
    def server(self) -> ServerContext:
        """The plugin's context on the server."""
        return next(entry for entry in self.journal if isinstance(entry, ServerContext))

    @property
    def agent(self) -> AgentContext:
        """The plugin's context on the agent."""
        return next(entry for entry in self.journal if isinstance(entry, AgentContext))

    @asynccontextmanager
    async def observing(self, device: Device, cls: type) -> AsyncIterator[AsyncIterator[ObservedState]]:
        with trio.fail_after(SOON):
            async with device.observe(TupleSelector.of(cls)) as states:
                yield states


@pytest.fixture
def open_shop(write_plugin: WritePlugin, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """`async with open_shop("agent") as shop:` runs the plugin on the server and the named services."""
    journal: list[Any] = []
    monkeypatch.setattr(builtins, "JOURNAL", journal, raising=False)
    write_plugin(NAME, manifest=MANIFEST, files=FILES, server=SERVER, agent=AGENT, worker=WORKER)

    @asynccontextmanager
    async def opened(*services: str) -> AsyncIterator[Shop]:
        async with platform(plugins=[NAME], services=services, database_url=database_url) as peek:
            for kind, service in peek.services.items():
                if kind == "client":
                    continue  # the plugin has no code there: the platform relays
                assert (kind, service.status(NAME).state, service.status(NAME).reason) == (kind, "started", "")
            contract, tables = (importlib.import_module(f"{NAME}.{part}") for part in ("contract", "tables"))
            yield Shop(peek, journal, contract, tables)

    return opened


async def test_an_action_is_applied_once_and_reaches_who_observes_the_table(open_shop: Any) -> None:
    async with open_shop() as shop:
        phone, wall = await shop.peek.device(name="anna"), await shop.peek.device(name="wall")
        async with shop.observing(wall, shop.tables.Item) as states:
            assert [item.stock for item in (await anext(states)).rows] == [3, 5]

            result = await phone.act(shop.contract.Sell(1, 2))

            assert (result.status, result.result) == ("applied", 1)
            assert [item.stock for item in (await anext(states)).rows] == [1, 5]


async def test_a_phone_sees_and_acts_through_a_client_service(open_shop: Any) -> None:
    async with open_shop("client") as shop:
        phone = await shop.peek.device(name="anna")
        async with shop.observing(phone, shop.tables.Item) as states:
            assert [item.stock for item in (await anext(states)).rows] == [3, 5]

            assert (await phone.act(shop.contract.Sell(1, 2))).status == "applied"

            assert [item.stock for item in (await anext(states)).rows] == [1, 5]
        assert await phone.caller(shop.contract.who_am_i)() == "anna"


async def test_a_rejected_action_tells_the_person_why_and_changes_nothing(open_shop: Any) -> None:
    async with open_shop() as shop:
        phone = await shop.peek.device(name="anna")

        result = await phone.act(shop.contract.Sell(1, 99))

        assert (result.status, result.message) == ("rejected", "There are only 3 apples, anna.")


async def test_an_action_outside_the_database_keeps_its_policy_and_may_refuse(open_shop: Any) -> None:
    async with open_shop() as shop:
        anna, boss = await shop.peek.device(name="anna"), await shop.peek.device(name="boss", roles={"admin"})

        assert (await boss.act(shop.contract.Ring(1))).status == "applied"
        assert (await boss.act(shop.contract.Ring(4))).message == "Too loud."
        assert (await anna.act(shop.contract.Ring(1))).status == "rejected"


async def test_a_provider_may_ask_for_the_roles_of_who_observes(open_shop: Any) -> None:
    async with open_shop() as shop:
        anna = await shop.peek.device(name="anna", roles={"cook", "admin"})
        async with shop.observing(anna, shop.contract.Visitor) as states:
            assert (await anext(states)).rows == [shop.contract.Visitor("admin cook")]


async def test_a_call_gets_the_caller_and_goes_on_to_an_agent(open_shop: Any) -> None:
    async with open_shop("agent") as shop:
        anna = await shop.peek.device(name="anna")

        assert await anna.caller(shop.contract.who_am_i)() == "anna"
        assert await anna.caller(shop.contract.stock_on_agent)(3) == 300
        with pytest.raises(NotAllowed):
            await anna.caller(shop.contract.look_up)(3)


async def test_the_server_streams_from_an_agent(open_shop: Any) -> None:
    async with open_shop("agent") as shop, shop.server.rpc.stream(shop.contract.count_down)(3) as numbers:
        assert [number async for number in numbers] == [3, 2, 1]


async def test_contexts_know_their_peers(open_shop: Any) -> None:
    async with open_shop("agent") as shop:
        assert [peer.id for peer in shop.server.rpc.peers("agent")] == ["agent-1"]
        assert [peer.service for peer in shop.agent.rpc.peers()] == ["server"]


async def test_a_message_from_the_agent_reaches_the_listener(open_shop: Any) -> None:
    async with open_shop("agent") as shop:
        took = await shop.agent.messages.send(
            {"topic": "visit", "door": 1}, [shop.contract.Visitor("bob")], to="server"
        )

        assert took == 1
        assert shop.journal[-1] == (["bob"], "agent")


async def test_a_task_changes_the_table_and_whoever_observes_it_sees(open_shop: Any) -> None:
    async with open_shop("worker") as shop:
        anna = await shop.peek.device(name="anna")
        async with shop.observing(anna, shop.tables.Item) as states:
            await anext(states)

            assert await anna.caller(shop.contract.restock)() == 2

            assert [item.stock for item in (await anext(states)).rows] == [10, 12]
        (run,) = shop.peek.server.parts.tasks.runs()
        assert (run.plugin, run.name, run.state, run.asked_by) == (NAME, "restock_all", "done", "the test")
        assert run.worker == "worker-1"


async def test_a_table_is_edited_without_overwriting_anybody(open_shop: Any) -> None:
    async with open_shop() as shop:
        boss = await shop.peek.device(name="boss", roles={"admin"})
        page = await load(boss, "list", type=f"{NAME}.Item", offset=0, limit=10, sort=[], filter={})
        row, version = page.rows[0], page.versions[0]

        saved = await load(boss, "save", type=f"{NAME}.Item", row={**row, "stock": 4}, version=version)

        assert saved.row["stock"] == 4
        with pytest.raises(Conflict):
            await load(boss, "save", type=f"{NAME}.Item", row={**row, "stock": 9}, version=version)
        with pytest.raises(Rejected, match="negative"):
            await load(boss, "save", type=f"{NAME}.Item", row={**row, "stock": -1}, version=saved.version)


async def test_a_setting_is_declared_read_and_followed(open_shop: Any) -> None:
    async with open_shop() as shop:
        store = shop.peek.server.parts.settings
        assert isinstance(store, SettingStore)
        assert await shop.server.settings.get("limit") == 10
        followed, told = trio.open_memory_channel[int](1)
        shop.server.settings.on_change("limit", followed.send_nowait)
        with trio.fail_after(SOON):
            assert await told.receive() == 10

            await store.put(NAME, "limit", 20)

            assert await told.receive() == 20
        assert await shop.server.settings.get("limit") == 20


async def test_a_plugin_stores_in_a_unit_of_work(open_shop: Any) -> None:
    async with open_shop() as shop:
        name = await shop.server.storage.run(lambda session: session.get(shop.tables.Item, 2).name, read_only=True)

        assert name == "pears"
        assert shop.server.storage.schema == "pl_shop"


async def test_pages_of_a_plugin_are_mounted_below_its_name(open_shop: Any, tmp_path: Path) -> None:
    async with open_shop() as shop:
        shop.server.http.files("/reports", tmp_path, allow=anyone)

        mounts = shop.peek.server.parts.http
        assert mounts.find(f"/{NAME}/reports/may.html") is not None
    assert mounts.find(f"/{NAME}/reports/may.html") is None


@pytest.mark.parametrize(
    ("register", "complaint"),
    [
        (
            lambda ctx, shop: ctx.observables.provider(shop.tables.Item, allow=anyone)(lambda selector, session: []),
            "database",
        ),
        (
            lambda ctx, shop: ctx.actions.handler(shop.contract.Sell, allow=anyone)(sold_without_session),
            "takes no session",
        ),
        (lambda ctx, shop: ctx.actions.handler(shop.contract.Sell, allow=anyone)(sold_later), "once=False"),
        (
            lambda ctx, shop: ctx.actions.handler(shop.contract.Sell, allow=anyone)(sold),
            "the agent service does not have",
        ),
        (
            lambda ctx, shop: ctx.rpc.serve(shop.contract.who_am_i, len),
            "served by the server service; this is the agent",
        ),
        (lambda ctx, shop: ctx.messages.listen({}, len, allow=anyone), "must be an async function"),
    ],
)
async def test_what_a_service_cannot_do_is_refused_at_once(
    open_shop: Any, register: Callable[[AgentContext, Shop], None], complaint: str
) -> None:
    async with open_shop("agent") as shop:
        with pytest.raises(PluginError, match=complaint):
            register(shop.agent, shop)


def sold_without_session(action: Any) -> None: ...


async def sold_later(action: Any) -> None: ...


def sold(action: Any, session: Any) -> None: ...


async def load(device: Device, step: str, **arguments: Any) -> Any:
    """Call `peek.loader_<step>` as an administrator's page does."""
    with trio.fail_after(SOON):
        return await device.caller(getattr(loader, f"loader_{step}"))(**arguments)
