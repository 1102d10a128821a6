"""What errors of the database mean."""

from __future__ import annotations

import psycopg
import pytest
from psycopg import errors
from sqlalchemy.exc import DBAPIError, OperationalError

from peek_trio.errors import DatabaseUnavailable, StorageFull
from peek_trio.storage.driver_errors import explained, is_conflict, is_interruption, is_misfit, sqlstate_of


def wrapped(error: psycopg.Error) -> DBAPIError:
    return DBAPIError.instance("select", None, error, psycopg.Error)  # type: ignore[return-value]


@pytest.mark.parametrize(
    "error",
    [
        psycopg.OperationalError("connection failed: Connection refused"),
        errors.AdminShutdown(),
        errors.CrashShutdown(),
        errors.CannotConnectNow(),
        errors.TooManyConnections(),
        errors.ConnectionFailure(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_one_that_went_away_is_unavailable(error: psycopg.Error) -> None:
    for one in (error, wrapped(error)):
        assert type(explained(one)) is DatabaseUnavailable


@pytest.mark.parametrize(
    "error", [errors.DiskFull(), errors.ReadOnlySqlTransaction()], ids=lambda error: type(error).__name__
)
def test_one_without_room_is_full(error: psycopg.Error) -> None:
    for one in (error, wrapped(error)):
        assert type(explained(one)) is StorageFull


def test_a_refusal_to_write_is_the_callers_own_when_it_asked_for_no_more_than_reading() -> None:
    assert explained(errors.ReadOnlySqlTransaction(), read_only=True) is None
    assert type(explained(errors.DiskFull(), read_only=True)) is StorageFull


@pytest.mark.parametrize(
    "error",
    [errors.UniqueViolation(), errors.SyntaxError(), errors.InvalidPassword(), ValueError()],
    ids=lambda error: type(error).__name__,
)
def test_a_mistake_stays_what_it_is(error: Exception) -> None:
    assert explained(error) is None


def test_conflicts_interruptions_and_misfits_are_told_apart() -> None:
    kinds = {
        is_conflict: (errors.DeadlockDetected(), errors.SerializationFailure()),
        is_interruption: (errors.QueryCanceled(),),
        is_misfit: (errors.NumericValueOutOfRange(), psycopg.DataError("NUL")),
    }
    for test in kinds:
        for kind, examples in kinds.items():
            for error in examples:
                assert test(error) is test(wrapped(error)) is (kind is test), (test, error)


def test_the_sentence_has_the_reason_and_not_the_place() -> None:
    refused = psycopg.OperationalError(
        'connection to server on socket "/secret/.s" failed: FATAL:  shutting down\nmore'
    )
    assert str(explained(OperationalError("", None, refused))) == "The database is not reachable: shutting down."


def test_what_is_no_error_of_the_database_has_no_state() -> None:
    assert sqlstate_of(ValueError()) is None
    assert sqlstate_of(wrapped(errors.DiskFull())) == "53100"
