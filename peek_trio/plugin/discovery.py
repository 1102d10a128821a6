"""Where plugins come from: installed packages by their entry points, or, in tests, packages given by name.

Nothing is imported to find a plugin. Its part for one service is imported when that service is about to run it, and no other part is.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import EntryPoint, entry_points
from typing import Protocol

from peek_trio.plugin.manifest import Manifest

__all__ = ["PLUGIN_GROUP", "GivenPlugins", "InstalledPlugins", "PluginSource", "worker_modules"]

PLUGIN_GROUP = "peek_trio.plugins"


class PluginSource(Protocol):
    """Knows plugins by name, without importing them."""

    def names(self) -> list[str]:
        """All it knows, sorted."""
        ...

    def manifest(self, name: str) -> Manifest:
        """The manifest of one of them. Raises ConfigError."""
        ...

    def module(self, name: str, service: str) -> str | None:
        """The module with the plugin's hooks for a service, or None when it has no part there."""
        ...


class InstalledPlugins:
    """The plugins among the installed packages. Entry points are read once, when this is made."""

    def __init__(self) -> None:
        found = entry_points()
        self._packages = {point.name: _module_of(point) for point in found.select(group=PLUGIN_GROUP)}
        self._parts = {
            (point.name, group): _module_of(point)
            for group in found.groups
            if group.startswith("peek_trio.") and group != PLUGIN_GROUP
            for point in found.select(group=group)
        }

    def names(self) -> list[str]:
        return sorted(self._packages)

    def manifest(self, name: str) -> Manifest:
        return Manifest.read(self._packages[name])

    def module(self, name: str, service: str) -> str | None:
        return self._parts.get((name, f"peek_trio.{service}"))


class GivenPlugins:
    """Plugins that need not be installed: importable packages with a manifest, each part in `<package>._private.<service>`."""

    def __init__(self, packages: Iterable[str]) -> None:
        self._packages = sorted(set(packages))

    def names(self) -> list[str]:
        return list(self._packages)

    def manifest(self, name: str) -> Manifest:
        return Manifest.read(name)

    def module(self, name: str, service: str) -> str | None:
        root = Manifest.read(name).root
        part = root / "_private" / service
        return f"{name}._private.{service}" if part.with_suffix(".py").is_file() or part.is_dir() else None


def worker_modules(source: PluginSource, enabled: Iterable[str]) -> list[str]:
    """The worker parts of the enabled plugins: what a worker's subprocesses import before their first task."""
    known = set(source.names())
    return [module for name in enabled if name in known and (module := source.module(name, "worker"))]


def _module_of(point: EntryPoint) -> str:
    return point.value.partition(":")[0].strip()
