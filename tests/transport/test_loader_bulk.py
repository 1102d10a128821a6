"""Many rows at once, and files of them, over the wire."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator, Sequence
from typing import Any

import attrs
import pytest

from peek_trio.errors import BadRequest, Conflict, NoSuchEndpoint, NotAllowed, from_wire, to_wire
from peek_trio.security import admin
from peek_trio.transport import Switchboard
from peek_trio.transport.loader_contracts import (
    ImportedLine,
    RowFault,
    loader_delete_all,
    loader_export,
    loader_import,
    loader_save_all,
)
from tests.transport.network import ADMIN, JOE, Network, Reading
from tests.transport.test_loader import ReadingLoader, loaded


@attrs.frozen
class Outcome:
    rows: list[Any]
    versions: list[str]
    errors: list[RowFault]


@attrs.frozen
class Report:
    new: int
    changed: int
    unchanged: int
    refused: int
    lines: list[ImportedLine]
    token: str
    applied: bool


class BulkReadingLoader(ReadingLoader):
    """Takes everything but negative values, and tells what it was given."""

    def __init__(self) -> None:
        super().__init__()
        self.given: list[Any] = []

    async def save_all(self, rows: Sequence[Reading], versions: Sequence[str | None]) -> Outcome:
        self.given.append(list(versions))
        errors = [RowFault(place, "Rejected", "Negative.", "value") for place, row in enumerate(rows) if row.value < 0]
        return Outcome([], [], errors) if errors else Outcome(list(rows), ["2"] * len(rows), [])

    async def delete_all(self, keys: Sequence[Any], versions: Sequence[str]) -> Outcome:
        self.given.append((list(keys), list(versions)))
        return Outcome([], [], [RowFault(0, "Conflict", "Changed.")] if "old" in versions else [])

    async def export(
        self, sort: list[tuple[str, str]], filter: dict[str, Any], *, guarded: bool = True
    ) -> AsyncIterator[str]:
        self.given.append((sort, filter, guarded))
        for number in range(20):
            yield f"line {number}\r\n"

    async def import_csv(self, data: bytes, *, token: str | None = None) -> Report:
        self.given.append((data, token))
        return Report(1, 0, 0, 0, [ImportedLine(2, "new", [], "", "")], "t1", token == "t1")


async def bulk(network: Network) -> tuple[Switchboard, BulkReadingLoader]:
    server, client, device = [await network.board(kind) for kind in ("server", "client", "device")]
    await network.link(server, client)
    await network.link(client, device, ADMIN)
    loader = BulkReadingLoader()
    server.scope("the plugin").load(Reading, loader, allow=admin)
    return device, loader


async def test_many_rows_are_saved_or_every_error_is_told(network: Network) -> None:
    device, loader = await bulk(network)
    save = device.caller(loader_save_all)
    saved = await save("test.Reading", [{"meter": "a", "value": 1}, {"meter": "b", "value": 2}], ["1", None])
    assert (saved.rows, saved.versions, saved.errors) == (
        [{"meter": "a", "value": 1}, {"meter": "b", "value": 2}],
        ["2", "2"],
        [],
    )
    assert loader.given == [["1", None]]
    refused = await save("test.Reading", [{"meter": "a", "value": 1}, {"meter": "b", "value": -2}], ["1", None])
    assert refused.errors == [RowFault(1, "Rejected", "Negative.", "value")]


async def test_a_row_among_many_that_does_not_fit_names_its_path(network: Network) -> None:
    device, _ = await bulk(network)
    with pytest.raises(BadRequest, match=r"\$\.rows\[1\]\.value"):
        await device.caller(loader_save_all)(
            "test.Reading", [{"meter": "a", "value": 1}, {"meter": "b", "value": "2"}], [None, None]
        )


async def test_many_rows_are_deleted_or_every_error_is_told(network: Network) -> None:
    device, _ = await bulk(network)
    delete = device.caller(loader_delete_all)
    assert await delete("test.Reading", ["a", "b"], ["1", "1"]) == []
    assert await delete("test.Reading", ["a"], ["old"]) == [RowFault(0, "Conflict", "Changed.")]


async def test_an_export_comes_piece_by_piece_with_the_mark_at_its_beginning(network: Network) -> None:
    device, loader = await bulk(network)
    async with device.streamer(loader_export)("test.Reading", [("meter", "asc")], {"value": 1}, True, False) as pieces:
        got = [piece async for piece in pieces]
    assert got == ["\ufeffline 0\r\n", *(f"line {number}\r\n" for number in range(1, 20))]
    assert loader.given == [([("meter", "asc")], {"value": 1}, False)]


async def test_a_file_is_sent_as_it_is_or_compressed(network: Network) -> None:
    device, loader = await bulk(network)
    said = await device.caller(loader_import)("test.Reading", b"a,b\n")
    assert (said.new, said.applied, said.lines) == (1, False, [ImportedLine(2, "new", [], "", "")])
    done = await device.caller(loader_import)("test.Reading", zlib.compress(b"a,b\n"), True, said.token)
    assert done.applied
    assert loader.given == [(b"a,b\n", None), (b"a,b\n", "t1")]


@pytest.mark.parametrize("data", [b"no", zlib.compress(b"a" * (17 * 2**20)), zlib.compress(b"abc")[:-3]])
async def test_a_compressed_file_that_is_damaged_or_a_bomb_is_a_bad_request(network: Network, data: bytes) -> None:
    device, _ = await bulk(network)
    with pytest.raises(BadRequest, match=r"The (compressed )?file is"):
        await device.caller(loader_import)("test.Reading", data, True)


async def test_the_policy_of_the_loader_is_asked_for_each(network: Network) -> None:
    server = await network.board("server")
    server.scope("the plugin").load(Reading, BulkReadingLoader(), allow=admin)
    joe = await network.board("device", "d2")
    await network.link(server, joe, JOE)
    for doing in (
        joe.caller(loader_save_all)("test.Reading", [], []),
        joe.caller(loader_delete_all)("test.Reading", [], []),
        joe.caller(loader_import)("test.Reading", b""),
    ):
        with pytest.raises(NotAllowed, match='needs the role "admin"'):
            await doing
    with pytest.raises(NotAllowed, match='needs the role "admin"'):
        async with joe.streamer(loader_export)("test.Reading") as pieces:
            await anext(pieces)


async def test_a_loader_that_takes_one_row_at_a_time_says_so(network: Network) -> None:
    _, device, _ = await loaded(network)
    with pytest.raises(NoSuchEndpoint, match="one row at a time"):
        await device.caller(loader_save_all)("test.Reading", [], [])


def test_a_conflict_crosses_a_link_with_the_row_as_it_is_now() -> None:
    there = from_wire(to_wire(Conflict("Changed.", row={"a": 1}, version="v", fields=["a"])))
    assert isinstance(there, Conflict)
    assert (there.row, there.version, there.fields, there.gone) == ({"a": 1}, "v", ("a",), False)
    gone = from_wire(to_wire(Conflict("Gone.", gone=True)))
    assert isinstance(gone, Conflict)
    assert gone.gone


def test_a_row_that_is_too_large_for_a_header_stays_behind() -> None:
    there = from_wire(to_wire(Conflict("Changed.", row={"a": "ä" * 5000}, version="v", fields=["a"])))
    assert isinstance(there, Conflict)
    assert (there.row, there.version, there.fields) == (None, "v", ("a",))


@pytest.mark.parametrize("odd", [{"row": 1}, {"fields": "a"}, {"fields": [1]}, {"version": 7}, {"gone": "yes"}])
def test_a_conflict_that_tells_nonsense_is_a_conflict_all_the_same(odd: dict[str, Any]) -> None:
    there = from_wire({"type": "Conflict", "message": "Changed.", **odd})
    assert isinstance(there, Conflict)
    assert (there.row, there.version, there.fields, there.gone) == (None, "", (), False)
