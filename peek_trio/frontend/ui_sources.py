"""Where a plugin's pages for one site come from, and what the site's menus say about them. Taken from the plugin's manifest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

import attrs

__all__ = ["PluginManifest", "UiSource", "ui_sources"]


class _MenuEntry(Protocol):
    @property
    def title(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def icon(self) -> str: ...


class _WebPart(Protocol):
    @property
    def app_dir(self) -> Path | None: ...
    @property
    def app_module(self) -> str: ...
    @property
    def icon(self) -> str: ...
    @property
    def show_home_link(self) -> bool: ...
    @property
    def menu(self) -> Sequence[_MenuEntry]: ...
    @property
    def module_dir(self) -> Path | None: ...
    @property
    def asset_dir(self) -> Path | None: ...


class PluginManifest(Protocol):
    """What a site needs of a plugin's manifest (`peek_trio.plugin.Manifest` is one). `web` has a part for each site it shows pages on."""

    @property
    def name(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def version(self) -> str: ...
    @property
    def web(self) -> Mapping[str, _WebPart]: ...


@attrs.frozen
class UiSource:
    """One plugin's part of one site.

    `app_dir` becomes the root of the plugin's tree; `module_dir`, which other plugins may import from, its folder `modules`;
    `asset_dir` its folder `assets`. `app_module` and `icon` are paths in the tree; `menu` is (title, path, icon) per entry.
    """

    plugin: str
    title: str
    version: str
    app_dir: Path | None
    app_module: str = ""
    icon: str = ""
    show_home_link: bool = True
    menu: tuple[tuple[str, str, str], ...] = ()
    module_dir: Path | None = None
    asset_dir: Path | None = None

    def folders(self, overlay: Path) -> list[tuple[str, Path]]:
        """What the tree is made of, as (prefix in the tree, folder): a later folder's file replaces an earlier one's."""
        parts = [("modules/", self.module_dir), ("assets/", self.asset_dir), ("", self.app_dir), ("", overlay)]
        return [(prefix, folder) for prefix, folder in parts if folder is not None]


def ui_sources(site: str, manifests: Iterable[PluginManifest]) -> list[UiSource]:
    """The parts that these plugins have on `site`, in the order of their titles."""
    found = [_source(manifest, manifest.web[site]) for manifest in manifests if site in manifest.web]
    return sorted(found, key=lambda source: (source.title.casefold(), source.plugin))


def _source(manifest: PluginManifest, web: _WebPart) -> UiSource:
    return UiSource(
        plugin=manifest.name,
        title=manifest.title,
        version=manifest.version,
        app_dir=web.app_dir,
        app_module=web.app_module,
        icon=web.icon,
        show_home_link=web.show_home_link,
        menu=tuple((entry.title, entry.path, entry.icon) for entry in web.menu),
        module_dir=web.module_dir,
        asset_dir=web.asset_dir,
    )
