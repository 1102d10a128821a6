"""lock: one holder for one directory."""

import os
import threading
from pathlib import Path

import pytest

from peek_trio.errors import ConfigError
from peek_trio.nursery.lock import only_one


def test_a_second_holder_is_refused_and_told_who_holds_it(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "peek-up.lock"
    told = rf"`up` runs already \(process {os.getpid()}, lock {path}\)"
    with only_one(path, "`up`"), pytest.raises(ConfigError, match=told), only_one(path, "`up`"):
        pytest.fail("it was let in")


def test_a_holder_that_is_about_to_end_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "service.lock"
    held, leave = threading.Event(), threading.Event()

    def hold() -> None:
        with only_one(path, "The agent"):
            held.set()
            leave.wait(10)

    holder = threading.Thread(target=hold)
    holder.start()
    assert held.wait(10)
    threading.Timer(0.05, leave.set).start()
    with only_one(path, "The agent", patience=10):
        assert leave.is_set()
    holder.join()


def test_a_lock_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "service.lock").mkdir()
    with (
        pytest.raises(ConfigError, match=rf"The lock {tmp_path}/service\.lock cannot be made: Is a directory\."),
        only_one(tmp_path / "service.lock", "The agent"),
    ):
        pytest.fail("it was let in")


def test_the_next_holder_may_follow(tmp_path: Path) -> None:
    path = tmp_path / "peek-up.lock"
    for _ in range(2):
        with only_one(path, "`up`"):
            assert path.read_text() == f"{os.getpid()}\n"
