"""`python -m peek_trio db revision PLUGIN -m "…"`: write the next migration of a plugin's schema.

What changed is found by comparing the plugin's classes with what its migrations make of an empty scratch database.
"""

import argparse
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import trio

from peek_trio.config import base_directory, home_of, load
from peek_trio.errors import ConfigError


def add_arguments(parser: argparse.ArgumentParser, command: str) -> None:
    """The plugin and the message."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    revision = actions.add_parser("revision", help="write the next migration of a plugin")
    revision.add_argument("plugin", help="the name of its Python package")
    revision.add_argument("-m", "--message", required=True, help="what changes, in a few words")


def run(arguments: argparse.Namespace) -> int:
    """Write the migration and print its path."""
    written = trio.run(_revise, base_directory(arguments.home), arguments.plugin, arguments.message)
    print(written or f"The migrations of {arguments.plugin} are up to date; nothing was written.")
    return 0


async def _revise(base: Path, plugin: str, message: str) -> Path | None:
    from peek_trio.plugin import Manifest
    from peek_trio.storage import make_revision

    manifest = Manifest.read(plugin)
    storage = manifest.storage
    if storage is None or not storage.metadata:
        file = manifest.root / "plugin_package.json"
        raise ConfigError(f'{file}: db revision needs storage.alembicDir and storage.metadata ("module:attribute").')
    metadata = _attribute(storage.metadata, plugin)
    async with _scratch_server(base) as url:
        return await trio.to_thread.run_sync(
            lambda: make_revision(metadata, manifest.schema, storage.versions_dir, message, url)
        )


@asynccontextmanager
async def _scratch_server(base: Path) -> AsyncIterator[str]:
    """The configured database server if there is one, else an embedded one that is gone afterwards."""
    from peek_trio.nursery.layers import layer
    from peek_trio.storage import EmbeddedPostgres

    if (home_of("server", base) / "config.json").exists() and (url := load("server", base).sqlalchemy.connect_url):
        yield url
        return
    with tempfile.TemporaryDirectory(prefix="peek-scratch-") as home:
        async with layer(EmbeddedPostgres(Path(home), fsync=False).run) as url:
            yield url


def _attribute(path: str, plugin: str) -> Any:
    """The object that "module:attribute.attribute" names."""
    module, _, names = path.partition(":")
    try:
        found: Any = import_module(module)
        for name in names.split("."):
            found = getattr(found, name)
    except (ImportError, AttributeError) as error:
        raise ConfigError(f'{plugin}: storage.metadata is "{path}", which cannot be imported: {error}.') from error
    return found
