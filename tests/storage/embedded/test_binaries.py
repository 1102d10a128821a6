"""PostgreSQL's programs."""

import subprocess
from pathlib import Path

from peek_trio.storage.embedded.binaries import copied, installed


def test_the_newest_version_is_found_and_runs() -> None:
    binaries = installed()
    said = subprocess.run([binaries.postgres, "--version"], capture_output=True, text=True, check=True).stdout
    assert f"PostgreSQL) {binaries.major}." in said


def test_a_copy_runs_where_it_is_and_is_made_once(tmp_path: Path) -> None:
    copy = copied(installed(), tmp_path)
    for program in (copy.initdb, copy.postgres):
        subprocess.run([program, "--version"], check=True, capture_output=True)
    assert copy.postgres.is_relative_to(tmp_path)
    assert copy.postgres.stat().st_mode & 0o777 == 0o755
    assert (copy.root / "share").stat().st_mode & 0o777 == 0o755
    made = copy.root.stat().st_ino
    assert copied(installed(), tmp_path).root.stat().st_ino == made
    assert [path.name for path in tmp_path.iterdir()] == [copy.root.relative_to(tmp_path).parts[0]]
