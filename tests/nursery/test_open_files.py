from __future__ import annotations

import resource
from collections.abc import Iterator

import pytest

from peek_trio.nursery.open_files import allow_open_files


@pytest.fixture
def limits() -> Iterator[tuple[int, int]]:
    """The limits of this process, as they are again after the test."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    yield before
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_the_limit_is_raised_as_far_as_it_may_be(limits: tuple[int, int]) -> None:
    _, hard = limits
    resource.setrlimit(resource.RLIMIT_NOFILE, (512, hard))
    assert allow_open_files(1000) == resource.getrlimit(resource.RLIMIT_NOFILE)[0] == 1000
    if hard != resource.RLIM_INFINITY:
        assert allow_open_files(hard + 1) == hard


def test_a_limit_that_is_higher_stays(limits: tuple[int, int]) -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (900, limits[1]))
    assert allow_open_files(600) == resource.getrlimit(resource.RLIMIT_NOFILE)[0] == 900
