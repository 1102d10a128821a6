"""Plugins written by the tests themselves: small packages in a temporary directory, importable while the test runs."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

WritePlugin = Callable[..., Path]


@pytest.fixture
def write_plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[WritePlugin]:
    """`write_plugin("peek_plugin_a", server="…code…", requires={"peek_plugin_b": ">=1"})` writes a plugin and gives its folder."""
    packages = tmp_path / "packages"
    packages.mkdir()
    monkeypatch.syspath_prepend(str(packages))
    written: list[str] = []

    def write(
        name: str,
        *,
        version: str = "1.0",
        requires: dict[str, str] | None = None,
        manifest: dict[str, Any] | None = None,
        files: dict[str, str] | None = None,
        **parts: str,
    ) -> Path:
        written.append(name)
        root = packages / name
        about = {"title": name.title(), "packageName": name, "version": version}
        data = {"plugin": about, "requiresPlugins": requires or {}, **(manifest or {})}
        sources = {
            "__init__.py": "",
            "_private/__init__.py": "",
            "plugin_package.json": json.dumps(data),
            **(files or {}),
            **{f"_private/{service}.py": code for service, code in parts.items()},
        }
        for path, text in sources.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(dedent(text), encoding="utf-8")
        importlib.invalidate_caches()
        return root

    yield write
    for module in [module for module in sys.modules if module.partition(".")[0] in written]:
        del sys.modules[module]
