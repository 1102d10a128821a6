"""The examples of docs/storage.md do what they say."""

from __future__ import annotations

import ast
import re
import types
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from peek_trio.storage import Database, PluginStorage, SettingStore

GUIDE = Path(__file__).parents[2] / "docs" / "storage.md"


class FakeSettings:
    """The part of `ctx.settings` that the guide shows, on the real store."""

    def __init__(self, store: SettingStore) -> None:
        self._store = store

    def declare(self, key: str, kind: type, **options: Any) -> None:
        self._store.declare("peek_plugin_meters", key, kind, **options)

    async def get(self, key: str) -> object:
        return await self._store.get("peek_plugin_meters", key)


async def execute(example: str, names: dict[str, Any]) -> None:
    """Runs an example with `await` at its top."""
    code = compile(example, str(GUIDE), "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
    coroutine = types.FunctionType(code, names)()
    if coroutine is not None:
        await coroutine


async def test_the_examples_work_one_after_the_other(database: Database) -> None:
    tables, *examples = re.findall(r"```python\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL)
    assert len(examples) == 3
    context = types.SimpleNamespace(
        storage=PluginStorage(database, "pl_meters"), settings=FakeSettings(SettingStore(database))
    )
    names: dict[str, Any] = {"ctx": context, "__name__": "guide"}
    await execute(tables, names)

    def create(session: Session) -> None:
        session.execute(sa.text("create schema pl_meters"))
        names["Base"].metadata.create_all(session.connection())

    await database.run(create)
    for example in examples:
        await execute(example, names)
    assert names["meter"].name == "main gate"
    assert [meter.name for meter in names["meters"]] == ["main gate"]
    assert [meter.name for meter in names["known"]] == ["meter 7"]
    assert [(row.meter_id, row.value) for row in names["above"]] == [(names["ids"][0], 0.5)]
    assert names["manual"] == b"How to read this meter"
    assert names["interval"] == 60
