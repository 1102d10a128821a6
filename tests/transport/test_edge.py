"""Errors and policies at the edge of a plugin."""

from __future__ import annotations

import pytest

from peek_trio.errors import Rejected, TaskFailed
from peek_trio.transport.edge import core_of, expected
from peek_trio.transport.jitter import full_jitter


def test_the_only_error_of_a_group_is_what_counts() -> None:
    error = Rejected("no")
    assert core_of(error) is error
    assert core_of(ExceptionGroup("outer", [ExceptionGroup("inner", [error])])) is error


def test_of_several_errors_ours_is_what_counts() -> None:
    error = Rejected("no")
    assert core_of(ExceptionGroup("both", [ValueError(), error])) is error
    group = ExceptionGroup("both", [ValueError(), KeyError()])
    assert core_of(group) is group


@pytest.mark.parametrize(
    ("error", "is_expected"), [(Rejected("no"), True), (TaskFailed("no"), True), (KeyError(), False)]
)
def test_only_faults_belong_in_a_log(error: Exception, is_expected: bool) -> None:
    assert expected(error) is is_expected


def test_backoff_doubles_up_to_its_bound_and_always_waits() -> None:
    for failures, bound in (1, 0.5), (2, 1), (4, 4), (10, 60), (10_000, 60):
        waits = [full_jitter(failures, first=0.5, longest=60) for _ in range(200)]
        assert min(waits) >= bound / 10
        assert max(waits) <= bound
        assert max(waits) > bound / 2
