"""Who has a port, as far as Linux lets us see: the kernel's tables name a socket's inode, and a process that has it among its files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

__all__ = ["port_owner"]

_LISTENING = "0A"


def port_owner(port: int, proc: Path = Path("/proc")) -> str:
    """The program that listens on TCP port `port`, as "python (pid 123)"; empty where it is not to be seen.

    Processes of other users are seen by root only. `proc` is where the process file system is.
    """
    inodes = {f"socket:[{inode}]" for inode in _listening_inodes(port, proc)}
    if not inodes:
        return ""
    for process in _processes(proc):
        if any(link in inodes for link in _open_files(process)):
            return f"{_name(process)} (pid {process.name})"
    return ""


def _listening_inodes(port: int, proc: Path) -> Iterator[str]:
    for table in ("tcp", "tcp6"):
        try:
            lines = (proc / "net" / table).read_text("ascii").splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            fields = line.split()
            if fields[3] == _LISTENING and int(fields[1].rpartition(":")[2], 16) == port:
                yield fields[9]


def _processes(proc: Path) -> Iterator[Path]:
    try:
        yield from (entry for entry in proc.iterdir() if entry.name.isdigit())
    except OSError:
        return


def _open_files(process: Path) -> Iterator[str]:
    try:
        entries = list((process / "fd").iterdir())
    except OSError:
        return  # another user's, or it has just ended
    for entry in entries:
        try:
            yield os.readlink(entry)
        except OSError:
            continue


def _name(process: Path) -> str:
    try:
        return (process / "comm").read_text("utf-8", "replace").strip() or "a program"
    except OSError:
        return "a program"
