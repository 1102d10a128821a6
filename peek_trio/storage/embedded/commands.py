"""The command lines of PostgreSQL's programs, and the environment they run in."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from peek_trio.storage.embedded.place import Place
from peek_trio.storage.embedded.room import config_files

__all__ = [
    "DATABASE",
    "PORT",
    "USER",
    "database_url",
    "dump_command",
    "environment",
    "initdb_command",
    "restore_command",
    "server_command",
    "single_user_command",
    "write_configuration",
]

USER = "peek"
DATABASE = "peek"
PORT = "5432"
"""Part of the socket's name, and said wherever it is used, since the environment may say another."""


def environment() -> Mapping[str, str]:
    """Our environment without what would redirect PostgreSQL (PGDATA, PGPORT and their kind) or change its messages."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return ours | {"LC_ALL": "C.UTF-8"}


def initdb_command(place: Place, into: Path, *, fsync: bool) -> list[str]:
    """Makes a new cluster in `into`, reachable by the socket only."""
    return [
        str(place.binaries.initdb),
        f"--pgdata={into}",
        f"--username={USER}",
        "--encoding=UTF8",
        "--locale=C.UTF-8",
        "--auth-local=trust",  # the socket's folder is the lock on the door
        "--auth-host=reject",
        *([] if fsync else ["--no-sync"]),
    ]


def single_user_command(place: Place, data: Path) -> list[str]:
    """Runs the SQL of its standard input, one statement a line, on a cluster that nobody serves."""
    return [str(place.binaries.postgres), "--single", "-j", "-D", str(data), "-c", "fsync=off", "template1"]


def server_command(place: Place, *, fsync: bool) -> list[str]:
    """Serves the cluster in the foreground, on its unix socket and nothing else."""
    settings = {"config_file": str(place.data / "peek.conf"), "unix_socket_permissions": "0700"}
    if not fsync:
        settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
    options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    where = ["-D", str(place.data), "-k", str(place.sockets), "-p", PORT, "-h", ""]
    return [str(place.binaries.postgres), *where, *options]


def write_configuration(place: Place, home: Path) -> None:
    """Writes the server's configuration: PostgreSQL's own, tuned modestly, then the operator's, then what a full disk asks for.

    A database of Peek's shares its machine with all of Peek, so it takes a sixteenth of the memory and few processes.
    """
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // (1024 * 1024)
    tuned = {
        "max_connections": "100",
        "shared_buffers": f"{min(max(memory // 16, 64), 512)}MB",
        "effective_cache_size": f"{max(memory // 2, 128)}MB",
        "work_mem": "8MB",
        "maintenance_work_mem": "64MB",
        "max_wal_size": "512MB",
        "random_page_cost": "1.1",
        "max_worker_processes": "4",
        "max_parallel_workers_per_gather": "1",
        "autovacuum_max_workers": "2",
        "jit": "off",  # costs more than it gains on short statements
        "log_min_messages": "warning",
        "log_line_prefix": "'%m [%p] '",
        "log_timezone": "UTC",
        "timezone": "UTC",
    }
    lines = [
        "# Written by Peek at every start. Settings of your own belong in postgres.conf in the home.",
        "include 'postgresql.conf'",
        *(f"{name} = {value}" for name, value in tuned.items()),
        f"include_if_exists {_quoted(home.resolve() / 'postgres.conf')}",
        f"include_if_exists {_quoted(config_files(place)[0])}",
    ]
    file = place.data / "peek.conf"
    partial = file.with_suffix(".partial")
    try:
        partial.write_text("\n".join(lines) + "\n")
        partial.chmod(0o644)  # another account has to read it
        partial.rename(file)
    except OSError as error:
        if error.errno != errno.ENOSPC or not file.exists():
            raise  # on a full disk that of the last start will do


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("\\", "\\\\").replace("'", "''") + "'"


def database_url(place: Place, database: str = DATABASE) -> str:
    """The SQLAlchemy URL of a database of the cluster."""
    return f"postgresql+psycopg://{USER}@/{database}?host={quote(str(place.sockets), safe='/')}&port={PORT}"


def dump_command(place: Place, into: Path) -> list[str]:
    """Writes all of the database to a file, for `restore_command` of this or a later version of PostgreSQL."""
    return [str(place.binaries.root / "bin" / "pg_dump"), *_whereabouts(place), "--format=custom", f"--file={into}"]


def restore_command(place: Place, dump: Path) -> list[str]:
    """Loads what `dump_command` wrote into the empty database, in one transaction."""
    program = str(place.binaries.root / "bin" / "pg_restore")
    return [program, *_whereabouts(place), "--single-transaction", "--exit-on-error", "--no-owner", str(dump)]


def _whereabouts(place: Place) -> list[str]:
    return [f"--host={place.sockets}", f"--port={PORT}", f"--username={USER}", "--no-password", f"--dbname={DATABASE}"]
