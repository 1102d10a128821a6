"""Manifests are read strictly, and every complaint names the file, the key and what was expected."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from peek_trio.errors import ConfigError
from peek_trio.plugin import Manifest

ABOUT = {"title": "Example", "packageName": "peek_plugin_example", "version": "1.2"}


def read(root: Path, data: object) -> Manifest:
    (root / "plugin_package.json").write_text(data if isinstance(data, str) else json.dumps(data))
    return Manifest.read_folder("peek_plugin_example", root)


def refusal(root: Path, data: object) -> str:
    with pytest.raises(ConfigError) as caught:
        read(root, data)
    assert str(root / "plugin_package.json") in str(caught.value)
    return str(caught.value)


def test_the_smallest_manifest_is_enough(tmp_path: Path) -> None:
    manifest = read(tmp_path, {"plugin": ABOUT})

    assert (manifest.name, manifest.title, manifest.version) == ("peek_plugin_example", "Example", "1.2")
    assert manifest.schema == "pl_example"
    assert manifest.storage is None
    assert manifest.web == {}


def test_a_full_manifest_has_absolute_folders(tmp_path: Path) -> None:
    (tmp_path / "web").mkdir()
    (tmp_path / "web" / "main.js").touch()
    (tmp_path / "alembic" / "versions").mkdir(parents=True)

    manifest = read(
        tmp_path,
        {
            "plugin": ABOUT,
            "requiresServices": ["server", "mobile"],
            "requiresPlugins": {"peek_plugin_other": ">=0.1,<2"},
            "storage": {"alembicDir": "alembic", "metadata": "peek_plugin_example.storage:Base.metadata"},
            "mobile": {
                "appDir": "web",
                "appModule": "main.js",
                "icon": "icon.svg",
                "showHomeLink": False,
                "menu": [{"title": "Meters", "path": "meters", "icon": "table"}],
            },
        },
    )

    assert manifest.storage is not None
    assert manifest.storage.versions_dir == tmp_path / "alembic" / "versions"
    assert "1.9" in manifest.requires_plugins["peek_plugin_other"]
    assert "2.0" not in manifest.requires_plugins["peek_plugin_other"]
    mobile = manifest.web["mobile"]
    assert mobile.app_dir == tmp_path / "web"
    assert not mobile.show_home_link
    assert [entry.title for entry in mobile.menu] == ["Meters"]


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        ({}, "the key plugin is missing"),
        ({"plugin": {**ABOUT, "title": 7}}, "plugin.title must be a text, not 7"),
        ({"plugin": {**ABOUT, "version": "new"}}, "plugin.version must be a version"),
        ({"plugin": {**ABOUT, "packageName": "other"}}, "plugin.packageName must be the name of the package"),
        ({"plugin": {**ABOUT, "verison": "1"}}, 'no key plugin.verison; did you mean "version"?'),
        ({"plugin": ABOUT, "requirePlugins": {}}, 'no key requirePlugins; did you mean "requiresPlugins"?'),
        ({"plugin": ABOUT, "requiresServices": ["kitchen"]}, "requiresServices must be some of server, client"),
        ({"plugin": ABOUT, "requiresPlugins": {"x": "newest"}}, "requiresPlugins.x must be a range of versions"),
        ({"plugin": ABOUT, "storage": {}}, "the key storage.alembicDir is missing"),
        ({"plugin": ABOUT, "storage": {"alembicDir": "none"}}, "storage.alembicDir must be a folder inside"),
        ({"plugin": ABOUT, "storage": {"alembicDir": ".."}}, "storage.alembicDir must be a folder inside"),
        ({"plugin": ABOUT, "admin": {"appDir": "."}}, "the key admin.appModule is missing"),
        (
            {"plugin": ABOUT, "admin": {"appDir": ".", "appModule": "a.js"}},
            "admin.appModule must be the name of a file",
        ),
        ({"plugin": ABOUT, "admin": {"menu": [{}]}}, "the key admin.menu[0].title is missing"),
        ({"plugin": ABOUT, "admin": {"menu": "no"}}, "admin.menu must be a list of objects"),
        ({"plugin": ABOUT, "admin": {"showHomeLink": 1}}, "admin.showHomeLink must be true or false"),
        ([], "expected a JSON object"),
        ('{\n "plugin": {,}\n}', "line 2, column 13: this is not JSON"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, data: Any, complaint: str) -> None:
    assert complaint in refusal(tmp_path, data)


def test_a_package_without_a_manifest_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="has no manifest"):
        Manifest.read_folder("peek_plugin_example", tmp_path)


def test_a_package_that_is_not_there_is_refused() -> None:
    with pytest.raises(ConfigError, match='no Python package "peek_plugin_nowhere"'):
        Manifest.read("peek_plugin_nowhere")
