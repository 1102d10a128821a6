"""Several statements in one message."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from peek_trio.storage import engine_url
from peek_trio.storage.one_message import exchange, literal
from tests.storage.conftest import end_backend


@pytest.fixture
def driver(database_url: str) -> Iterator[psycopg.Connection[Any]]:
    plain = engine_url(database_url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True) as connection:
        yield connection


def test_the_last_result_is_returned(driver: psycopg.Connection[Any]) -> None:
    assert exchange(driver, b"begin", b"select 1", b"select 2").get_value(0, 0) == b"2"
    assert driver.pgconn.transaction_status == psycopg.pq.TransactionStatus.INTRANS


def test_it_stops_at_the_first_that_fails(driver: psycopg.Connection[Any]) -> None:
    with pytest.raises(psycopg.errors.DivisionByZero):
        exchange(driver, b"begin", b"select 1 / 0", b"commit")
    assert driver.pgconn.transaction_status == psycopg.pq.TransactionStatus.INERROR


def test_a_lost_connection_is_an_operational_error(driver: psycopg.Connection[Any], database_url: str) -> None:
    end_backend(database_url, driver.info.backend_pid)
    with pytest.raises(psycopg.OperationalError):
        exchange(driver, b"select 1")
    with pytest.raises(psycopg.OperationalError) as caught:
        exchange(driver, b"select 1")
    assert caught.value.sqlstate is None


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), raw=st.binary())
def test_any_value_comes_back_as_it_was_written(driver: psycopg.Connection[Any], text: str, raw: bytes) -> None:
    result = exchange(driver, b"select " + literal(driver, text) + b", " + literal(driver, raw))
    assert result.get_value(0, 0) == text.encode()
    assert result.get_value(0, 1) == b"\\x" + raw.hex().encode()


def test_a_text_with_a_zero_in_it_is_a_data_error(driver: psycopg.Connection[Any]) -> None:
    with pytest.raises(psycopg.DataError):
        literal(driver, "a\0b")
