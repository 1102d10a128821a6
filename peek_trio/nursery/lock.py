"""One owner for one directory: a lock file that the operating system releases whatever becomes of its holder."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from peek_trio.errors import ConfigError


@contextmanager
def only_one(path: Path, what: str) -> Iterator[None]:
    """Hold the lock file `path` for the block. Raises ConfigError naming the holder's process when it is held.

    `what` completes the sentence "… runs already (process 123, lock …)".
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+", encoding="ascii") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = file.read(20).strip() or "unknown"
            raise ConfigError(
                f"{what} runs already (process {holder}, lock {path}). Stop it first, or choose another --home."
            ) from None
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield
