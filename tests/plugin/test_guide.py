"""The plugins in docs/plugins.md run, and pass the tests that stand beside them."""

from __future__ import annotations

import inspect
import json
import re
import runpy
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest
from trio.testing import MockClock

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "plugins.md").read_text()
FILE = re.compile(r"^```python\n# ((?:peek_plugin_\w+|tests)/[\w/]+\.py)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def files() -> dict[str, str]:
    """Every file that the guide shows, by its path."""
    found: defaultdict[str, str] = defaultdict(str)
    for path, text in FILE.findall(GUIDE):
        assert path not in found, f"docs/plugins.md shows {path} twice."
        found[path] = text
    return found


PLUGINS = sorted({path.partition("/")[0] for path in files() if path.startswith("peek_plugin_")})


def write(top: Path, plugin: str) -> Path:
    """The plugin as a directory, with its test; the test's path."""
    for path, text in files().items():
        if path.startswith((f"{plugin}/", f"tests/test_{plugin.removeprefix('peek_plugin_')}")):
            (top / path).parent.mkdir(parents=True, exist_ok=True)
            (top / path).write_text(text)
    for package in (top / plugin, top / plugin / "_private"):
        package.mkdir(exist_ok=True)
        (package / "__init__.py").touch()
    about = {"plugin": {"title": plugin, "packageName": plugin, "version": "1.0"}, "requiresServices": ["server"]}
    (top / plugin / "plugin_package.json").write_text(json.dumps(about))
    return top / "tests"


def test_there_is_one_for_calls_one_for_live_data_and_one_for_messages() -> None:
    assert PLUGINS == ["peek_plugin_bells", "peek_plugin_meters", "peek_plugin_weather"]


@pytest.mark.parametrize("plugin", PLUGINS)
async def test_a_plugin_of_the_guide_passes_its_test(
    plugin: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    autojump_clock: MockClock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    (file,) = write(tmp_path, plugin).glob("test_*.py")
    monkeypatch.syspath_prepend(str(tmp_path))
    try:
        (test,) = [value for name, value in runpy.run_path(str(file)).items() if name.startswith("test_")]
        fixtures = {"autojump_clock": autojump_clock, "caplog": caplog}
        await test(**{name: fixtures[name] for name in inspect.signature(test).parameters})
    finally:
        for module in [module for module in sys.modules if module.partition(".")[0] == plugin]:
            del sys.modules[module]


def test_their_types_are_right(tmp_path: Path) -> None:
    for plugin in PLUGINS:
        write(tmp_path, plugin)
    packages = [word for plugin in PLUGINS for word in ("-p", plugin)]
    command = [
        sys.executable,
        "-m",
        "mypy",
        "--config-file",
        str(ROOT / "pyproject.toml"),
        "--cache-dir",
        str(ROOT / ".mypy_cache"),
        *packages,
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=50, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
