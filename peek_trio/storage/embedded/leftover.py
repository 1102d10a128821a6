"""A PostgreSQL that an earlier run left behind when it was killed.

It still holds the data directory, so it is found by the lock file it keeps there, asked to shut down, and waited for.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
from pathlib import Path

import trio

from peek_trio.errors import StorageError

__all__ = ["others_of", "postmaster_of", "stop_leftover"]

log = logging.getLogger(__name__)

_FAST, _AT_ONCE = 10.0, 5.0  # seconds


def postmaster_of(data: Path) -> int | None:
    """The process id of the PostgreSQL that serves `data`, or None.

    The number in the lock file is believed only if that process is a postgres working in `data`: numbers are used again.
    """
    try:
        pid = int((data / "postmaster.pid").read_text().split("\n", 1)[0])
    except (OSError, ValueError):
        return None
    return pid if pid > 0 and _is_postgres_in(Path(f"/proc/{pid}"), data) else None


def others_of(data: Path) -> list[int]:
    """The process ids of PostgreSQL's other processes in `data`, which outlive a killed postmaster while they are busy.

    A new one does not start before they are gone: they still write to its memory and files.
    """
    return [
        int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit() and _is_postgres_in(entry, data)
    ]


def _is_postgres_in(process: Path, data: Path) -> bool:
    try:
        program = Path(os.readlink(process / "exe")).name.removesuffix(" (deleted)")
        return program == "postgres" and (process / "cwd").resolve() == data.resolve()
    except OSError:
        return False


async def stop_leftover(data: Path) -> None:
    """Stops the PostgreSQL that an earlier run left serving `data`, if there is one. Raises StorageError if it will not stop."""
    if not (data / "postmaster.pid").exists():
        return  # it ended as it should
    if (pid := postmaster_of(data)) is not None:
        log.warning("An earlier run left a PostgreSQL behind (process %d): stopping it.", pid)
        if not (await _ended(pid, signal.SIGINT, _FAST) or await _ended(pid, signal.SIGQUIT, _AT_ONCE)):
            raise StorageError(
                f"A PostgreSQL of an earlier run (process {pid}) still serves {data} and does not stop. Stop it by hand."
            )
    for other in others_of(data):
        log.warning("A PostgreSQL that was killed left a process behind (%d): stopping it.", other)
        if not (await _ended(other, signal.SIGQUIT, 1.0) or await _ended(other, signal.SIGKILL, _AT_ONCE)):
            raise StorageError(
                f"A process of PostgreSQL ({other}) is still busy in {data} and does not stop. Stop it by hand."
            )


async def _ended(pid: int, how: signal.Signals, patience: float) -> bool:
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(handle, how)
        with trio.move_on_after(patience) as waiting:
            await trio.lowlevel.wait_readable(handle)
        return not waiting.cancelled_caught
    finally:
        os.close(handle)
