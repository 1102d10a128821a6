"""Actions made by an older page, or a newer one, sent to a server that knows another form of them."""

from __future__ import annotations

import importlib
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import attrs
import pytest

from peek_trio import TupleSelector, tuple_type
from peek_trio.errors import PeekError
from peek_trio.testing import Device, Platform, platform
from peek_trio.transport import ActionRequest
from peek_trio.transport.owner import Owner
from peek_trio.transport.upgrades import Upgrades
from peek_trio.tuples import TupleRegistry

NAME = "peek_plugin_meters"
CONTRACT = """
    import attrs
    from peek_trio import tuple_type

    @tuple_type("peek_plugin_meters.SetLimit", version=3)
    @attrs.frozen
    class SetLimit:
        meter: str
        limit_watts: int
        reason: str

    @tuple_type("peek_plugin_meters.Limit")
    @attrs.frozen
    class Limit:
        meter: str
        watts: int
        reason: str
"""
SERVER = """
    from peek_trio import Rejected, hookimpl, signed_in
    from ..contract import Limit, SetLimit

    @hookimpl
    def peek_start(ctx):
        limits = []

        @ctx.observables.provider(Limit, allow=signed_in)
        async def read(selector):
            return limits

        @ctx.actions.handler(SetLimit, allow=signed_in)
        def set_limit(action, session):
            limits.append(Limit(action.meter, action.limit_watts, action.reason))

        @ctx.actions.upgrade(SetLimit, version=1)
        def in_watts(fields):
            if fields["kilowatts"] < 0:
                raise Rejected("There are no negative limits any more.")
            if fields["kilowatts"] > 1000:
                raise ZeroDivisionError("a bug in it")
            return {"meter": fields["meter"], "limit_watts": fields["kilowatts"] * 1000}

        @ctx.actions.upgrade(SetLimit, version=2)
        def with_reason(fields):
            return {**fields, "reason": "not asked for"}
"""


@pytest.fixture
async def peek(write_plugin: Callable[..., Path]) -> AsyncIterator[Callable[..., Any]]:
    def run(database_url: str, server: str = SERVER) -> Any:
        write_plugin(NAME, files={"contract.py": CONTRACT}, server=server)
        return platform(plugins=[NAME], services=["client"], database_url=database_url)

    return run


def queued(device: Device, version: int, fields: dict[str, Any]) -> ActionRequest:
    """An action as it waits in the outbox of a page of that time: its fields as JSON, with the version they have."""
    contract = importlib.import_module(f"{NAME}.contract")
    request = device.board.request(contract.SetLimit("m1", 1, ""))
    return attrs.evolve(request, action=None, version=version, body=json.dumps(fields).encode())


async def limits(running: Platform, device: Device) -> list[Any]:
    contract = importlib.import_module(f"{NAME}.contract")
    running.server.board.notify(TupleSelector.of(contract.Limit))
    return await device.sees(contract.Limit, lambda rows: bool(rows))


async def test_an_action_of_the_present_form_is_applied(peek: Any, database_url: str) -> None:
    async with peek(database_url) as running:
        phone = await running.device()
        contract = importlib.import_module(f"{NAME}.contract")
        assert (await phone.act(contract.SetLimit("m1", 5000, "a test"))).status == "applied"
        assert await limits(running, phone) == [contract.Limit("m1", 5000, "a test")]


@pytest.mark.parametrize(
    ("version", "fields"), [(1, {"meter": "m1", "kilowatts": 5}), (2, {"meter": "m1", "limit_watts": 5000})]
)
async def test_one_queued_by_an_older_page_is_read_by_way_of_the_versions_between(
    peek: Any, database_url: str, version: int, fields: dict[str, Any]
) -> None:
    async with peek(database_url) as running:
        phone = await running.device()
        assert (await phone.board.send(queued(phone, version, fields))).status == "applied"
        (row,) = await limits(running, phone)
        assert (row.watts, row.reason) == (5000, "not asked for")


async def test_a_server_that_is_upgraded_reads_what_was_queued_before(peek: Any, database_url: str) -> None:
    """Queued while the server does not run; it comes back with the present version, and the outbox is sent to that."""
    async with peek(database_url) as running:
        phone = await running.device()
        request = queued(phone, 1, {"meter": "m1", "kilowatts": 5})
        await running.server.kill()
        assert (await phone.board.send(request)).status == "retry"
        await running.server.start()
        await running.client.link.up()
        assert (await phone.board.send(request)).status == "applied"
        again = await phone.board.send(request)
        assert (again.status, again.repeated) == ("applied", True)


async def test_a_newer_one_is_kept_until_the_server_is_upgraded(peek: Any, database_url: str) -> None:
    async with peek(database_url) as running:
        phone = await running.device()
        result = await phone.board.send(queued(phone, 4, {"meter": "m1"}))
        assert (result.status, result.after) == ("retry", 60.0)
        assert result.message.startswith(
            "This was made by a newer version of the app (peek_plugin_meters.SetLimit, version 4)"
        )


async def test_one_that_nobody_can_read_any_more_is_rejected(peek: Any, database_url: str) -> None:
    server = SERVER.replace("@ctx.actions.upgrade(SetLimit, version=1)", "")
    async with peek(database_url, server) as running:
        phone = await running.device()
        result = await phone.board.send(queued(phone, 1, {"meter": "m1", "kilowatts": 5}))
        assert result.status == "rejected"
        assert "old version of the app (peek_plugin_meters.SetLimit, version 1)" in result.message


async def test_an_upgrade_may_reject_with_its_own_sentence(peek: Any, database_url: str) -> None:
    async with peek(database_url) as running:
        phone = await running.device()
        result = await phone.board.send(queued(phone, 1, {"meter": "m1", "kilowatts": -5}))
        assert (result.status, result.message) == ("rejected", "There are no negative limits any more.")


async def test_an_upgrade_that_fails_loses_nothing(
    peek: Any, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with peek(database_url) as running:
        phone = await running.device()
        result = await phone.board.send(queued(phone, 1, {"meter": "m1", "kilowatts": 5000}))
        assert result.status == "retry"
        assert "a bug in it" in caplog.text


@pytest.mark.parametrize("body", [b"[1]", b"{", b'{"meter": 5, "kilowatts": 1}'])
async def test_one_whose_fields_do_not_fit_is_rejected_with_the_path(peek: Any, database_url: str, body: bytes) -> None:
    async with peek(database_url) as running:
        phone = await running.device()
        result = await phone.board.send(attrs.evolve(queued(phone, 1, {}), body=body))
        assert result.status == "rejected"
        assert "does not fit its declaration" in result.message


@tuple_type("meters.SetLimit", version=3)
@attrs.frozen
class SetLimit:
    """An action of a third form."""


def nothing(fields: dict[str, Any]) -> dict[str, Any]:
    return fields


@pytest.mark.parametrize("version", [0, 3])
def test_only_older_versions_can_be_upgraded(version: int) -> None:
    with pytest.raises(
        PeekError, match=rf"cannot upgrade version {version} of meters\.SetLimit: its class is version 3"
    ):
        Upgrades(TupleRegistry()).add(SetLimit, "meters.SetLimit", version, nothing, Owner("one"))


def test_a_version_is_upgraded_in_one_way(write_plugin: Callable[..., Path]) -> None:
    upgrades = Upgrades(TupleRegistry())
    remove = upgrades.add(SetLimit, "meters.SetLimit", 1, nothing, Owner("one"))
    with pytest.raises(PeekError, match=r"two cannot upgrade version 1 of meters\.SetLimit: it is upgraded already"):
        upgrades.add(SetLimit, "meters.SetLimit", 1, nothing, Owner("two"))
    remove()
    upgrades.add(SetLimit, "meters.SetLimit", 1, nothing, Owner("two"))


@pytest.mark.parametrize("version", [0, -1, True, "2"])
def test_versions_count_from_one(version: Any) -> None:
    with pytest.raises(PeekError, match=r"The versions of meters\.SetLimit are 1, 2 and so on"):
        tuple_type("meters.SetLimit", version=version)
