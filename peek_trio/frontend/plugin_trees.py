"""The pages of plugins on one site: each plugin's files, with the operator's overlays over them, as one immutable tree.

A tree is served below `/p/<plugin>/<hash>/`. Once a second the times of the files are compared; a plugin that changed gets a new tree, a
new hash and a notice to whoever wants to know. The last three trees of a plugin stay, for pages that are open. A tree that cannot be
read, or lacks what its manifest promises, leaves the one before it in place and is reported.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path

import attrs
import trio

from peek_trio.errors import PeekError
from peek_trio.frontend.assets import Asset
from peek_trio.frontend.tree_files import FileStamp, TreeFiles, read_tree, stamps
from peek_trio.frontend.ui_sources import UiSource
from peek_trio.frontend.ui_tuples import UiMenuItem, UiPlugin

__all__ = ["GENERATIONS", "PluginTrees"]

GENERATIONS = 3
"""Trees kept per plugin, the current one included."""
RESCAN_INTERVAL = 1.0
"""Seconds between two looks at the files."""
REST = 20
"""A look is followed by at least so many times its own length of rest: thousands of files cost a few percent of a core, not more."""

log = logging.getLogger(__name__)

_Seen = dict[str, FileStamp] | OSError


@attrs.define
class _Plugin:
    """What is known of one plugin: what was last read, the trees it had (newest last), its row if it has pages, what is wrong."""

    source: UiSource | None = None
    stamps: dict[str, FileStamp] | None = None
    trees: deque[TreeFiles] = attrs.field(factory=lambda: deque(maxlen=GENERATIONS))
    row: UiPlugin | None = None
    trouble: str = ""


class PluginTrees:
    """The trees of every plugin with a part on `site`. Files in `overlays`/`<plugin>` replace the plugin's own, or join them."""

    def __init__(
        self, site: str, overlays: Path, sources: Sequence[UiSource] = (), *, interval: float = RESCAN_INTERVAL
    ) -> None:
        self.site = site
        self._overlays = overlays
        self._interval = interval
        self._sources = list(sources)
        self._rows: list[UiPlugin] = []
        self._plugins: dict[str, _Plugin] = {}
        self._callbacks: list[Callable[[], None]] = []
        self._looking = trio.Lock()

    def set_sources(self, sources: Sequence[UiSource]) -> None:
        """Show these plugins from the next look on, in this order, and no others."""
        self._sources = list(sources)

    def on_change(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call `callback` on the Trio thread whenever `rows` changed. Gives the function that ends this."""
        self._callbacks.append(callback)

        def remove() -> None:
            if callback in self._callbacks:
                self._callbacks.remove(callback)

        return remove

    def rows(self) -> list[UiPlugin]:
        """The plugins shown now, in order."""
        return list(self._rows)

    def find(self, plugin: str, tree_hash: str, path: str) -> Asset | None:
        """A file of one of the plugin's last trees."""
        for tree in self._trees(plugin):
            if tree.hash == tree_hash:
                return tree.files.get(path)
        return None

    def public_module(self, plugin: str, path: str) -> str | None:
        """The address, in the plugin's current tree, of a module that other plugins may import; None when it has no such module."""
        name = f"modules/{path}"
        trees = self._trees(plugin)
        if not trees or name not in trees[-1].files:
            return None
        return f"/p/{plugin}/{trees[-1].hash}/{name}"

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Look once, then every `interval` seconds, or less often when there is much to look at. Started after the first look."""
        await self.look()
        task_status.started()
        took = 0.0
        while True:
            await trio.sleep(max(self._interval, REST * took))
            begun = trio.current_time()
            await self.look()
            took = trio.current_time() - begun

    async def look(self) -> bool:
        """Read what changed on disk since the last look. True, after telling whoever wants to know, when a row changed."""
        async with self._looking:
            sources = list(self._sources)
            found = await trio.to_thread.run_sync(self._stamps, sources)
            for order, source in enumerate(sources):
                await self._update(source, order, found[source.plugin])
            self._forget_others(sources)
            shown = (self._plugins[source.plugin].row for source in sources)
            rows = [row for row in shown if row is not None]
            if rows == self._rows:
                return False
            self._rows = rows
        for callback in list(self._callbacks):
            callback()
        return True

    def _trees(self, plugin: str) -> Sequence[TreeFiles]:
        known = self._plugins.get(plugin)
        return known.trees if known is not None else ()

    def _stamps(self, sources: Sequence[UiSource]) -> dict[str, _Seen]:
        return {source.plugin: self._stamps_of(source) for source in sources}

    def _stamps_of(self, source: UiSource) -> _Seen:
        try:
            return stamps(source.folders(self._overlays / source.plugin))
        except OSError as error:
            return error

    async def _update(self, source: UiSource, order: int, found: _Seen) -> None:
        plugin = self._plugins.setdefault(source.plugin, _Plugin())
        if isinstance(found, OSError):
            self._report(plugin, source, found)
        elif plugin.stamps != found or plugin.source != source:
            await self._read(plugin, source, found)
        if plugin.row is not None and plugin.row.order != order:
            plugin.row = attrs.evolve(plugin.row, order=order)

    async def _read(self, plugin: _Plugin, source: UiSource, found: dict[str, FileStamp]) -> None:
        try:
            tree = await trio.to_thread.run_sync(read_tree, found)
            if await trio.to_thread.run_sync(self._stamps_of, source) != found:
                return  # written while it was read; the next look sees it whole
            _require_promised(source, tree)
        except (OSError, PeekError) as error:
            self._report(plugin, source, error)
        else:
            if not plugin.trees or plugin.trees[-1].hash != tree.hash:
                plugin.trees.append(tree)
            plugin.row = _row(self.site, source, tree) if source.app_dir is not None else None
            plugin.trouble = ""
        plugin.stamps, plugin.source = found, source

    def _report(self, plugin: _Plugin, source: UiSource, error: Exception) -> None:
        if plugin.trouble == str(error):
            return
        plugin.trouble = str(error)
        kept = "; the pages it had stay" if plugin.trees else ""
        log.error("The %s pages of %s cannot be shown: %s%s", self.site, source.plugin, error, kept)

    def _forget_others(self, sources: Sequence[UiSource]) -> None:
        for name in self._plugins.keys() - {source.plugin for source in sources}:
            del self._plugins[name]


def _require_promised(source: UiSource, tree: TreeFiles) -> None:
    if source.app_dir is not None and source.app_module not in tree.files:
        raise PeekError(f'there is no file "{source.app_module}", which its manifest names as appModule.')


def _row(site: str, source: UiSource, tree: TreeFiles) -> UiPlugin:
    base = f"/p/{source.plugin}/{tree.hash}/"
    icons = (path for path in (source.icon, f"assets/{source.icon}") if source.icon and path in tree.files)
    icon = next(icons, "")
    return UiPlugin(
        site=site,
        plugin=source.plugin,
        title=source.title,
        version=source.version,
        module=base + source.app_module,
        icon=base + icon if icon else "",
        show_home_link=source.show_home_link,
        menu=[UiMenuItem(*entry) for entry in source.menu],
        order=0,  # until it is put in its place among the others
    )
