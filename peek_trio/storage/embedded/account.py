"""Which account PostgreSQL runs as, and what that account can reach.

PostgreSQL refuses to run as root. Started by root, it runs as the owner of existing data, else as `postgres` where that account
exists, else as `nobody`; started by anybody else, it runs as them.
"""

from __future__ import annotations

import os
import pwd
import stat
from pathlib import Path
from typing import Any

import attrs

from peek_trio.errors import StorageError

__all__ = ["Account", "account_for"]


@attrs.frozen
class Account:
    """A system account. `switch` says that we are root and the child must become it."""

    name: str
    uid: int
    gid: int
    switch: bool

    def child_options(self) -> dict[str, Any]:
        """The options of `subprocess.Popen` that make a child run as this account."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []} if self.switch else {}

    def own(self, path: Path) -> None:
        """Makes `path` this account's."""
        if self.switch:
            os.chown(path, self.uid, self.gid)

    def can_enter(self, directory: Path) -> bool:
        """Whether the account can get to what is inside `directory`: it needs leave to pass through it and all its parents."""
        if not self.switch:
            return os.access(directory, os.X_OK)
        return all(self._may_pass(path) for path in (directory, *directory.parents))

    def _may_pass(self, directory: Path) -> bool:
        status = directory.stat()
        if status.st_uid == self.uid:
            return bool(status.st_mode & stat.S_IXUSR)
        if status.st_gid == self.gid:
            return bool(status.st_mode & stat.S_IXGRP)
        return bool(status.st_mode & stat.S_IXOTH)


def account_for(data: Path | None) -> Account:
    """The account to run PostgreSQL as; `data` is its existing data directory, or None."""
    if os.geteuid() != 0:
        entry = pwd.getpwuid(os.geteuid())
        if data is not None and data.stat().st_uid != os.geteuid():
            raise StorageError(
                f"The database files in {data} belong to another account than {entry.pw_name}, which Peek runs as now. "
                f"Run Peek as the account that made them, or give them to {entry.pw_name} with chown -R."
            )
        return Account(entry.pw_name, entry.pw_uid, entry.pw_gid, switch=False)
    if data is not None and data.stat().st_uid != 0:
        return _switch_to(pwd.getpwuid(data.stat().st_uid))
    for name in ("postgres", "nobody"):
        try:
            return _switch_to(pwd.getpwnam(name))
        except KeyError:
            continue
    raise StorageError(
        "Peek runs as root, and PostgreSQL cannot: it needs an account named postgres or nobody, and there is neither. "
        "Run Peek as an ordinary user."
    )


def _switch_to(entry: pwd.struct_passwd) -> Account:
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid, switch=True)
