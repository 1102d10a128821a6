"""Plugins are found by their packages' entry points, without importing anything."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from peek_trio.errors import ConfigError
from peek_trio.plugin import GivenPlugins, InstalledPlugins, worker_modules

ENTRY_POINTS = """
[peek_trio.plugins]
peek_plugin_found = peek_plugin_found

[peek_trio.server]
peek_plugin_found = peek_plugin_found._private.server

[peek_trio.worker]
peek_plugin_found = peek_plugin_found._private.worker
"""


@pytest.fixture
def installed(write_plugin: Callable[..., Path], tmp_path: Path) -> InstalledPlugins:
    """The installed plugins, among them one whose modules must not be imported."""
    root = write_plugin("peek_plugin_found", server="raise ValueError", files={"__init__.py": "raise ValueError"})
    metadata = root.parent / "peek_plugin_found-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: peek-plugin-found\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(ENTRY_POINTS)
    return InstalledPlugins()


def test_a_plugin_is_found_by_its_entry_points(installed: InstalledPlugins) -> None:
    assert "peek_plugin_found" in installed.names()
    assert installed.module("peek_plugin_found", "server") == "peek_plugin_found._private.server"
    assert installed.module("peek_plugin_found", "agent") is None
    assert installed.manifest("peek_plugin_found").version == "1.0"
    assert "peek_plugin_found" not in sys.modules


def test_the_worker_preloads_the_worker_parts_of_enabled_plugins(installed: InstalledPlugins) -> None:
    assert worker_modules(installed, ["peek_plugin_found", "peek_plugin_gone"]) == ["peek_plugin_found._private.worker"]
    assert worker_modules(installed, []) == []


def test_given_plugins_follow_the_usual_layout(write_plugin: Callable[..., Path]) -> None:
    write_plugin("peek_plugin_given", agent="")
    given = GivenPlugins(["peek_plugin_given"])

    assert given.names() == ["peek_plugin_given"]
    assert given.module("peek_plugin_given", "agent") == "peek_plugin_given._private.agent"
    assert given.module("peek_plugin_given", "server") is None


def test_a_given_package_that_is_not_there_is_an_error() -> None:
    with pytest.raises(ConfigError, match="no Python package"):
        GivenPlugins(["peek_plugin_gone"]).manifest("peek_plugin_gone")
