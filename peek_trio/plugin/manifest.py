"""A plugin's manifest: `plugin_package.json` in the root folder of its package, read without importing the package.

Every error is a ConfigError that names the file, the key and what was expected there, so that the author can mend it from the
sentence alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import attrs
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from peek_trio.errors import ConfigError
from peek_trio.plugin.manifest_keys import Keys

__all__ = ["FILE_NAME", "SERVICES", "SITES", "Manifest", "MenuEntry", "StoragePart", "WebPart"]

FILE_NAME = "plugin_package.json"
SITES = ("admin", "mobile", "desktop")
SERVICES = ("server", "client", "agent", "worker", "storage", *SITES)

_PACKAGE_NAME = re.compile(r"[a-z][a-z0-9_]*")
_PREFIX = "peek_plugin_"


@attrs.frozen
class MenuEntry:
    """One entry of a site's menu. `path` is relative to the plugin's pages, `icon` names an icon of the platform."""

    title: str
    path: str = ""
    icon: str = ""


@attrs.frozen
class WebPart:
    """What a plugin shows on one site. The directories are absolute; `app_module` is a file name in `app_dir`.

    `icon` is a path inside `app_dir` (or `asset_dir`), empty for none. `module_dir` holds modules that other plugins may import.
    """

    app_dir: Path | None = None
    app_module: str = ""
    icon: str = ""
    show_home_link: bool = True
    menu: tuple[MenuEntry, ...] = ()
    module_dir: Path | None = None
    asset_dir: Path | None = None


@attrs.frozen
class StoragePart:
    """A plugin's share of the database: `versions_dir` holds its migrations, `metadata` is the "module:attribute" of its tables."""

    versions_dir: Path
    metadata: str = ""


@attrs.frozen
class Manifest:
    """What a plugin says about itself. `name` is its package, `root` that package's folder, `web` has the sites it shows pages on."""

    name: str
    title: str
    version: str
    root: Path
    creator: str = ""
    website: str = ""
    description: str = ""
    requires_services: tuple[str, ...] = ()
    requires_plugins: Mapping[str, SpecifierSet] = attrs.field(factory=dict)
    storage: StoragePart | None = None
    web: Mapping[str, WebPart] = attrs.field(factory=dict)

    @property
    def schema(self) -> str:
        """The database schema that is the plugin's own: "pl_" and its name without the usual prefix."""
        return "pl_" + self.name.removeprefix(_PREFIX)

    @classmethod
    def read(cls, package: str) -> Manifest:
        """The manifest of an installed package. Raises ConfigError when it is missing or wrong."""
        try:
            spec = find_spec(package) if _PACKAGE_NAME.fullmatch(package) else None
        except (ImportError, ValueError):
            spec = None
        if spec is None or not spec.submodule_search_locations:
            raise ConfigError(f'There is no Python package "{package}". Install the plugin, or correct its name.')
        return cls.read_folder(package, Path(next(iter(spec.submodule_search_locations))))

    @classmethod
    def read_folder(cls, package: str, root: Path) -> Manifest:
        """The manifest in the folder of a package. Raises ConfigError when it is missing or wrong."""
        file = root / FILE_NAME
        return _manifest(package, root, Keys(str(file), _load(file)))


def _load(file: Path) -> dict[str, Any]:
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"The plugin has no manifest: {file} does not exist.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file} cannot be read: {error}.") from None
    except json.JSONDecodeError as error:
        raise ConfigError(
            f"{file}, line {error.lineno}, column {error.colno}: this is not JSON ({error.msg})."
        ) from None
    if not isinstance(data, dict):
        raise ConfigError(f"{file}: expected a JSON object at the top.")
    return data


def _manifest(package: str, root: Path, keys: Keys) -> Manifest:
    about = keys.section("plugin", required=True)
    name = about.text("packageName", required=True)
    if name != package:
        raise about.wrong("packageName", f'the name of the package it lies in, "{package}"', name)
    manifest = Manifest(
        name=name,
        title=about.text("title", required=True),
        version=_version(about),
        root=root,
        creator=about.text("creator"),
        website=about.text("website"),
        description=about.text("description"),
        requires_services=_services(keys),
        requires_plugins=_requirements(keys),
        storage=_storage(keys, root),
        web={site: _web(keys.section(site), root) for site in SITES if site in keys},
    )
    about.refuse_others()
    keys.refuse_others()
    return manifest


def _version(about: Keys) -> str:
    text = about.text("version", required=True)
    try:
        return str(Version(text))
    except InvalidVersion:
        raise about.wrong("version", 'a version such as "1.4.0"', text) from None


def _services(keys: Keys) -> tuple[str, ...]:
    services = keys.texts("requiresServices")
    for service in services:
        if service not in SERVICES:
            raise keys.wrong("requiresServices", f"some of {', '.join(SERVICES)}", service)
    return services


def _requirements(keys: Keys) -> dict[str, SpecifierSet]:
    section = keys.section("requiresPlugins")
    requirements = {}
    for name in list(section):
        text = section.text(name)
        try:
            requirements[name] = SpecifierSet(text, prereleases=True)
        except InvalidSpecifier:
            raise section.wrong(name, 'a range of versions such as ">=0.1" or ">=1.2,<2"', text) from None
    return requirements


def _storage(keys: Keys, root: Path) -> StoragePart | None:
    if "storage" not in keys:
        return None
    section = keys.section("storage")
    versions = section.folder("alembicDir", root, required=True) / "versions"
    if not versions.is_dir():
        raise section.wrong("alembicDir", 'a folder that holds a folder "versions"', str(versions.parent))
    metadata = section.text("metadata")
    if metadata and metadata.count(":") != 1:
        raise section.wrong(
            "metadata", '"module:attribute", such as "peek_plugin_x._private.storage:Base.metadata"', metadata
        )
    section.refuse_others()
    return StoragePart(versions, metadata)


def _web(section: Keys, root: Path) -> WebPart:
    app_dir = section.folder("appDir", root) if "appDir" in section else None
    part = WebPart(
        app_dir=app_dir,
        app_module=section.text("appModule", required=app_dir is not None),
        icon=section.text("icon"),
        show_home_link=section.flag("showHomeLink", default=True),
        menu=tuple(_menu_entry(entry) for entry in section.sections("menu")),
        module_dir=section.folder("moduleDir", root) if "moduleDir" in section else None,
        asset_dir=section.folder("assetDir", root) if "assetDir" in section else None,
    )
    if app_dir is not None and not (app_dir / part.app_module).is_file():
        raise section.wrong("appModule", f"the name of a file in {app_dir}", part.app_module)
    section.refuse_others()
    return part


def _menu_entry(section: Keys) -> MenuEntry:
    entry = MenuEntry(section.text("title", required=True), section.text("path"), section.text("icon"))
    section.refuse_others()
    return entry
