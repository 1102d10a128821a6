"""Every promise names its tests, and every test that is named exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
GUARANTEES = (ROOT / "docs" / "guarantees.md").read_text(encoding="utf-8")
PROMISES = re.findall(r"^\| (?!promise |---)(.+?) \| (.+) \|$", GUARANTEES, re.MULTILINE)
TESTS = [test for _, tests in PROMISES for test in re.findall(r"`([^`]+)`", tests)]


@pytest.mark.parametrize(("promise", "tests"), PROMISES, ids=[promise[:60] for promise, _ in PROMISES])
def test_every_promise_names_a_test(promise: str, tests: str) -> None:
    assert re.fullmatch(r"`[^`]+::[^`]+`(, `[^`]+::[^`]+`)*", tests), promise


@pytest.mark.parametrize("test", TESTS)
def test_every_test_that_is_named_exists(test: str) -> None:
    path, _, name = test.partition("::")
    source = (ROOT / path).read_text(encoding="utf-8")
    if path.endswith(".ts"):
        assert f'test("{name}"' in source
    else:
        assert re.search(rf"^(async )?def {name}\(", source, re.MULTILINE)


def test_there_are_promises_for_everything_the_platform_does() -> None:
    sections = re.findall(r"^## (.+)$", GUARANTEES, re.MULTILINE)
    assert sections == [
        "Actions",
        "Live data",
        "Tables on admin pages",
        "Calls and messages",
        "Links",
        "Storage",
        "Migrations",
    ]
