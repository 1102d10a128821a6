"""Receipts belong to people: what one person sends under another's device and id neither answers nor stops the other's action."""

from __future__ import annotations

import builtins
import importlib
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import trio

from peek_trio.testing import Device, platform
from peek_trio.transport.calls.caller import ask
from peek_trio.tuples import TupleSelector, tuple_name

from .shop import FILES, MANIFEST, NAME, SERVER, WORKER

WritePlugin = Callable[..., Path]


async def sell(device: Device, contract: ModuleType, item: int, count: int, *, id: str) -> dict[str, Any]:
    """Sells as a device would that calls itself "the phone"."""
    port = device.board._directory.upstream
    assert port is not None
    action = contract.Sell(item, count)
    header = {"k": "act", "i": 0, "t": tuple_name(contract.Sell), "id": id, "dev": "the phone", "seq": 1, "key": ""}
    header["made"] = "2026-11-22T00:00:00+00:00"
    frame = await ask(port, header, device.board.registry.codec.encode_one(action), timeout=20, what="Selling")
    return frame.header


@pytest.mark.parametrize("services", [(), ("client",)])
async def test_nobody_answers_for_somebody_elses_action(
    write_plugin: WritePlugin, database_url: str, monkeypatch: pytest.MonkeyPatch, services: tuple[str, ...]
) -> None:
    monkeypatch.setattr(builtins, "JOURNAL", [], raising=False)
    write_plugin(NAME, manifest=MANIFEST, files=FILES, server=SERVER, worker=WORKER)
    async with platform(plugins=[NAME], services=services, database_url=database_url) as peek:
        contract, tables = (importlib.import_module(f"{NAME}.{part}") for part in ("contract", "tables"))
        mallory, anna = await peek.device(name="mallory"), await peek.device(name="anna")

        assert (await sell(mallory, contract, 2, 0, id="a1"))["status"] == "applied"
        assert (await sell(anna, contract, 1, 2, id="a1"))["status"] == "applied"
        assert (await sell(anna, contract, 1, 2, id="a1"))["status"] == "applied"  # a resend, which is hers

        with trio.fail_after(20):
            async with anna.observe(TupleSelector.of(tables.Item)) as states:
                assert [item.stock for item in (await anext(states)).rows] == [1, 5]
