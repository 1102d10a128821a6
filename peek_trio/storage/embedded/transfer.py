"""All of an embedded database into a file, and back: the way to another machine, and to another version of PostgreSQL.

PostgreSQL's own programs do it, those of the version that the data has, while the server runs. Everything here blocks.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import psycopg

from peek_trio.errors import StorageError
from peek_trio.storage.embedded.commands import DATABASE, PORT, USER, dump_command, environment, restore_command
from peek_trio.storage.embedded.place import Place, find_place

__all__ = ["dump", "restore"]


def dump(home: Path, into: Path) -> None:
    """Writes the database of `home`, which must be running, to the file `into`. Raises StorageError when that fails."""
    if into.exists():
        raise StorageError(f"There is a file {into} already. Give another name, or remove it.")
    place = find_place(home)
    partial = into.with_name(f"{into.name}.partial")
    _finish(dump_command(place, partial.resolve()), f"The database could not be written to {into}")
    partial.rename(into)


def restore(home: Path, file: Path) -> None:
    """Loads what `dump` wrote into the running database of `home`, which must be empty. All of it arrives, or nothing."""
    if not file.is_file():
        raise StorageError(f"There is no file {file}.")
    place = find_place(home)
    if schemas := _schemas(place):
        raise StorageError(
            f"The database of {home} is not empty (it has {', '.join(schemas)}), and a dump is loaded into an empty one only. "
            f"Stop Peek and move {place.data} away first."
        )
    _finish(restore_command(place, file.resolve()), f"The dump {file} could not be loaded; nothing was changed")


def _schemas(place: Place) -> list[str]:
    with psycopg.connect(host=str(place.sockets), port=PORT, user=USER, dbname=DATABASE) as connection:
        found = connection.execute(
            "select nspname from pg_namespace where nspname = 'peek' or nspname like 'pl\\_%' order by 1"
        )
        return [name for (name,) in found]


def _finish(command: list[str], failure: str) -> None:
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        env=environment(),
    )
    if done.returncode != 0:
        said = done.stdout.decode(errors="replace").strip().splitlines() or ["it did not say why"]
        raise StorageError(f"{failure}: {said[0]}")
