"""Where an embedded PostgreSQL keeps its data and its socket.

Both are in the home, unless the account that runs PostgreSQL cannot get there (a service of root's below /root): then they are below
`/var/lib/peek-trio`, in a folder named by a digest of the home. The socket moves to the temp directory where its path would be too long.
"""

from __future__ import annotations

import hashlib
import logging
import os
import stat
import tempfile
from pathlib import Path

import attrs

from peek_trio.errors import StorageError
from peek_trio.storage.embedded.account import Account, account_for
from peek_trio.storage.embedded.binaries import Binaries, copied, installed

__all__ = ["ELSEWHERE", "Place", "existing_data", "find_place"]

log = logging.getLogger(__name__)

ELSEWHERE = Path("/var/lib/peek-trio")
"""Holds what the home cannot, when Peek runs as root."""

_LONGEST_SOCKET_PATH = 107  # bytes, of sun_path in Linux less its final zero
_SOCKET_NAME = ".s.PGSQL.5432"


@attrs.frozen
class Place:
    """Everything about where and as whom: `data` is the data directory, `sockets` the directory of the socket."""

    data: Path
    sockets: Path
    account: Account
    binaries: Binaries

    @property
    def initialised(self) -> bool:
        """Whether there is a database. The data directory appears in one piece, so it is complete when it is there at all."""
        return (self.data / "PG_VERSION").exists()


def find_place(home: Path, *, elsewhere: Path = ELSEWHERE) -> Place:
    """Where the PostgreSQL of `home` is, or will be. Makes the directories around it.

    Raises ConfigError without the wheel, and StorageError when the data cannot be used from here: the sentence says why.
    """
    home = home.resolve()
    away = elsewhere / _digest(home)
    try:
        existing = existing_data(home, elsewhere=elsewhere)
        data = existing or home / "postgres"
        base = data.parent
        account = account_for(existing)
        home.mkdir(parents=True, exist_ok=True)
        if base == home and not account.can_enter(home):
            if existing:
                raise StorageError(
                    f"The database files are in {data}, but the account {account.name} can no longer get there. "
                    f"Let it pass through the folders above it (chmod o+x)."
                )
            base, data = away, away / "postgres"
            log.warning(
                "The account %s, which PostgreSQL runs as, cannot get into %s: the database is kept in %s.",
                account.name,
                home,
                base,
            )
        base.mkdir(parents=True, exist_ok=True)
        binaries = installed(data)
        if account.switch and not account.can_enter(binaries.root / "bin"):
            binaries = copied(binaries, elsewhere)
        return Place(data, _socket_directory(base, home, account), account, binaries)
    except OSError as error:
        raise StorageError(
            f"The place for the database of {home} cannot be made: {error.strerror}: {error.filename}"
        ) from error


def existing_data(home: Path, *, elsewhere: Path = ELSEWHERE) -> Path | None:
    """The data directory that `home` has already, or None. Makes nothing.

    Data that is elsewhere stays in use even if the home becomes reachable: nobody loses a database to a chmod.
    """
    home = home.resolve()
    for data in (elsewhere / _digest(home) / "postgres", home / "postgres"):
        if data.exists():
            return data
    return None


def temporary_sockets(home: Path) -> Path:
    """Where the socket is when its path below `home` would be too long: a folder that nobody but us clears away."""
    return Path(tempfile.gettempdir()) / f"peek-{_digest(home.resolve())}"


def _digest(home: Path) -> str:
    return hashlib.sha256(str(home).encode()).hexdigest()[:16]


def _socket_directory(base: Path, home: Path, account: Account) -> Path:
    sockets = base / "postgres.socket"
    if len(os.fsencode(sockets / _SOCKET_NAME)) > _LONGEST_SOCKET_PATH:
        sockets = temporary_sockets(home)
    try:
        sockets.mkdir(mode=0o700)
        account.own(sockets)
    except FileExistsError:
        # In a directory that all may write to, somebody else may have been there first.
        status = sockets.lstat()
        if not stat.S_ISDIR(status.st_mode) or status.st_uid != account.uid or status.st_mode & 0o077:
            raise StorageError(
                f"{sockets}, for the database's socket, is not a folder that only {account.name} may enter. Remove it and start again."
            ) from None
    return sockets
