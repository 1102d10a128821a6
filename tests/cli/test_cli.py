"""cli: one sentence for what people can put right, and no room of the platform imported without need."""

import subprocess
import sys
from pathlib import Path

import pytest

from peek_trio import __version__
from peek_trio.cli import COMMANDS, run, service
from peek_trio.errors import ConfigError


def fails_with(monkeypatch: pytest.MonkeyPatch, failure: BaseException) -> None:
    def fail(arguments: object) -> int:
        raise failure

    monkeypatch.setattr(service, "run", fail)


def test_without_a_command_the_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([]) == 2
    shown = capsys.readouterr().out
    for command in COMMANDS:
        assert f"\n    {command} " in shown


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        run(["--version"])
    assert capsys.readouterr().out == f"peek-trio {__version__}\n"


@pytest.mark.parametrize("argv", [["agent", "--home", "/x"], ["--home", "/x", "agent"], ["agent", "--home=/x"]])
def test_home_may_stand_anywhere(argv: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    homes: list[str] = []
    monkeypatch.setattr(service, "run", lambda arguments: homes.append(arguments.home) or 0)
    assert run(argv) == 0
    assert homes == ["/x"]


def test_an_unknown_command_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        run(["sever"])
    assert "invalid choice: 'sever'" in capsys.readouterr().err


def test_what_people_can_put_right_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fails_with(monkeypatch, ConfigError("The port is taken."))
    assert run(["agent"]) == 2
    assert capsys.readouterr().err == "peek: The port is taken.\n"


def test_sentences_are_found_in_groups_and_told_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    taken = ConfigError("The port is taken.")
    fails_with(monkeypatch, ExceptionGroup("a", [taken, ExceptionGroup("b", [ConfigError("The port is taken.")])]))
    assert run(["agent"]) == 2
    assert capsys.readouterr().err == "peek: The port is taken.\n"


def test_a_fault_of_ours_is_not_passed_off_as_yours(monkeypatch: pytest.MonkeyPatch) -> None:
    fails_with(monkeypatch, ExceptionGroup("a", [ConfigError("x"), KeyError("y")]))
    with pytest.raises(ExceptionGroup):
        run(["agent"])


@pytest.mark.parametrize("failure", [KeyboardInterrupt(), BaseExceptionGroup("a", [KeyboardInterrupt()])])
def test_ctrl_c_is_130(failure: BaseException, monkeypatch: pytest.MonkeyPatch) -> None:
    fails_with(monkeypatch, failure)
    assert run(["agent"]) == 130


@pytest.mark.parametrize("command", ["agent", "people", "plugins", "tuples", "db"])
def test_help_costs_no_database(command: str) -> None:
    program = f"""
import sys
from peek_trio.cli import run
try:
    run([{command!r}, "--help"])
except SystemExit:
    pass
print([name for name in ("sqlalchemy", "hypercorn", "wsproto") if name in sys.modules])
"""
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_every_command_is_explained_to_operators() -> None:
    guide = (Path(__file__).parents[2] / "docs/admin.md").read_text("utf-8")
    for command in COMMANDS:
        assert f"python -m peek_trio {command}" in guide
