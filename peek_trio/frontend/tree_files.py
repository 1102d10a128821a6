"""A plugin's tree on disk: which files it has now, cheaply, and their content, when that changed.

Blocking functions, called in a thread. A file that is hidden, a link or a program's leftover is not part of a tree.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import attrs

from peek_trio.errors import PeekError
from peek_trio.frontend.assets import Asset, content_type

__all__ = ["MAX_TREE", "FileStamp", "TreeFiles", "read_tree", "stamps"]

MAX_TREE = 64 * 1024 * 1024
"""Bytes that the files of one tree may have together: they are kept in memory."""

_SKIPPED_FOLDERS = {"__pycache__", "node_modules"}
_SKIPPED_ENDS = ("~", ".py", ".pyc", ".swp", ".tmp")


class FileStamp(NamedTuple):
    """Where a file of a tree is, and what changes when it is written. There are thousands, looked at every second."""

    path: str
    modified: int
    size: int
    inode: int


@attrs.frozen
class TreeFiles:
    """The content of a tree. `hash` names it: other content, or another name for the same, has another hash.

    The file without a name, at the address of the tree itself, is the list of the others: what a device fetches to have them all.
    """

    hash: str
    files: Mapping[str, Asset] = attrs.field(repr=False)


def stamps(folders: Iterable[tuple[str, Path]]) -> dict[str, FileStamp]:
    """The files of the tree that these (prefix, folder) make up, by their path in it. A folder that is missing has none."""
    found: dict[str, FileStamp] = {}
    for prefix, folder in folders:
        for name, entry in _walk(folder, prefix):
            try:
                status = entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue
            found[name] = FileStamp(entry.path, status.st_mtime_ns, status.st_size, status.st_ino)
    return found


def read_tree(files: Mapping[str, FileStamp]) -> TreeFiles:
    """The content of these files. Raises PeekError when they are too much, OSError when one cannot be read."""
    size = sum(stamp.size for stamp in files.values())
    if size > MAX_TREE:
        raise PeekError(
            f"Its files have {size / 2**20:.0f} MiB together; {MAX_TREE / 2**20:.0f} MiB is the most a site keeps in memory."
        )
    assets = {
        name: Asset.of(Path(files[name].path).read_bytes(), content_type(name), immutable=True)
        for name in sorted(files)
    }
    tree = hashlib.blake2b(digest_size=8)
    for name, asset in assets.items():
        tree.update(f"{name}\0{asset.digest}\n".encode())
    names = Asset.of(json.dumps({"files": list(assets)}).encode(), "application/json", immutable=True)
    return TreeFiles(tree.hexdigest(), {**assets, "": names})


def _walk(folder: Path | str, prefix: str) -> Iterator[tuple[str, os.DirEntry[str]]]:
    try:
        entries = list(os.scandir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return
    for entry in entries:
        name = entry.name
        if name.startswith("."):
            continue
        if entry.is_dir(follow_symlinks=False):
            if name not in _SKIPPED_FOLDERS:
                yield from _walk(entry.path, f"{prefix}{name}/")
        elif entry.is_file(follow_symlinks=False) and not name.endswith(_SKIPPED_ENDS):
            yield prefix + name, entry
