"""A small plugin, installed as far as Python's metadata can tell, for commands that work on plugins."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

MANIFEST = {
    "plugin": {
        "title": "Kiosk",
        "packageName": "peek_plugin_kiosk",
        "version": "1.2.0",
        "creator": "c",
        "website": "w",
    },
    "requiresServices": ["server", "storage"],
    "storage": {"alembicDir": "_private/alembic", "metadata": "peek_plugin_kiosk._private.storage:Base.metadata"},
}

STORAGE = """
from sqlalchemy import MetaData
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

class Base(DeclarativeBase):
    metadata = MetaData(schema="pl_kiosk")

class Sale(Base):
    __tablename__ = "sale"
    id: Mapped[int] = mapped_column(primary_key=True)
    what: Mapped[str]
"""

TUPLES = '''
import attrs
from peek_trio import tuple_type

@tuple_type("peek_plugin_kiosk.Offer")
@attrs.frozen
class Offer:
    """Something for sale."""
    name: str
    price: float
'''


@pytest.fixture
def kiosk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of the installed plugin peek_plugin_kiosk."""
    site = tmp_path / "site"
    package = site / "peek_plugin_kiosk"
    (package / "_private/alembic/versions").mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "_private/__init__.py").write_text("")
    (package / "_private/storage.py").write_text(STORAGE)
    (package / "offers.py").write_text(TUPLES)
    (package / "plugin_package.json").write_text(json.dumps(MANIFEST))
    metadata = site / "peek_plugin_kiosk-1.2.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: peek-plugin-kiosk\nVersion: 1.2.0\n")
    (metadata / "entry_points.txt").write_text("[peek_trio.plugins]\npeek_plugin_kiosk = peek_plugin_kiosk\n")
    monkeypatch.syspath_prepend(site)
    yield package
    for name in [name for name in sys.modules if name.startswith("peek_plugin_kiosk")]:
        del sys.modules[name]
