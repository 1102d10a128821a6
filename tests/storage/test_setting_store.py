"""Typed settings."""

import logging
from typing import Any

import pytest
import sqlalchemy as sa

from peek_trio.errors import PeekError, Rejected
from peek_trio.storage import Database, SettingStore
from peek_trio.storage.tables import SettingRow


@pytest.fixture
def store(database: Database) -> SettingStore:
    store = SettingStore(database)
    store.declare("tutorial", "hours", int, default=24, title="Hours kept", help="…", minimum=1, maximum=100)
    store.declare("tutorial", "factor", float, default=1, title="Factor")
    store.declare("tutorial", "loud", bool, default=False, title="Loud")
    store.declare("noop", "greeting", str, default="Hello", title="Greeting")
    return store


async def test_a_setting_has_its_default_until_somebody_changes_it(store: SettingStore) -> None:
    assert await store.get("tutorial", "hours") == 24
    await store.put("tutorial", "hours", 48)
    assert await store.get("tutorial", "hours") == 48


async def test_what_was_put_survives_the_store(store: SettingStore, database: Database) -> None:
    await store.put("noop", "greeting", "Good day")
    again = SettingStore(database)
    again.declare("noop", "greeting", str, default="Hello", title="Greeting")
    assert await again.get("noop", "greeting") == "Good day"


async def test_values_keep_their_type(store: SettingStore) -> None:
    assert type(await store.get("tutorial", "factor")) is float
    assert type((await store.put("tutorial", "factor", 2)).value) is float
    assert type(await store.get("tutorial", "factor")) is float


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        ("hours", "24", "Hours kept must be a whole number."),
        ("hours", 24.0, "Hours kept must be a whole number."),
        ("hours", True, "Hours kept must be a whole number."),
        ("hours", None, "Hours kept must be a whole number."),
        ("hours", 0, "Hours kept must be at least 1."),
        ("hours", 101, "Hours kept must be at most 100."),
        ("factor", float("nan"), "Factor must be a finite number."),
        ("loud", 1, "Loud must be true or false."),
    ],
)
async def test_what_does_not_fit_is_rejected_with_a_sentence(
    store: SettingStore, key: str, value: Any, sentence: str
) -> None:
    with pytest.raises(Rejected) as caught:
        await store.put("tutorial", key, value)
    assert str(caught.value) == sentence


async def test_an_undeclared_setting_is_an_error(store: SettingStore) -> None:
    with pytest.raises(PeekError, match=r"no setting tutorial\.days"):
        await store.get("tutorial", "days")


async def test_a_default_that_does_not_fit_is_the_plugins_error(store: SettingStore) -> None:
    with pytest.raises(PeekError, match=r"default of the setting tutorial\.days does not fit"):
        store.declare("tutorial", "days", int, default="seven", title="Days")


async def test_all_settings_are_listed_with_their_values(store: SettingStore) -> None:
    await store.put("tutorial", "hours", 48)
    listed = [
        (setting.plugin, setting.key, setting.kind, setting.value, setting.default) for setting in await store.all()
    ]
    assert listed == [
        ("noop", "greeting", "text", "Hello", "Hello"),
        ("tutorial", "hours", "int", 48, 24),
        ("tutorial", "factor", "float", 1.0, 1.0),
        ("tutorial", "loud", "bool", False, False),
    ]


async def test_a_stored_value_that_no_longer_fits_gives_way_to_the_default(
    store: SettingStore, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    await database.run(lambda session: session.add(SettingRow(plugin="tutorial", key="hours", value="a day")))
    with caplog.at_level(logging.WARNING):
        assert await store.get("tutorial", "hours") == 24
    assert "tutorial.hours is not used" in caplog.text


async def test_withdrawing_keeps_the_value_and_never_takes_a_newer_declaration(
    store: SettingStore, database: Database
) -> None:
    withdraw = store.declare("tutorial", "hours", int, default=24, title="Hours kept")
    store.declare("tutorial", "hours", int, default=12, title="Hours kept, by the restarted plugin")
    withdraw()
    assert await store.get("tutorial", "hours") == 12
    await store.put("tutorial", "hours", 13)
    assert await database.run(lambda session: session.scalar(sa.select(sa.func.count()).select_from(SettingRow))) == 1


async def test_a_change_is_announced(store: SettingStore, database: Database) -> None:
    told: list[frozenset[str]] = []
    database.changes.on_change({"peek.setting"}, told.append)
    await store.put("tutorial", "hours", 48)
    assert told == [frozenset({"peek.setting"})]
