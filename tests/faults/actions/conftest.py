"""What the faults under actions share: a seed that is told when a test fails, and the long ones left out unless they are asked for."""

from __future__ import annotations

import os
import random

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests marked `long` run where PEEK_LONG is set, as `nox -s faults` does."""
    if not os.environ.get("PEEK_LONG"):
        for item in items:
            if item.get_closest_marker("long") is not None:
                item.add_marker(pytest.mark.skip(reason="long; nox -s faults runs it"))


@pytest.fixture
def rng() -> random.Random:
    """All that is random in a test. PEEK_SEED replays the one whose seed is printed with a failure."""
    seed = int(os.environ.get("PEEK_SEED") or random.randrange(2**32))
    print(f"PEEK_SEED={seed}")  # noqa: T201 (pytest shows it where the test fails)
    return random.Random(seed)
