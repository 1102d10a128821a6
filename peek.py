"""From a checkout to a running platform, with nothing but Python 3.11 or newer and a network.

    python3 peek.py up            installs into .venv on first use, then runs `python -m peek_trio up`
    python3 peek.py test          runs the tests the same way (needs no system package)
    python3 peek.py nox ...       any development session: lint, typecheck, build, e2e, bench
    python3 peek.py COMMAND ...   any other command of `python -m peek_trio`

Only the standard library is used, and the system's own Python is never written to.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
PROJECTS = [ROOT, *sorted(path.parent for path in (ROOT / "plugins").glob("*/pyproject.toml"))]


def main() -> int:
    arguments = sys.argv[1:]
    if not arguments or arguments[0] in ("-h", "--help"):
        print(__doc__.strip())
        return 0
    if sys.version_info < (3, 11):
        print(
            f"Peek Trio needs Python 3.11 or newer; this is {sys.version.split()[0]} ({sys.executable}).",
            file=sys.stderr,
        )
        return 2
    developing = arguments[0] in ("test", "nox")
    try:
        install("dev" if developing else "embedded")
    except Failed as error:
        print(f"\n{error}", file=sys.stderr)
        return 2
    if arguments[0] == "test":
        command = ["-m", "nox", "--no-venv", "-s", "test", *(["--", *arguments[1:]] if arguments[1:] else [])]
    elif arguments[0] == "nox":
        command = ["-m", "nox", "--no-venv", *arguments[1:]]
    else:
        command = ["-m", "peek_trio", *arguments]
    sys.stdout.flush()
    if os.name != "nt":
        os.execv(str(PYTHON), [str(PYTHON), *command])
    return subprocess.call([str(PYTHON), *command])


class Failed(Exception):
    """A step of the installation failed; the message says what to do."""


def install(extra: str) -> None:
    """Make `.venv` hold the platform, the shipped plugins and the extra; does nothing when they are there already."""
    wanted = digest()
    stamp = VENV / f".installed-{extra}"
    if stamp.exists() and stamp.read_text() == wanted:
        return
    make_environment()
    print(f"Installing Peek Trio into {VENV} (once; a few minutes on a slow network) ...", flush=True)
    extras = "embedded,dev" if extra == "dev" else "embedded"
    projects = [
        argument
        for project in PROJECTS
        for argument in ("-e", f"{project}[{extras}]" if project == ROOT else str(project))
    ]
    pip("install", "--quiet", "--disable-pip-version-check", "-c", str(ROOT / "constraints.txt"), *projects)
    for name in ("embedded", extra):
        (VENV / f".installed-{name}").write_text(wanted)


def digest() -> str:
    """Of everything that an installation depends on, so that new sources of the web sites are compiled again."""
    files = [ROOT / "constraints.txt", ROOT / "hatch_build.py", *(project / "pyproject.toml" for project in PROJECTS)]
    for folder, names, found in os.walk(ROOT / "frontends"):
        names[:] = sorted(name for name in names if name not in ("node_modules", "dist"))
        files += [Path(folder, name) for name in sorted(found)]
    total = hashlib.sha256(sys.version.encode())
    for file in files:
        total.update(str(file.relative_to(ROOT)).encode() + b"\0" + file.read_bytes())
    return total.hexdigest()


def make_environment() -> None:
    """Create `.venv` with pip in it, also where the system's Python came without ensurepip."""
    if works("-c", "import pip"):
        return
    print(f"Creating {VENV} ...", flush=True)
    made = run(sys.executable, "-m", "venv", "--clear", str(VENV))
    if made.returncode == 0:
        return
    bare = run(sys.executable, "-m", "venv", "--clear", "--without-pip", str(VENV))
    borrowed = run(sys.executable, "-m", "pip", "--python", str(PYTHON), "install", "--quiet", "pip")
    if bare.returncode or borrowed.returncode:
        raise Failed(
            f"No virtual environment could be made with {sys.executable}:\n{(made.stdout or bare.stdout).strip()}\n"
            "Install your system's venv package (on Debian and Ubuntu: sudo apt install python3-venv), then run this again."
        )


def pip(*arguments: str) -> None:
    """Run pip inside `.venv`, showing what it says only when it fails."""
    done = run(str(PYTHON), "-m", "pip", *arguments)
    if done.returncode:
        raise Failed(
            f"{done.stdout.strip()}\n\nThe installation stopped. Mend what pip names above (often the network), then run this again."
        )


def works(*arguments: str) -> bool:
    return PYTHON.exists() and run(str(PYTHON), *arguments).returncode == 0


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


if __name__ == "__main__":
    sys.exit(main())
