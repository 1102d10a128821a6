"""The server's database: the embedded PostgreSQL, or the one that `sqlalchemy.connectUrl` names."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from peek_trio.config import DatabaseConfig, home_of
from peek_trio.errors import PeekError
from peek_trio.nursery.layers import layer
from peek_trio.nursery.supervision import UNTIRING, supervise
from peek_trio.plugin.restart import RestartBudget
from peek_trio.storage import Database, EmbeddedPostgres

logger = logging.getLogger(__name__)


@asynccontextmanager
async def server_database(config: DatabaseConfig, home: Path) -> AsyncIterator[Database]:
    """The database, not yet known to be reachable; closed, and the embedded PostgreSQL stopped, after the block."""
    if config.connect_url:
        async with _closing(config.connect_url, config) as database:
            yield database
    else:
        embedded, budget = EmbeddedPostgres(home), RestartBudget(most=UNTIRING)
        async with layer(supervise, embedded.run, budget, tell=_tell) as url, _closing(url, config) as database:
            yield database


@asynccontextmanager
async def _closing(url: str, config: DatabaseConfig) -> AsyncIterator[Database]:
    database = Database(url, slow_after=config.slow_query_seconds)
    try:
        yield database
    finally:
        await database.close()


def _tell(failures: ExceptionGroup[Exception], wait: float) -> None:
    logger.error(
        "The embedded PostgreSQL ended and starts again in %.1f s: %s", wait, failures.exceptions[0], exc_info=failures
    )


async def stop_leftover_database(base: Path) -> None:
    """End the embedded PostgreSQL of a server that could not do so itself because it was killed."""
    try:
        await EmbeddedPostgres(home_of("server", base)).stop_leftover()
    except PeekError as error:
        logger.warning("%s", error)
