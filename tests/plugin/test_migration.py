"""The server brings a plugin's tables up to date before it loads the plugin."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from peek_trio.testing import platform

from .shop import FILES, MANIFEST, MIGRATION, NAME

WritePlugin = Callable[..., Path]


async def test_tables_are_there_when_the_plugin_loads(write_plugin: WritePlugin, database_url: str) -> None:
    counts = """
        from peek_trio import hookimpl
        from ..tables import Item

        @hookimpl
        async def peek_load(ctx):
            assert await ctx.storage.run(lambda session: session.query(Item).count(), read_only=True) == 2
    """
    write_plugin(NAME, manifest=MANIFEST, files=FILES, server=counts)

    async with platform(plugins=[NAME], database_url=database_url) as peek:
        assert peek.server.status(NAME).reason == ""
        assert peek.server.status(NAME).state == "started"


async def test_a_second_start_finds_them_as_they_are(write_plugin: WritePlugin, database_url: str) -> None:
    write_plugin(NAME, manifest=MANIFEST, files=FILES)

    for _ in range(2):
        async with platform(plugins=[NAME], database_url=database_url) as peek:
            assert peek.server.status(NAME).state == "started"


async def test_a_broken_migration_fails_the_plugin_with_its_reason(
    write_plugin: WritePlugin, database_url: str
) -> None:
    broken = {**FILES, "_private/alembic/versions/0001_items.py": MIGRATION.replace('"item",', '"item", 1 / 0,')}
    write_plugin(NAME, manifest=MANIFEST, files=broken)

    async with platform(plugins=[NAME], database_url=database_url, all_start=False) as peek:
        status = peek.server.status(NAME)

    assert status.state == "failed"
    assert status.reason.startswith("Its tables cannot be brought up to date: ")
    assert "division by zero" in status.reason


async def test_a_server_without_a_database_says_so(write_plugin: WritePlugin) -> None:
    write_plugin(NAME, manifest=MANIFEST, files=FILES)

    async with platform(plugins=[NAME], all_start=False) as peek:
        status = peek.server.status(NAME)

    assert (status.state, status.reason) == (
        "failed",
        "Its tables cannot be brought up to date: This server runs without a database.",
    )


async def test_a_plugin_that_misses_the_database_for_a_moment_is_started_again(
    write_plugin: WritePlugin, database_url: str
) -> None:
    unlucky = """
        from peek_trio import DatabaseUnavailable, hookimpl

        attempts = []

        @hookimpl
        async def peek_start(ctx):
            attempts.append(1)
            if len(attempts) == 1:
                raise DatabaseUnavailable("The database is away.")
            ctx.publish(attempts)
    """
    write_plugin(NAME, manifest=MANIFEST, files=FILES, server=unlucky)

    async with platform(plugins=[NAME], database_url=database_url) as peek:
        status = peek.server.status(NAME)

    assert (status.state, status.restarts) == ("started", 1)
