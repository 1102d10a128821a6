"""The database: units of work in threads, migrations, the feed of changes, receipts, settings, and an embedded PostgreSQL."""

from peek_trio.storage.changes import EVERYTHING, ChangeFeed
from peek_trio.storage.database import Database
from peek_trio.storage.embedded import EmbeddedPostgres
from peek_trio.storage.plugin_storage import PluginStorage
from peek_trio.storage.receipts import Receipt, Receipts
from peek_trio.storage.revision import make_revision
from peek_trio.storage.setting_store import Setting, SettingStore, SettingValue
from peek_trio.storage.table_loader import TableLoader, TablePage
from peek_trio.storage.unit_of_work import open_engine, touch, unit_of_work
from peek_trio.storage.upgrade import PLATFORM_SCHEMA, migrate
from peek_trio.storage.urls import engine_url, shown

__all__ = [
    "EVERYTHING",
    "PLATFORM_SCHEMA",
    "ChangeFeed",
    "Database",
    "EmbeddedPostgres",
    "PluginStorage",
    "Receipt",
    "Receipts",
    "Setting",
    "SettingStore",
    "SettingValue",
    "TableLoader",
    "TablePage",
    "engine_url",
    "make_revision",
    "migrate",
    "open_engine",
    "shown",
    "touch",
    "unit_of_work",
]
