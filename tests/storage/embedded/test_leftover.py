"""Telling whether a PostgreSQL was left behind."""

import os
from pathlib import Path

import pytest

from peek_trio.storage.embedded.leftover import postmaster_of, stop_leftover


def test_without_a_lock_file_there_is_none(tmp_path: Path) -> None:
    assert postmaster_of(tmp_path) is None


@pytest.mark.parametrize("text", ["", "no number\n", "-1\n", "999999999\n"])
def test_a_lock_file_that_names_no_process_is_not_believed(tmp_path: Path, text: str) -> None:
    (tmp_path / "postmaster.pid").write_text(text)
    assert postmaster_of(tmp_path) is None


async def test_a_process_that_is_no_postgres_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "postmaster.pid").write_text(f"{os.getpid()}\n")
    await stop_leftover(tmp_path)
    assert postmaster_of(tmp_path) is None
