"""The log of what took long: statements without their values, and units that held a connection."""

from __future__ import annotations

import re
import time
from collections.abc import AsyncIterator

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from peek_trio.storage import Database
from peek_trio.storage.engine import without_values


@pytest.fixture
async def impatient(database_url: str) -> AsyncIterator[Database]:
    """A database for which a twentieth of a second is long."""
    database = Database(database_url, slow_after=0.05)
    yield database
    await database.close()


async def test_a_slow_statement_is_told_with_its_unit_and_without_its_values(
    impatient: Database, caplog: pytest.LogCaptureFixture
) -> None:
    query = sa.text("select pg_sleep(0.1), :secret || 'written into it'")
    await impatient.run(lambda session: session.execute(query, {"secret": "s3cret"}), name="a look")
    (line,) = caplog.messages
    assert re.fullmatch(r"a look: a statement took \d\.\d\d s: select pg_sleep\(0\.1\), %\(secret\)s.* \|\| '…'", line)


async def test_a_quick_one_is_not_worth_a_line(database: Database, caplog: pytest.LogCaptureFixture) -> None:
    await database.run(lambda session: session.execute(sa.text("select 1")))
    assert not caplog.messages


async def test_a_unit_that_is_slow_between_its_statements_is_told_as_a_whole(
    impatient: Database, caplog: pytest.LogCaptureFixture
) -> None:
    def dawdle(session: Session) -> None:
        session.execute(sa.text("select 1"))
        time.sleep(0.1)  # the slowness of the work itself is what is measured here

    await impatient.run(dawdle)
    (line,) = caplog.messages
    assert re.fullmatch(
        r".*test_slow_log\..*dawdle: the unit of work took \d\.\d\d s, in 1 statements; it held a connection all the while\.",
        line,
    )


async def test_a_slow_statement_that_fails_is_told_too(impatient: Database, caplog: pytest.LogCaptureFixture) -> None:
    query = sa.text("select pg_sleep(0.1), 1 / (random() * 0)::int")
    with pytest.raises(sa.exc.DataError):
        await impatient.run(lambda session: session.execute(query))
    (line,) = caplog.messages
    assert "the unit of work took" in line


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("select 'it''s me' || $1", "select '…' || $1"),
        ("select\n  1,\n  2", "select 1, 2"),
        ("x" * 5000, "x" * 1000),
    ],
)
def test_a_statement_for_the_log_is_one_short_line_without_texts(statement: str, told: str) -> None:
    assert without_values(statement) == told
