"""`python -m peek_trio db …`: work on plugins' database schemas, and take the embedded database from one place to another.

The database is the server's: the one that `sqlalchemy.connectUrl` names, or the embedded PostgreSQL, which is used where it runs and
otherwise started for as long as the command takes.
"""

import argparse
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import trio

from peek_trio.config import base_directory, home_of, load
from peek_trio.errors import ConfigError, PeekError

if TYPE_CHECKING:
    from sqlalchemy import Engine, MetaData

    from peek_trio.plugin import Manifest


def add_arguments(parser: argparse.ArgumentParser, command: str) -> None:
    """One subcommand for each thing to do."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)

    def action(name: str, summary: str, *, plugin: bool = True) -> argparse.ArgumentParser:
        added = actions.add_parser(name, help=summary, description=summary)
        if plugin:
            added.add_argument("plugin", help="the name of its Python package")
        return added

    action("revision", "write the next migration of a plugin").add_argument(
        "-m", "--message", required=True, help="what changes, in a few words"
    )
    for name, summary in (
        ("status", "show at which revision schemas are, and which foreign keys have no index"),
        ("upgrade", "bring schemas to their newest revision, as the server does when it starts"),
    ):
        action(name, summary, plugin=False).add_argument(
            "plugins", nargs="*", metavar="plugin", help="only these (default: the platform and every installed plugin)"
        )
    action("downgrade", "take a plugin's schema back; data in what later revisions added is gone").add_argument(
        "revision", help='the revision to go back to, "-1" for the one before, "base" for none'
    )
    action("check", "compare a plugin's schema with its classes, and find foreign keys without an index")
    action("rehearse", "upgrade a copy of a plugin's schema, check it, and take it back").add_argument(
        "--rows", type=int, default=1000, help="how many rows of each table take part (default: 1000)"
    )
    action("dump", "write all of the embedded database to a file", plugin=False).add_argument("file", type=Path)
    action("restore", "load such a file into an empty embedded database", plugin=False).add_argument("file", type=Path)


def run(arguments: argparse.Namespace) -> int:
    """Do it and say what came of it."""
    return trio.run(_ACTIONS[arguments.action], base_directory(arguments.home), arguments)


async def _revision(base: Path, arguments: argparse.Namespace) -> int:
    from peek_trio.storage import make_revision

    manifest, metadata = _declared(arguments.plugin, "revision")
    assert manifest.storage is not None
    versions = manifest.storage.versions_dir
    async with _scratch_server(base) as url:
        written = await trio.to_thread.run_sync(
            lambda: make_revision(metadata, manifest.schema, versions, arguments.message, url)
        )
    print(written or f"The migrations of {arguments.plugin} are up to date; nothing was written.")
    return 0


async def _status(base: Path, arguments: argparse.Namespace) -> int:
    from peek_trio.storage.foreign_keys import unindexed_keys
    from peek_trio.storage.upgrade import SchemaStatus, status

    def look(engine: "Engine", schema: str, versions: Path) -> tuple[SchemaStatus, list[str]]:
        found = status(engine, schema, versions)
        with engine.connect() as connection:
            return found, [str(key) for key in unindexed_keys(connection, schema)]

    behind = False
    async with _engine(base) as engine:
        for schema, versions in _schemas(arguments.plugins).items():
            found, unindexed = await trio.to_thread.run_sync(look, engine, schema, versions)
            behind = behind or found.unknown or bool(found.pending)
            remark = "up to date"
            if found.unknown:
                remark = f"newer than the code, whose newest is {found.newest}"
            elif found.pending:
                remark = f"to come: {', '.join(found.pending)}"
            print(f"{schema:<32} {found.current or 'nothing':<16} {remark}")
            print("".join(f"    {key}\n" for key in unindexed), end="")
    return 1 if behind else 0


async def _upgrade(base: Path, arguments: argparse.Namespace) -> int:
    from peek_trio.storage import migrate

    async with _engine(base) as engine:
        for schema, versions in _schemas(arguments.plugins).items():
            revision = await trio.to_thread.run_sync(migrate, engine, schema, versions)
            print(f"{schema} is at {revision}.")
    return 0


async def _downgrade(base: Path, arguments: argparse.Namespace) -> int:
    from peek_trio.storage import downgrade

    manifest = _stored(arguments.plugin)
    assert manifest.storage is not None
    versions = manifest.storage.versions_dir
    async with _engine(base, alone=True) as engine:
        revision = await trio.to_thread.run_sync(downgrade, engine, manifest.schema, versions, arguments.revision)
    print(f"{manifest.schema} is at {revision or 'nothing'}. The server upgrades it again when it starts the plugin.")
    return 0


async def _check(base: Path, arguments: argparse.Namespace) -> int:
    from peek_trio.storage.drift import drift
    from peek_trio.storage.foreign_keys import unindexed_keys

    manifest, metadata = _declared(arguments.plugin, "check")

    def look(engine: "Engine") -> list[str]:
        with engine.connect() as connection:
            return [
                *drift(connection, manifest.schema, metadata),
                *map(str, unindexed_keys(connection, manifest.schema)),
            ]

    async with _engine(base) as engine:
        found = await trio.to_thread.run_sync(look, engine)
    print("\n".join(found) or f"{manifest.schema} is what its classes say, and every foreign key has an index.")
    return 1 if found else 0


async def _rehearse(base: Path, arguments: argparse.Namespace) -> int:
    from peek_trio.storage import rehearse

    manifest, metadata = _declared(arguments.plugin, "rehearse")
    assert manifest.storage is not None
    versions = manifest.storage.versions_dir
    async with _engine(base) as engine:
        report = await trio.to_thread.run_sync(
            lambda: rehearse(engine, manifest.schema, versions, metadata, rows=arguments.rows)
        )
    print("\n".join(report.lines()))
    return 0 if report.good else 1


async def _dump(base: Path, arguments: argparse.Namespace) -> int:
    from peek_trio.storage.embedded.transfer import dump

    return await _transfer(base, dump, arguments.file, f"The database is in {arguments.file}.")


async def _restore(base: Path, arguments: argparse.Namespace) -> int:
    from peek_trio.storage.embedded.transfer import restore

    return await _transfer(base, restore, arguments.file, f"The database has what was in {arguments.file}.")


async def _transfer(base: Path, transfer: Callable[[Path, Path], None], file: Path, done: str) -> int:
    if _connect_url(base):
        raise ConfigError(
            "The server of this home uses the database that sqlalchemy.connectUrl names. Use pg_dump and pg_restore of that server."
        )
    async with _embedded(base):
        await trio.to_thread.run_sync(transfer, home_of("server", base), file)
    print(done)
    return 0


_ACTIONS = {
    "revision": _revision,
    "status": _status,
    "upgrade": _upgrade,
    "downgrade": _downgrade,
    "check": _check,
    "rehearse": _rehearse,
    "dump": _dump,
    "restore": _restore,
}


@asynccontextmanager
async def _engine(base: Path, *, alone: bool = False) -> AsyncIterator["Engine"]:
    """The server's database. `alone`: not while the server has its embedded PostgreSQL running."""
    from peek_trio.storage import open_engine

    async with _url(base, alone=alone) as url:
        engine = open_engine(url, pool_size=2)
        try:
            yield engine
        finally:
            engine.dispose()


@asynccontextmanager
async def _url(base: Path, *, alone: bool) -> AsyncIterator[str]:
    if url := _connect_url(base):
        yield url
        return
    async with _embedded(base, alone=alone) as url:
        yield url


@asynccontextmanager
async def _embedded(base: Path, *, alone: bool = False) -> AsyncIterator[str]:
    from peek_trio.nursery.layers import layer
    from peek_trio.storage import EmbeddedPostgres

    postgres = EmbeddedPostgres(home_of("server", base))
    running = await trio.to_thread.run_sync(postgres.running_url)
    if running is None:
        async with layer(postgres.run) as url:
            yield url
    elif alone:
        raise PeekError("The server is running. Stop it first: its plugins expect their tables as they are.")
    else:
        yield running


@asynccontextmanager
async def _scratch_server(base: Path) -> AsyncIterator[str]:
    """The configured database server if there is one, else an embedded one that is gone afterwards."""
    from peek_trio.nursery.layers import layer
    from peek_trio.storage import EmbeddedPostgres

    if url := _connect_url(base):
        yield url
        return
    with tempfile.TemporaryDirectory(prefix="peek-scratch-") as home:
        async with layer(EmbeddedPostgres(Path(home), fsync=False, reserve=0).run) as url:
            yield url


def _connect_url(base: Path) -> str:
    return load("server", base).sqlalchemy.connect_url if (home_of("server", base) / "config.json").exists() else ""


def _schemas(plugins: list[str]) -> dict[str, Path]:
    """The schemas of these plugins, or the platform's and those of every installed plugin that has tables; where their revisions are."""
    from peek_trio.plugin import InstalledPlugins
    from peek_trio.storage.upgrade import PLATFORM_SCHEMA, PLATFORM_VERSIONS

    if plugins:
        manifests = [_stored(name) for name in plugins]
    else:
        installed = InstalledPlugins()
        manifests = [installed.manifest(name) for name in installed.names()]
    places = {} if plugins else {PLATFORM_SCHEMA: PLATFORM_VERSIONS}
    return places | {found.schema: found.storage.versions_dir for found in manifests if found.storage is not None}


def _manifest(plugin: str) -> "Manifest":
    from peek_trio.plugin import Manifest

    return Manifest.read(plugin)


def _stored(plugin: str) -> "Manifest":
    """The manifest of a plugin that has tables."""
    manifest = _manifest(plugin)
    if manifest.storage is None:
        raise ConfigError(f"{plugin} has no tables: its plugin_package.json has no storage.alembicDir.")
    return manifest


def _declared(plugin: str, action: str) -> "tuple[Manifest, MetaData]":
    """The manifest of a plugin, and the metadata that its classes declare."""
    manifest = _manifest(plugin)
    if manifest.storage is None or not manifest.storage.metadata:
        file = manifest.root / "plugin_package.json"
        raise ConfigError(f'{file}: db {action} needs storage.alembicDir and storage.metadata ("module:attribute").')
    return manifest, _attribute(manifest.storage.metadata, plugin)


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
