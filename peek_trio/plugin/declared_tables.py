"""The tables that a plugin's manifest declares, imported when the server needs to know more of them than their names."""

from __future__ import annotations

from collections.abc import Collection
from importlib import import_module
from typing import TYPE_CHECKING, Any

from peek_trio.errors import PluginError
from peek_trio.plugin.manifest import Manifest

if TYPE_CHECKING:
    import sqlalchemy as sa

__all__ = ["declared_tables"]


def declared_tables(manifest: Manifest) -> Collection[sa.Table]:
    """The tables of `storage.metadata`; none when the manifest has no such line. Raises PluginError when it leads nowhere."""
    path = manifest.storage.metadata if manifest.storage is not None else ""
    if not path:
        return ()
    module, _, names = path.partition(":")
    try:
        found: Any = import_module(module)
        for name in names.split("."):
            found = getattr(found, name)
        tables: dict[str, sa.Table] = found.tables
    except (ImportError, AttributeError) as error:
        raise PluginError(
            f'storage.metadata is "{path}", which is no metadata that can be imported: {error}.',
            plugin=manifest.name,
            phase="load",
        ) from error
    return tables.values()
