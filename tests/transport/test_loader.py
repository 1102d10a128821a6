"""Reading and editing the rows of a table over the wire."""

from __future__ import annotations

from typing import Any

import pytest

from peek_trio.errors import BadRequest, Conflict, NoSuchEndpoint, NotAllowed, PeekError, Rejected
from peek_trio.security import admin
from peek_trio.transport import LoaderPage, Switchboard, loader_delete, loader_list, loader_save
from tests.transport.network import ADMIN, JOE, Network, Reading


class ReadingLoader:
    """Keeps rows in memory; a version counts the saves of a row."""

    def __init__(self) -> None:
        self.rows = {"a": (Reading("a", 1), 1), "b": (Reading("b", 2), 1)}
        self.asked: list[tuple[Any, ...]] = []

    async def list(self, offset: int, limit: int, sort: list[tuple[str, str]], filter: dict[str, Any]) -> LoaderPage:
        self.asked.append((offset, limit, sort, filter))
        chosen = list(self.rows.values())[offset : offset + limit]
        return LoaderPage(len(self.rows), [row for row, _ in chosen], [str(version) for _, version in chosen])

    async def save(self, row: Reading, version: str | None) -> tuple[Reading, str]:
        known = self.rows.get(row.meter)
        if (None if known is None else str(known[1])) != version:
            raise Conflict(f"{row.meter} was changed by somebody else.")
        if row.value < 0:
            raise Rejected("A value cannot be negative.")
        self.rows[row.meter] = (row, 1 if known is None else known[1] + 1)
        return row, str(self.rows[row.meter][1])

    async def delete(self, key: Any, version: str) -> None:
        if str(self.rows[key][1]) != version:
            raise Conflict(f"{key} was changed by somebody else.")
        del self.rows[key]


async def loaded(network: Network) -> tuple[Switchboard, Switchboard, ReadingLoader]:
    server, client, device = [await network.board(kind) for kind in ("server", "client", "device")]
    await network.link(server, client)
    await network.link(client, device, ADMIN)
    loader = ReadingLoader()
    server.scope("the plugin").load(Reading, loader, allow=admin)
    return server, device, loader


async def test_rows_are_listed_with_their_versions(network: Network) -> None:
    _, device, loader = await loaded(network)
    page = await device.caller(loader_list)("test.Reading", 1, 10, [("meter", "desc")], {"value": 2})
    assert (page.total, page.rows, page.versions) == (2, [{"meter": "b", "value": 2}], ["1"])
    assert loader.asked == [(1, 10, [("meter", "desc")], {"value": 2})]


async def test_paging_has_defaults(network: Network) -> None:
    _, device, loader = await loaded(network)
    await device.caller(loader_list)("test.Reading")
    assert loader.asked == [(0, 100, [], {})]


async def test_a_row_is_saved_as_a_tuple_and_comes_back_as_stored(network: Network) -> None:
    _, device, loader = await loaded(network)
    saved = await device.caller(loader_save)("test.Reading", {"meter": "a", "value": 9}, "1")
    assert (saved.row, saved.version) == ({"meter": "a", "value": 9}, "2")
    created = await device.caller(loader_save)("test.Reading", {"meter": "c", "value": 3}, None)
    assert created.version == "1"
    assert loader.rows["c"] == (Reading("c", 3), 1)


async def test_a_lost_update_is_a_conflict(network: Network) -> None:
    _, device, _ = await loaded(network)
    with pytest.raises(Conflict, match="a was changed by somebody else"):
        await device.caller(loader_save)("test.Reading", {"meter": "a", "value": 9}, "0")
    with pytest.raises(Conflict):
        await device.caller(loader_delete)("test.Reading", "a", "0")
    await device.caller(loader_delete)("test.Reading", "a", "1")
    with pytest.raises(Rejected, match="cannot be negative"):
        await device.caller(loader_save)("test.Reading", {"meter": "b", "value": -1}, "1")


async def test_a_row_that_does_not_fit_names_its_path(network: Network) -> None:
    _, device, _ = await loaded(network)
    with pytest.raises(BadRequest, match=r"\$\.row\.value"):
        await device.caller(loader_save)("test.Reading", {"meter": "a", "value": "9"}, "1")


@pytest.mark.parametrize(
    "arguments", [{"offset": -1}, {"limit": 0}, {"limit": 1001}, {"sort": [("meter", "sideways")]}]
)
async def test_a_page_that_makes_no_sense_is_a_bad_request(network: Network, arguments: dict[str, Any]) -> None:
    _, device, _ = await loaded(network)
    with pytest.raises(BadRequest):
        await device.caller(loader_list)("test.Reading", **arguments)


async def test_each_loader_has_its_own_policy(network: Network) -> None:
    server, _, _ = await loaded(network)
    joe = await network.board("device", "d2")
    await network.link(server, joe, JOE)
    for doing in (
        joe.caller(loader_list)("test.Reading"),
        joe.caller(loader_save)("test.Reading", {"meter": "a", "value": 9}, "1"),
        joe.caller(loader_delete)("test.Reading", "a", "1"),
    ):
        with pytest.raises(NotAllowed, match=r'test\.Reading needs the role "admin"'):
            await doing


async def test_a_type_without_a_loader_is_no_such_endpoint(network: Network) -> None:
    server, device, _ = await loaded(network)
    with pytest.raises(NoSuchEndpoint, match=r"No loader serves test\.SetValue"):
        await device.caller(loader_list)("test.SetValue")
    with pytest.raises(PeekError, match=r"other cannot load test\.Reading: the plugin already does"):
        server.scope("other").load(Reading, ReadingLoader(), allow=admin)


async def test_loaders_live_on_the_server(network: Network) -> None:
    client = await network.board("client")
    with pytest.raises(PeekError, match="loaders live on the server"):
        client.scope("p").load(Reading, ReadingLoader(), allow=admin)
