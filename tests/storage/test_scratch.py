"""A database for a moment."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest
import sqlalchemy as sa

from peek_trio.errors import DatabaseUnavailable
from peek_trio.storage import open_engine
from peek_trio.storage.scratch import scratch_database
from tests.storage.test_revision import databases

KILLED = """
import os, signal, sys
from peek_trio.storage.scratch import scratch_database

with scratch_database(sys.argv[1]) as engine:
    print(engine.url.database, flush=True)
    sys.stdin.readline()
"""


def scratches(url: str) -> set[str]:
    return {name for name in databases(url) if name.startswith("peek_scratch_")}


def test_it_is_empty_and_gone_afterwards(database_url: str) -> None:
    with scratch_database(database_url) as engine:
        assert engine.url.database in scratches(database_url)
        assert sa.inspect(engine).get_schema_names() == ["information_schema", "public"]
    assert engine.url.database not in scratches(database_url)


def test_it_is_gone_after_an_error_too_even_while_others_use_it(database_url: str) -> None:
    def fail(scratch: sa.URL) -> None:
        with open_engine(scratch).connect() as connection:
            used.append(connection)
            raise ValueError("no")

    used: list[sa.Connection] = []
    with pytest.raises(ValueError, match="no"), scratch_database(database_url) as engine:
        fail(engine.url)
    assert engine.url.database not in scratches(database_url)
    used[0].engine.dispose()


def test_that_of_a_killed_process_is_cleared_away_by_the_next_and_no_other(
    database_url: str, empty_database_url: str
) -> None:
    with (
        scratch_database(database_url) as mine,
        subprocess.Popen(
            [sys.executable, "-c", KILLED, database_url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as process,
    ):
        assert process.stdout is not None
        forgotten = process.stdout.readline().strip()
        with scratch_database(empty_database_url) as another:  # whoever uses another database of the same server
            assert {mine.url.database, another.url.database, forgotten} <= scratches(database_url)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        while forgotten in scratches(database_url):  # the server notices the end of its connection in its own time
            with scratch_database(database_url):
                assert mine.url.database in scratches(database_url)


def test_a_server_that_is_not_there_is_said_to_be() -> None:
    with pytest.raises(DatabaseUnavailable), scratch_database("postgresql://peek@127.0.0.1:1/peek"):
        pytest.fail("there is none")
