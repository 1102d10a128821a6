"""Where the peer is installed. The first benchmark that needs it makes its virtual environment, which the others use again.

`PEEK_BENCH_VORTEX` names a Python that has vortexpy already; "none" leaves the peer out.
"""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path

__all__ = ["PEERS", "vortex_python"]

PEERS = Path(__file__).parent
PLACE = PEERS.parents[1] / ".nox" / "vortexpy-6.2.2"
REQUIREMENTS = ("vortexpy==6.2.2", "twisted[tls]==25.5.0")


def vortex_python() -> str | None:
    """The Python that runs vortexpy; None, after saying why, when it cannot be had."""
    named = os.environ.get("PEEK_BENCH_VORTEX")
    if named:
        return None if named == "none" else named
    python = PLACE / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    ready = PLACE / "ready"
    if not ready.exists():
        print(f"Installing {' and '.join(REQUIREMENTS)} in {PLACE} ...", file=sys.stderr, flush=True)
        venv.create(PLACE, with_pip=True, clear=True)
        installing = subprocess.run(
            [python, "-m", "pip", "install", "--quiet", *REQUIREMENTS], capture_output=True, text=True, check=False
        )
        if installing.returncode:
            print(f"The peer is left out; it could not be installed: {installing.stderr.strip()}", file=sys.stderr)
            return None
        ready.touch()
    return str(python)
