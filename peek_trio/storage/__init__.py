"""The database: units of work in threads, migrations, the feed of changes, receipts, settings, bulk work, and an embedded PostgreSQL."""

from peek_trio.storage.activity import Activity, read_activity
from peek_trio.storage.bulk_insert import bulk_insert
from peek_trio.storage.changes import EVERYTHING, ChangeFeed
from peek_trio.storage.database import Database
from peek_trio.storage.embedded import EmbeddedPostgres
from peek_trio.storage.engine import open_engine
from peek_trio.storage.health import Health
from peek_trio.storage.id_chunks import IdChunks
from peek_trio.storage.large_binary import BinaryPieces, binary_size, read_binary, read_piece, write_binary
from peek_trio.storage.plugin_storage import PluginStorage, WithSession
from peek_trio.storage.receipts import Claim, OutOfOrder, Receipt, Receipts
from peek_trio.storage.rehearsal import Rehearsal, rehearse
from peek_trio.storage.revision import make_revision
from peek_trio.storage.setting_store import Setting, SettingStore, SettingValue
from peek_trio.storage.table_hooks import TableHooks
from peek_trio.storage.table_loader import BulkOutcome, TableLoader, TablePage
from peek_trio.storage.unit_of_work import touch, unit_of_work
from peek_trio.storage.upgrade import PLATFORM_SCHEMA, downgrade, migrate, status
from peek_trio.storage.urls import engine_url, shown
from peek_trio.storage.values_table import among, values_table
from peek_trio.storage.ways import Statements

__all__ = [
    "EVERYTHING",
    "PLATFORM_SCHEMA",
    "Activity",
    "BinaryPieces",
    "BulkOutcome",
    "ChangeFeed",
    "Claim",
    "Database",
    "EmbeddedPostgres",
    "Health",
    "IdChunks",
    "OutOfOrder",
    "PluginStorage",
    "Receipt",
    "Receipts",
    "Rehearsal",
    "Setting",
    "SettingStore",
    "SettingValue",
    "Statements",
    "TableHooks",
    "TableLoader",
    "TablePage",
    "WithSession",
    "among",
    "binary_size",
    "bulk_insert",
    "downgrade",
    "engine_url",
    "make_revision",
    "migrate",
    "open_engine",
    "read_activity",
    "read_binary",
    "read_piece",
    "rehearse",
    "shown",
    "status",
    "touch",
    "unit_of_work",
    "values_table",
    "write_binary",
]
