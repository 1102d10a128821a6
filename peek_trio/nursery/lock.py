"""One owner for one directory: a lock file that the operating system releases whatever becomes of its holder."""

import fcntl
import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from peek_trio.errors import ConfigError

logger = logging.getLogger(__name__)

_LOOK_AGAIN = 0.1


@contextmanager
def only_one(path: Path, what: str, *, patience: float = 0.0) -> Iterator[None]:
    """Hold the lock file `path` for the block. Raises ConfigError naming the holder's process when it is held.

    `what` completes the sentence "… runs already (process 123, lock …)". A holder that is about to end is waited for,
    at most `patience` seconds; the wait blocks the thread, so it is for the time before there is an event loop.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise ConfigError(f"The lock {path} cannot be made: {error.strerror}.") from None
    try:
        _take(descriptor, path, what, patience)
        with suppress(OSError):  # who holds it is good to know, but a full disk does not make it less held
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)


def _take(descriptor: int, path: Path, what: str, patience: float) -> None:
    until = time.monotonic() + patience
    said = False
    while True:
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(descriptor, 20, 0).decode("ascii", "replace").strip() or "unknown"
        if time.monotonic() >= until:
            raise ConfigError(
                f"{what} runs already (process {holder}, lock {path}). Stop it first, or choose another --home."
            )
        if not said:
            logger.warning("%s runs still (process %s); waiting for its end.", what, holder)
            said = True
        time.sleep(_LOOK_AGAIN)
