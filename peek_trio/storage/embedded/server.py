"""The embedded PostgreSQL as a supervised child: made once, started, watched, stopped.

It lives and dies with the nursery that runs it. Killed together with us or instead of us, it is found again by the next start.
"""

from __future__ import annotations

import errno
import fcntl
import logging
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import trio

from peek_trio.errors import StorageError
from peek_trio.storage.embedded.bounded_log import BoundedLog
from peek_trio.storage.embedded.commands import (
    DATABASE,
    database_url,
    environment,
    initdb_command,
    server_command,
    single_user_command,
    write_configuration,
)
from peek_trio.storage.embedded.leftover import postmaster_of, stop_leftover
from peek_trio.storage.embedded.place import Place, existing_data, find_place, temporary_sockets
from peek_trio.storage.embedded.room import RESERVE, Room

__all__ = ["EmbeddedPostgres"]

log = logging.getLogger(__name__)

_START_DEADLINE = 300.0  # seconds; recovery after a crash replays what was not yet in the tables
_FAST_SHUTDOWN = 4.0
_IMMEDIATE_SHUTDOWN = 1.0
_LAST_WORDS = 1.0  # for its other processes to end and leave the log to us


class EmbeddedPostgres:
    """The PostgreSQL of one home.

    Its data is in `<home>/postgres`, what it says in `<home>/postgres.log`; it listens on a unix socket only. Settings in
    `<home>/postgres.conf` go before ours. `fsync=False` is for tests: quicker, and lost when the machine stops. `reserve` is how many
    bytes of the disk are kept back for the day when it is full (see `Room`).
    """

    def __init__(self, home: Path, *, fsync: bool = True, reserve: int = RESERVE) -> None:
        self._home = home
        self._fsync = fsync
        self._reserve = reserve

    async def run(self, *, task_status: trio.TaskStatus[str] = trio.TASK_STATUS_IGNORED) -> None:
        """Runs PostgreSQL until cancelled; `started` with its SQLAlchemy URL once it takes connections.

        Cancelled, it shuts down within 5 s. Raises StorageError when it cannot be started or ends by itself: start it again.
        Raises ConfigError when it is not installed.
        """
        with _sentences(self._home):
            place = await trio.to_thread.run_sync(find_place, self._home)
            with _alone(self._home / "postgres.lock"), BoundedLog(self._home / "postgres.log") as record:
                await stop_leftover(place.data)
                if not place.initialised:
                    await self._initialise(place, record)
                await self._serve(place, record, task_status)

    def running_url(self) -> str | None:
        """The SQLAlchemy URL of the PostgreSQL that a running server has in this home; None when none runs. Blocks for a moment."""
        data = existing_data(self._home)
        if data is None or postmaster_of(data) is None:
            return None
        try:
            with _alone(self._home / "postgres.lock"):
                return None  # left behind by a server that was killed
        except StorageError:
            return database_url(find_place(self._home))

    async def stop_leftover(self) -> None:
        """Stops the PostgreSQL that a killed server left running, if there is one; `run` does so by itself.

        For whoever ends a server and cleans up after it. Raises StorageError when a server uses the home, or it does not stop.
        """
        with _sentences(self._home):
            data = await trio.to_thread.run_sync(existing_data, self._home)
            if data is not None:
                with _alone(self._home / "postgres.lock"):
                    await stop_leftover(data)
                    with suppress(OSError):  # a killed server had no time to
                        temporary_sockets(self._home).rmdir()

    async def _initialise(self, place: Place, record: BoundedLog) -> None:
        """Makes the cluster beside its place and moves it there complete, so that an interrupted start leaves nothing half made."""
        partial = place.data.with_name("postgres.partial")
        await trio.to_thread.run_sync(_emptied, partial, place)
        await _finish(initdb_command(place, partial, fsync=self._fsync), place, record)
        create = f"CREATE DATABASE {DATABASE};\n".encode()
        await _finish(single_user_command(place, partial), place, record, stdin=create)
        partial.rename(place.data)

    async def _serve(self, place: Place, record: BoundedLog, task_status: trio.TaskStatus[str]) -> None:
        room = Room(place, reserve=self._reserve)
        await trio.to_thread.run_sync(room.prepare)
        write_configuration(place, self._home)
        process = await trio.lowlevel.open_process(
            server_command(place, fsync=self._fsync),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is for us; we tell it when to stop
            cwd="/",
            env=environment(),
            **place.account.child_options(),
        )
        try:
            async with trio.open_nursery() as nursery:
                said_all = await nursery.start(_keep_record, process, record)
                nursery.start_soon(_announce_ready, process, place, task_status)
                nursery.start_soon(room.watch, lambda: process.send_signal(signal.SIGHUP))
                await process.wait()
                with trio.move_on_after(_LAST_WORDS):
                    await said_all.wait()
                nursery.cancel_scope.cancel()
        finally:
            await _shut_down(process)
            with suppress(OSError):  # it may be in the temp directory, where nobody else would clear it away
                place.sockets.rmdir()
        raise StorageError(
            f"The embedded PostgreSQL has ended ({_how(process)}): {record.why()}. See {self._home / 'postgres.log'}"
        )


async def _finish(command: list[str], place: Place, record: BoundedLog, *, stdin: bytes = b"") -> None:
    done = await trio.run_process(
        command,
        stdin=stdin,
        capture_stdout=True,
        stderr=subprocess.STDOUT,
        check=False,
        cwd="/",
        env=environment(),
        **place.account.child_options(),
    )
    record.write(done.stdout)
    if done.returncode != 0:
        raise StorageError(f"The embedded PostgreSQL could not be set up in {place.data}: {record.why()}")


def _emptied(directory: Path, place: Place) -> None:
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(mode=0o700)
    place.account.own(directory)


async def _keep_record(process: trio.Process, record: BoundedLog, *, task_status: trio.TaskStatus[trio.Event]) -> None:
    said_all = trio.Event()
    task_status.started(said_all)
    assert process.stderr is not None
    async for text in process.stderr:
        record.write(bytes(text))
    said_all.set()


async def _announce_ready(process: trio.Process, place: Place, task_status: trio.TaskStatus[str]) -> None:
    started = trio.current_time()
    said = False
    while not _is_ready(process.pid, place.data):
        waited = trio.current_time() - started
        if waited > _START_DEADLINE:
            log.error("The embedded PostgreSQL is not ready after %.0f s: stopping it.", _START_DEADLINE)
            process.send_signal(signal.SIGQUIT)  # its end is what `run` reports
            return
        if waited > 5 and not said:
            log.warning("The embedded PostgreSQL is still starting; after a crash it has to recover.")
            said = True
        await trio.sleep(0.02)
    log.info(
        "The embedded PostgreSQL is ready (%.1f s), with its data in %s.", trio.current_time() - started, place.data
    )
    task_status.started(database_url(place))


def _is_ready(pid: int, data: Path) -> bool:
    """Whether the process's own lock file says "ready", on its eighth line."""
    try:
        lines = (data / "postmaster.pid").read_text().splitlines()
    except OSError:
        return False
    return len(lines) >= 8 and lines[0].strip() == str(pid) and lines[7].strip() == "ready"


async def _shut_down(process: trio.Process) -> None:
    for how, patience in (
        (signal.SIGINT, _FAST_SHUTDOWN),
        (signal.SIGQUIT, _IMMEDIATE_SHUTDOWN),
        (signal.SIGKILL, 1.0),
    ):
        if process.poll() is not None:
            return
        process.send_signal(how)
        with trio.move_on_after(patience, shield=True):
            await process.wait()


def _how(process: trio.Process) -> str:
    code = process.returncode or 0
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Holds the home's lock: two servers in one home would stop each other's database as a leftover."""
    with path.open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StorageError(
                f"Another Peek server uses the home {path.parent} already. Stop it, or give this one a home of its own."
            ) from None
        yield


@contextmanager
def _sentences(home: Path) -> Iterator[None]:
    """Makes sentences of what the operating system refuses."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StorageError(
                f"There is no room left on the disk of {home} for the database. Make room and start again."
            ) from error
        where = error.filename or home
        raise StorageError(
            f"The embedded PostgreSQL cannot be run from {home}: {os.strerror(error.errno or 0)}: {where}"
        ) from error
