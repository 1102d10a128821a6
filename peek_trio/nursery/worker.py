"""The worker service: a pool of subprocesses for tasks, plugins' worker parts, and the database."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import trio

from peek_trio import logs
from peek_trio.config import WorkerConfig
from peek_trio.errors import CallError
from peek_trio.nursery.layers import layer
from peek_trio.nursery.platform_contracts import database_url
from peek_trio.nursery.satellite import ReportedPlugins, Satellite, satellite
from peek_trio.plugin import InstalledPlugins, ServiceParts, worker_modules
from peek_trio.storage import Database
from peek_trio.tasks import TaskPool, serve_tasks

PATIENCE = 60.0
"""Seconds between two lines for people about the server being away."""
ASK_AGAIN = 5.0
"""Seconds between two attempts to learn the database's address from a server that cannot tell it yet."""


async def run_worker(config: WorkerConfig, home: Path, *, task_status: trio.TaskStatus[dict[str, str]]) -> None:
    """Run the worker that lives in `home` until cancelled. Started with no addresses: a worker listens nowhere."""
    async with satellite("worker", home, config) as worker:
        url = config.sqlalchemy.connect_url or await _ask_for_database(worker)
        pool = TaskPool(
            size=config.worker.processes,
            preload=worker_modules(InstalledPlugins(), config.plugin.enabled),
            database_url=url,
        )
        async with _database(url, config.sqlalchemy.slow_query_seconds) as database, layer(pool.run):
            serve_tasks(worker.board.scope("peek"), pool, worker.registry, worker=worker.me.id)
            parts = ServiceParts(
                service="worker",
                service_id=worker.me.id,
                board=worker.board,
                registry=worker.registry,
                home=home,
                database=database,
            )
            plugins = ReportedPlugins(worker, config.plugin.enabled, parts)
            async with layer(plugins.run):
                task_status.started({})
                await trio.sleep_forever()


@asynccontextmanager
async def _database(url: str, slow_after: float) -> AsyncIterator[Database]:
    database = Database(url, slow_after=slow_after)
    try:
        async with layer(database.listen):
            yield database
    finally:
        await database.close()


async def _ask_for_database(worker: Satellite) -> str:
    """The address that the server knows; a worker can do nothing before it has it, so it asks until it is told."""
    ask = worker.board.caller(database_url, timeout=10)
    while not await worker.upstream.linked(within=PATIENCE):
        logs.progress.info("waiting for the server, to learn the address of the database")
    while True:
        try:
            return await ask()
        except CallError as error:
            logs.progress.info("the server does not tell the address of the database yet: %s", error)
            await trio.sleep(ASK_AGAIN)
