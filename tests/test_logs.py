"""logs: everything in a rotating file, short lines on the terminal."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from peek_trio import logs
from peek_trio.config import LoggingConfig
from peek_trio.errors import ConfigError


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    root = logging.getLogger()
    level, raising = root.level, logging.raiseExceptions
    yield tmp_path / "peek-agent.home"
    logs.release()
    root.setLevel(level)
    logging.raiseExceptions = raising


def test_the_file_has_the_traceback_and_the_terminal_has_not(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("agent", home, LoggingConfig(), console=True)
    try:
        raise KeyError("inner cause")
    except KeyError:
        logging.getLogger("somewhere").exception("It failed.")
    written = (home.parent / "peek-agent.log").read_text()
    assert "ERROR    - somewhere  It failed." in written
    assert "inner cause" in written
    assert capsys.readouterr().err == "ERROR    It failed.\n"


def test_every_line_of_the_file_names_the_trace_of_what_was_worked_for(home: Path) -> None:
    logs.configure("agent", home, LoggingConfig(), console=False)
    log = logging.getLogger("somewhere")
    token = logs.current_trace.set("0123456789abcdef")
    log.info("for a request")
    log.info("for another", extra={"trace": "fedcba9876543210"})
    logs.current_trace.reset(token)
    log.info("for none")
    lines = (home.parent / "peek-agent.log").read_text().splitlines()
    assert [line.partition("INFO     ")[2] for line in lines] == [
        "0123456789abcdef somewhere  for a request",
        "fedcba9876543210 somewhere  for another",
        "- somewhere  for none",
    ]


def test_levels_hold_for_everything_and_for_single_loggers(home: Path) -> None:
    logs.configure("agent", home, LoggingConfig("WARNING", {"chatty": "DEBUG"}), console=True)
    logging.getLogger("quiet").info("not this")
    logging.getLogger("chatty.inner").debug("but this")
    written = (home.parent / "peek-agent.log").read_text()
    assert "not this" not in written
    assert "but this" in written


def test_a_supervised_service_forwards_warnings_and_progress_only(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.configure("agent", home, LoggingConfig(), console=False)
    logging.getLogger("any").info("routine")
    logging.getLogger("any").warning("take care")
    logs.progress.info("waiting for the database")
    assert capsys.readouterr().err == "WARNING  take care\nwaiting for the database\n"
    assert "routine" in (home.parent / "peek-agent.log").read_text()


def test_progress_is_shown_at_every_level(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("agent", home, LoggingConfig("ERROR"), console=False)
    logs.progress.info("waiting")
    assert capsys.readouterr().err == "waiting\n"


def test_the_file_rotates_and_two_old_ones_are_kept(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "FILE_BYTES", 1000)
    logs.configure("agent", home, LoggingConfig(), console=False)
    for number in range(100):
        logging.getLogger("any").info("line %d of some length", number)
    assert sorted(path.name for path in home.parent.iterdir()) == [
        "peek-agent.log",
        "peek-agent.log.1",
        "peek-agent.log.2",
    ]


def test_release_forgets_handlers_and_levels(home: Path) -> None:
    before = list(logging.getLogger().handlers)
    logs.configure("agent", home, LoggingConfig("INFO", {"chatty": "DEBUG"}), console=True)
    logs.release()
    assert logging.getLogger().handlers == before
    assert logging.getLogger("chatty").level == logging.NOTSET


def test_a_log_that_cannot_be_opened_is_a_sentence(home: Path) -> None:
    (home.parent / "peek-agent.log").mkdir()
    with pytest.raises(ConfigError, match=r"The log .*peek-agent\.log cannot be opened: Is a directory\."):
        logs.configure("agent", home, LoggingConfig(), console=False)
