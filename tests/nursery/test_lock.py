"""lock: one holder for one directory."""

import os
from pathlib import Path

import pytest

from peek_trio.errors import ConfigError
from peek_trio.nursery.lock import only_one


def test_a_second_holder_is_refused_and_told_who_holds_it(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "peek-up.lock"
    told = rf"`up` runs already \(process {os.getpid()}, lock {path}\)"
    with only_one(path, "`up`"), pytest.raises(ConfigError, match=told), only_one(path, "`up`"):
        pytest.fail("it was let in")


def test_the_next_holder_may_follow(tmp_path: Path) -> None:
    path = tmp_path / "peek-up.lock"
    for _ in range(2):
        with only_one(path, "`up`"):
            assert path.read_text() == f"{os.getpid()}\n"
