"""Where log lines go: one rotating file for each service, and the terminal.

The file has everything, tracebacks included. The terminal has short lines without tracebacks: all of them when a
service runs alone, only warnings and progress when a supervisor forwards them. Every line of the file names the trace
of the request that was being worked for, so that one request can be followed through the logs of all services.
"""

import contextvars
import logging
import sys
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import TextIO

from peek_trio.config.keys import LoggingConfig
from peek_trio.errors import ConfigError

FILE_BYTES = 20 * 1024 * 1024
FILES_KEPT = 2
"""Rotated files kept beside the current one."""

current_trace: contextvars.ContextVar[str] = contextvars.ContextVar("current_trace", default="")
"""The trace of the request that this task works for, 16 hexadecimal digits; "" when it works for none (`docs/admin.md`)."""

progress = logging.getLogger("peek_trio.progress")
"""Tells people on the terminal, at INFO, what a start is waiting for."""


def log_file(service: str, base: Path) -> Path:
    """The path of a service's log."""
    return base / f"peek-{service}.log"


def configure(service: str, home: Path, config: LoggingConfig, *, console: bool) -> None:
    """Send this process's log records to `peek-<service>.log` beside `home`, and to stderr.

    `console` False keeps stderr to warnings and progress. What an earlier call installed is replaced.
    Raises ConfigError when the file cannot be opened.
    """
    release()
    path = log_file(service, home.parent)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = RotatingFileHandler(path, maxBytes=FILE_BYTES, backupCount=FILES_KEPT, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"The log {path} cannot be opened: {error.strerror}.") from None
    file.setFormatter(
        logging.Formatter("%(asctime)s.%(msecs)03d %(levelname)-8s %(trace)s %(name)s  %(message)s", _DATE)
    )
    terminal = _Terminal(sys.stderr, complete=console)
    root = logging.getLogger()
    file.addFilter(with_trace)
    for handler in (file, terminal):
        root.addHandler(handler)
        _installed.append(handler)
    root.setLevel(config.level)
    progress.setLevel(logging.INFO)
    for name, level in (_TALKATIVE | dict(config.levels)).items():
        logging.getLogger(name).setLevel(level)
        _levelled.append(name)
    logging.captureWarnings(True)
    logging.raiseExceptions = False  # a terminal that went away must not bring a service down


def release() -> None:
    """Undo `configure`: close its handlers and forget its levels."""
    root = logging.getLogger()
    while _installed:
        handler = _installed.pop()
        root.removeHandler(handler)
        handler.close()
    while _levelled:
        logging.getLogger(_levelled.pop()).setLevel(logging.NOTSET)
    logging.captureWarnings(False)


def with_trace(record: logging.LogRecord) -> bool:
    """A filter for handlers: gives every record its `trace`, "-" when there is none. One that the record came with stays."""
    if not hasattr(record, "trace"):
        record.trace = current_trace.get() or "-"
    return True


class _Terminal(logging.StreamHandler[TextIO]):
    """Short lines for people; whoever needs the traceback finds it in the file."""

    def __init__(self, stream: TextIO, *, complete: bool) -> None:
        super().__init__(stream)
        self._complete = complete

    def filter(self, record: logging.LogRecord) -> bool:
        return self._complete or record.levelno >= logging.WARNING or record.name == progress.name

    def format(self, record: logging.LogRecord) -> str:
        message = record.getMessage()
        return message if record.name == progress.name else f"{record.levelname:<8} {message}"


# The logging module is global; this is the account of what we did to it.
_installed: list[logging.Handler] = []
_levelled: list[str] = []
_TALKATIVE = {"alembic": "WARNING"}
_DATE = "%Y-%m-%d %H:%M:%S"
