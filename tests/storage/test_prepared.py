"""Prepared statements: made once for a connection, anew after a while, and again when they have been forgotten."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
import sqlalchemy as sa

from peek_trio.storage import Database
from peek_trio.storage.one_message import exchange
from peek_trio.storage.prepared import PLANNED_FOR, Prepared
from peek_trio.storage.unit_of_work import UnitOfWork

SUM = Prepared(b"peek_sum", b"select $1::int + $2::int")


def prepared_at(driver: psycopg.Connection[Any]) -> bytes | None:
    return exchange(driver, b"select prepare_time from pg_prepared_statements where name = 'peek_sum'").get_value(0, 0)


def execute(unit: UnitOfWork, memory: dict[Any, Any]) -> bytes | None:
    result = SUM.begin_with(unit.driver, memory, b"1, 2").get_value(0, 0)
    exchange(unit.driver, b"rollback")
    return result


async def test_it_is_executed_with_its_values(database: Database) -> None:
    assert await database._unit(lambda unit: execute(unit, {}), "sum") == b"3"


async def test_it_is_prepared_once_and_anew_after_a_while(database: Database) -> None:
    def work(unit: UnitOfWork) -> None:
        memory: dict[Any, Any] = {}
        execute(unit, memory)
        first = prepared_at(unit.driver)
        for _ in range(PLANNED_FOR - 1):
            execute(unit, memory)
        assert prepared_at(unit.driver) == first
        execute(unit, memory)
        assert prepared_at(unit.driver) not in (None, first)

    await database._unit(work, "prepare")


async def test_it_is_prepared_again_when_psycopg_has_forgotten_all(database: Database) -> None:
    """psycopg does so at a rollback, once it has prepared statements of its own."""

    def work(unit: UnitOfWork) -> None:
        memory: dict[Any, Any] = {}
        execute(unit, memory)
        for _ in range(8):
            unit.session.execute(sa.text("select :one"), {"one": 1})
        unit.session.rollback()
        assert prepared_at(unit.driver) is None
        assert execute(unit, memory) == b"3"

    await database._unit(work, "forget")


async def test_what_could_not_be_prepared_is_tried_again(database: Database) -> None:
    missing = Prepared(b"peek_missing", b"select * from nowhere")

    def work(unit: UnitOfWork) -> None:
        memory: dict[Any, Any] = {}
        for _ in range(2):
            with pytest.raises(psycopg.errors.UndefinedTable):
                missing.begin_with(unit.driver, memory, b"")

    await database._unit(work, "missing")
