"""The real PostgreSQL that tests share, as plugin authors have it too: `peek_trio.testing.fixtures`."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from peek_trio.storage import Database
from peek_trio.testing.fixtures import *  # noqa: F403  # pytest finds fixtures by their names here


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A Database on `database_url`."""
    database = Database(database_url)
    try:
        yield database
    finally:
        await database.close()
