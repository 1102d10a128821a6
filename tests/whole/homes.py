"""A directory of homes on free ports, and throw-away plugins that are found there as if they were installed."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from textwrap import dedent
from typing import Any

ROOT = Path(__file__).parents[2]
PATIENCE = 40.0
"""Seconds that anything may take; everything is waited for by its sign, so this is only for what never comes."""

MARK = "PEEK_TEST_MARK"
"""In the environment of every process started here, so that whatever it leaves behind is known by it."""


def free_ports(count: int) -> list[int]:
    """Ports that nobody has just now."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


class Homes:
    """A base directory whose four services are configured to use free ports, with the plugins that are named."""

    def __init__(self, *plugins: str, below: str = "base") -> None:
        self.top = Path(tempfile.mkdtemp(prefix="peek-whole-"))
        self.top.chmod(0o711)  # PostgreSQL, run by another account when we are root, must get in
        self.base = self.top / below
        self.base.mkdir(parents=True)
        self.packages = self.top / "packages"
        self.packages.mkdir()
        self.plugins = plugins
        self.links, self.admin, self.mobile, self.desktop = free_ports(4)
        server = {"port": self.links}
        self.configure("server", serverLink=server, adminSite={"port": self.admin})
        sites = {"mobileSite": {"port": self.mobile}, "desktopSite": {"port": self.desktop}}
        self.configure("client", peekServer=server, **sites)
        self.configure("agent", peekServer=server)
        self.configure("worker", peekServer=server, worker={"processes": 1})

    def home(self, service: str) -> Path:
        return self.base / f"peek-{service}.home"

    def log(self, service: str) -> str:
        """What is in the log of a service."""
        return (self.base / f"peek-{service}.log").read_text()

    def configure(self, service: str, **keys: Any) -> None:
        """Set keys of the configuration; those that were set before stay."""
        file = self.home(service) / "config.json"
        file.parent.mkdir(exist_ok=True)
        before = json.loads(file.read_text()) if file.exists() else {"plugin": {"enabled": list(self.plugins)}}
        file.write_text(json.dumps({**before, **keys}))

    def plugin(self, name: str, *, manifest: dict[str, Any] | str | None = None, **parts: str) -> None:
        """Write a plugin: `server="…"` is the source of its part on the server, and so on."""
        package = self.packages / name / "_private"
        package.mkdir(parents=True)
        for module in (package.parent / "__init__.py", package / "__init__.py"):
            module.touch()
        about = {"plugin": {"title": name.removeprefix("peek_plugin_").title(), "packageName": name, "version": "1.0"}}
        text = manifest if isinstance(manifest, str) else json.dumps(about | (manifest or {}))
        (package.parent / "plugin_package.json").write_text(text)
        entries = f"[peek_trio.plugins]\n{name} = {name}\n"
        for service, source in parts.items():
            (package / f"{service}.py").write_text(dedent(source))
            entries += f"[peek_trio.{service}]\n{name} = {name}._private.{service}\n"
        about_package = self.packages / f"{name}-1.0.dist-info"
        about_package.mkdir()
        (about_package / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (about_package / "entry_points.txt").write_text(entries)

    @property
    def environment(self) -> dict[str, str]:
        path = os.pathsep.join([str(self.packages), str(ROOT)])
        return os.environ | {MARK: str(self.top), "PYTHONPATH": path, "PYTHONWARNINGS": "default"}

    def command(self, *words: str, given: str = "") -> subprocess.CompletedProcess[str]:
        """Run a command of the platform to its end."""
        return subprocess.run(
            [sys.executable, "-m", "peek_trio", *words, "--home", str(self.base)],
            cwd=ROOT,
            env=self.environment,
            input=given,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )

    def processes(self) -> dict[int, str]:
        """Every process that was started from here, directly or not, and still runs: its id and command line."""
        found = {}
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and int(entry.name) != os.getpid():
                with contextlib.suppress(OSError):
                    command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                    ours = f"{MARK}={self.top}".encode() in (entry / "environ").read_bytes().split(b"\0")
                    if command and (ours or str(self.top) in command or str(self.top) in os.readlink(entry / "cwd")):
                        found[int(entry.name)] = command
        return found

    def remove(self) -> None:
        shutil.rmtree(self.top, ignore_errors=True)
