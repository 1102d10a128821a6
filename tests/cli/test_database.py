"""db revision: the next migration of a plugin, written by comparison with a scratch database."""

import json
from pathlib import Path

import pytest

from peek_trio.cli import run


@pytest.fixture
def base(tmp_path: Path, postgres_url: str) -> Path:
    """A base whose server uses the tests' PostgreSQL."""
    home = tmp_path / "peek-server.home"
    home.mkdir()
    (home / "config.json").write_text(json.dumps({"sqlalchemy": {"connectUrl": postgres_url}}))
    return tmp_path


def test_a_new_table_becomes_a_migration_once(base: Path, kiosk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    argv = ["db", "revision", "peek_plugin_kiosk", "-m", "the first table", "--home", str(base)]
    assert run(argv) == 0
    written = Path(capsys.readouterr().out.strip())
    assert written.parent == kiosk / "_private/alembic/versions"
    assert "create_table" in written.read_text()
    assert "pl_kiosk" in written.read_text()
    assert run(argv) == 0
    assert capsys.readouterr().out == "The migrations of peek_plugin_kiosk are up to date; nothing was written.\n"


def test_a_plugin_without_metadata_is_told_what_is_missing(
    base: Path, kiosk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest = json.loads((kiosk / "plugin_package.json").read_text())
    del manifest["storage"]["metadata"]
    (kiosk / "plugin_package.json").write_text(json.dumps(manifest))
    assert run(["db", "revision", "peek_plugin_kiosk", "-m", "x", "--home", str(base)]) == 2
    assert "db revision needs storage.alembicDir and storage.metadata" in capsys.readouterr().err


def test_metadata_that_cannot_be_imported_is_a_sentence(
    base: Path, kiosk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (kiosk / "_private/storage.py").write_text("Base = None")
    assert run(["db", "revision", "peek_plugin_kiosk", "-m", "x", "--home", str(base)]) == 2
    assert "which cannot be imported" in capsys.readouterr().err
