"""A pool of real subprocesses over `task_examples`, which lies beside the tests and is importable here and there."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import trio

from peek_trio.tasks import TaskPool

sys.path.append(str(Path(__file__).parent))


@pytest.fixture
async def pool(nursery: trio.Nursery) -> TaskPool:
    """A pool of two processes, without a database."""
    pool = TaskPool(size=2, preload=["task_examples"], database_url=None)
    await nursery.start(pool.run)
    return pool
