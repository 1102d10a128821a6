"""tuples typescript: written, printed, or compared."""

from pathlib import Path

import pytest

from peek_trio.cli import run


def test_the_interfaces_of_a_plugin_are_printed(kiosk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["tuples", "typescript", "peek_plugin_kiosk"]) == 0
    text = capsys.readouterr().out
    assert "interface Offer" in text
    assert '"peek_plugin_kiosk.Offer"' in text


def test_a_written_file_is_up_to_date_until_the_plugin_changes(
    tmp_path: Path, kiosk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "web" / "tuples.ts"
    argv = ["tuples", "typescript", "peek_plugin_kiosk", "--out", str(out)]
    assert run([*argv, "--check"]) == 1
    assert f"{out} is missing" in capsys.readouterr().out
    assert run(argv) == 0
    assert run([*argv, "--check"]) == 0
    out.write_text("// edited by hand\n")
    capsys.readouterr()
    assert run([*argv, "--check"]) == 1
    assert capsys.readouterr().out == f"{out} is out of date: run the command without --check.\n"


def test_check_needs_a_file_to_compare_with(kiosk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["tuples", "typescript", "peek_plugin_kiosk", "--check"]) == 2
    assert capsys.readouterr().err == "peek: --check needs --out FILE, the file to compare with.\n"


def test_a_plugin_that_is_not_there_is_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["tuples", "typescript", "peek_plugin_nowhere"]) == 2
    assert "peek_plugin_nowhere" in capsys.readouterr().err
