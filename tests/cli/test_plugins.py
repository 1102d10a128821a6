"""plugins list: what is installed, and where it runs."""

import json
from pathlib import Path

import pytest

from peek_trio.cli import run
from peek_trio.config import load


def test_an_installed_plugin_is_shown_with_the_services_that_run_it(
    tmp_path: Path, kiosk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for service in ("server", "agent"):
        (tmp_path / f"peek-{service}.home").mkdir()
        (tmp_path / f"peek-{service}.home/config.json").write_text('{"plugin": {"enabled": ["peek_plugin_kiosk"]}}')
    assert run(["plugins", "list", "--home", str(tmp_path)]) == 0
    line = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("peek_plugin_kiosk"))
    assert line.split() == ["peek_plugin_kiosk", "on", "server,", "agent", "1.2.0", "Kiosk"]


def test_a_first_start_enables_what_is_installed(tmp_path: Path, kiosk: Path) -> None:
    assert "peek_plugin_kiosk" in load("server", tmp_path).plugin.enabled


def test_a_plugin_that_is_enabled_but_missing_is_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "peek-worker.home").mkdir()
    (tmp_path / "peek-worker.home/config.json").write_text('{"plugin": {"enabled": ["peek_plugin_gone"]}}')
    assert run(["plugins", "list", "--home", str(tmp_path)]) == 1
    line = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("peek_plugin_gone"))
    assert line.split() == ["peek_plugin_gone", "on", "worker", "not", "installed"]


def test_a_plugin_with_a_broken_manifest_is_shown_with_the_reason(
    tmp_path: Path, kiosk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (kiosk / "plugin_package.json").write_text(json.dumps({"plugin": {}}))
    run(["plugins", "list", "--home", str(tmp_path)])
    line = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("peek_plugin_kiosk"))
    assert "plugin_package.json" in line
