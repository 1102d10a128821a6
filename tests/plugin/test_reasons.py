"""Why a plugin failed, in one sentence."""

from __future__ import annotations

from peek_trio.errors import Rejected
from peek_trio.plugin.reasons import reason_for


def test_an_error_is_named_with_its_type() -> None:
    assert reason_for("start", ValueError("no meter")) == "Its peek_start failed: ValueError: no meter."


def test_an_error_of_the_platform_speaks_for_itself() -> None:
    assert reason_for("load", Rejected("The meter is away.")) == "Its peek_load failed: The meter is away."


def test_of_a_group_the_first_is_told_and_the_others_counted() -> None:
    group = ExceptionGroup("", [ExceptionGroup("", [KeyError("a")]), ValueError("b"), ValueError("c")])

    assert reason_for("run", group) == "One of its tasks failed: KeyError: 'a' (and 2 more)."
