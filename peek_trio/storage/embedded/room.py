"""Room on the disk of an embedded PostgreSQL: kept back while there is some, watched, and given up to survive its end.

A PostgreSQL that cannot extend a table says so to whoever wrote, and goes on. One that cannot write its log stops, and cannot start again
before there is room. So before it comes to that the server is made to take no changes, which leaves reading; and a reserve, a file of
nothing, is kept beside the data for the case that the room was gone before anybody looked: removing it lets the server recover and be read.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from pathlib import Path

import attrs
import trio

from peek_trio.storage.embedded.place import Place

__all__ = ["RESERVE", "Room", "Tide", "config_files"]

log = logging.getLogger(__name__)

RESERVE = 64 * 1024 * 1024
"""Bytes kept back: four segments of PostgreSQL's log, twice what recovering takes."""

LOOK_EVERY = 1.0
"""Seconds between two looks at the disk."""

_WHEN_FULL = """# Made by Peek; in force while the disk is full.
default_transaction_read_only = on
autovacuum = off
min_wal_size = 32MB
max_wal_size = 64MB
"""


@attrs.define
class Tide:
    """When to stop taking changes and when to take them again, by the bytes that are free. Knows nothing of disks.

    It is full below half the reserve; it has room again only when that would last for a while.
    """

    reserve: int
    full: bool = False

    def look(self, free: int, *, kept_back: bool) -> bool:
        """Whether it is full, with `free` bytes left; `kept_back` says that the reserve is still there."""
        if not self.full:
            self.full = free < self.reserve // 2
        elif free >= self.reserve + (0 if kept_back else self.reserve):
            self.full = False
        return self.full


def config_files(place: Place) -> tuple[Path, Path]:
    """The configuration that makes the server take no changes: where it is in force, and where it waits.

    It is put in force by renaming, the one thing that a full disk always allows.
    """
    return place.data / "peek_full.conf", place.data / "peek_full.conf.off"


class Room:
    """The room on the disk of one embedded PostgreSQL. `reserve` bytes are kept back; with 0 nothing is watched."""

    def __init__(self, place: Place, *, reserve: int = RESERVE) -> None:
        self._place = place
        self._file = place.data.with_name("postgres.reserve")
        self._tide = Tide(reserve)

    def prepare(self) -> None:
        """Before the server starts: gives the reserve up if that is what it takes to start. Raises OSError when even that is too little."""
        if not self._tide.reserve:
            return
        if self._tide.look(self._free(), kept_back=self._file.exists()):
            log.error("The disk of %s is full: the database starts without taking changes.", self._place.data)
            self._file.unlink(missing_ok=True)
        in_force, waiting = config_files(self._place)
        if not in_force.exists() and not waiting.exists():
            waiting.write_text(_WHEN_FULL)
            waiting.chmod(0o644)  # another account may have to read it
        self._keep_back()
        self._put_in_force()

    async def watch(self, reload: Callable[[], None]) -> None:
        """Looks at the disk until cancelled; calls `reload`, which has the server read its configuration, when something changes."""
        while self._tide.reserve:
            await trio.sleep(LOOK_EVERY)
            was = self._tide.full
            full = self._tide.look(self._free(), kept_back=self._file.exists())
            self._keep_back()
            if full == was:
                continue
            if full:
                log.error(
                    "The disk of %s is nearly full: the database takes no changes until there is room. Reading goes on.",
                    self._place.data,
                )
            else:
                log.warning("The disk of %s has room again: the database takes changes.", self._place.data)
            self._put_in_force()
            reload()

    def _free(self) -> int:
        status = os.statvfs(self._place.data)
        return status.f_bavail * status.f_frsize

    def _keep_back(self) -> None:
        if self._tide.full or self._file.exists() or self._free() < 2 * self._tide.reserve:
            return
        try:
            with self._file.open("wb") as file:
                os.posix_fallocate(file.fileno(), 0, self._tide.reserve)
        except OSError as error:  # somebody else took the room just now; there will be another look
            log.warning("No room could be kept back on the disk of %s: %s", self._place.data, error.strerror)
            self._file.unlink(missing_ok=True)

    def _put_in_force(self) -> None:
        in_force, waiting = config_files(self._place)
        if self._tide.full and waiting.exists():
            waiting.rename(in_force)
        elif not self._tide.full and in_force.exists():
            in_force.rename(waiting)
