"""token: what a service on another machine is given."""

from pathlib import Path

import pytest

from peek_trio.cli import run
from peek_trio.nursery.credentials import token_file, token_of


def test_the_token_of_a_kind_is_printed_and_nothing_of_the_secret(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    expected = token_of("agent", tmp_path)
    assert run(["token", "agent", "--home", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert printed.strip() == expected != token_of("worker", tmp_path)
    assert token_file("server", tmp_path).read_text().strip() not in printed


def test_without_a_server_here_it_says_where_to_run_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["token", "agent", "--home", str(tmp_path)]) == 2
    assert "Run this on the server's machine" in capsys.readouterr().err
