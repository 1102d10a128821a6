"""The command lines of PostgreSQL's programs, and the environment they run in."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from peek_trio.storage.embedded.place import Place

__all__ = ["DATABASE", "USER", "database_url", "environment", "initdb_command", "server_command", "single_user_command"]

USER = "peek"
DATABASE = "peek"


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
    settings = {
        "max_connections": "100",
        "unix_socket_permissions": "0700",
        "log_min_messages": "warning",
        "log_line_prefix": "%m [%p] ",
        "log_timezone": "UTC",
        "timezone": "UTC",
        "jit": "off",  # costs more than it gains on short statements
    }
    if not fsync:
        settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
    options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    return [str(place.binaries.postgres), "-D", str(place.data), "-k", str(place.sockets), "-h", "", *options]


def database_url(place: Place, database: str = DATABASE) -> str:
    """The SQLAlchemy URL of a database of the cluster."""
    return f"postgresql+psycopg://{USER}@/{database}?host={quote(str(place.sockets), safe='/')}"
