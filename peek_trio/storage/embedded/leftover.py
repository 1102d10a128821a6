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

__all__ = ["postmaster_of", "stop_leftover"]

log = logging.getLogger(__name__)

_FAST, _AT_ONCE = 10.0, 5.0  # seconds


def postmaster_of(data: Path) -> int | None:
    """The process id of the PostgreSQL that serves `data`, or None.

    The number in the lock file is believed only if that process is a postgres working in `data`: numbers are used again.
    """
    try:
        pid = int((data / "postmaster.pid").read_text().split("\n", 1)[0])
        program = Path(os.readlink(f"/proc/{pid}/exe")).name.removesuffix(" (deleted)")
        if program == "postgres" and Path(f"/proc/{pid}/cwd").resolve() == data.resolve():
            return pid
    except (OSError, ValueError):
        pass
    return None


async def stop_leftover(data: Path) -> None:
    """Stops the PostgreSQL that an earlier run left serving `data`, if there is one. Raises StorageError if it will not stop."""
    pid = postmaster_of(data)
    if pid is None:
        return
    log.warning("An earlier run left a PostgreSQL behind (process %d): stopping it.", pid)
    for how, patience in ((signal.SIGINT, _FAST), (signal.SIGQUIT, _AT_ONCE)):
        if await _ended(pid, how, patience):
            return
    raise StorageError(
        f"A PostgreSQL of an earlier run (process {pid}) still serves {data} and does not stop. Stop it by hand."
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
