"""A running platform as tests see it: where its sites are, what it printed, and its other commands."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
from pathlib import Path

import attrs


@attrs.define
class Platform:
    """A running `python -m peek_trio up` with a home of its own on free ports."""

    home: Path
    ports: dict[str, int]
    process: subprocess.Popen[str]
    lines: list[str] = attrs.field(factory=list)

    def url(self, site: str, path: str = "/") -> str:
        return f"http://127.0.0.1:{self.ports[site]}{path}"

    def command(self, *arguments: str) -> str:
        """Run another command on the same home; gives what it prints."""
        done = subprocess.run(
            [sys.executable, "-m", "peek_trio", *arguments, "--home", str(self.home)],
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def sign_in_link(self) -> str:
        """A new one-time link for the first administrator."""
        found = re.search(r"http\S+#code=\S+", self.command("people", "link", "admin"))
        assert found, "`people link` printed no link"
        return found.group()

    def service_pid(self, service: str) -> int:
        """The process id that `up` printed last for this service."""
        found = [re.search(rf"^{service}\s+starts\s+process (\d+)", line) for line in self.lines]
        return int([match for match in found if match][-1].group(1))


def free_ports(names: list[str]) -> dict[str, int]:
    sockets = {name: socket.socket() for name in names}
    for one in sockets.values():
        one.bind(("127.0.0.1", 0))
    ports = {name: one.getsockname()[1] for name, one in sockets.items()}
    for one in sockets.values():
        one.close()
    return ports


def write_configurations(home: Path, ports: dict[str, int]) -> None:
    server = {"host": "127.0.0.1", "port": ports["link"]}
    configurations: dict[str, dict[str, object]] = {
        "server": {"serverLink": server, "adminSite": {"port": ports["admin"]}},
        "client": {
            "peekServer": server,
            "mobileSite": {"port": ports["mobile"]},
            "desktopSite": {"port": ports["desktop"]},
        },
        "agent": {"peekServer": server},
        "worker": {"peekServer": server},
    }
    for service, content in configurations.items():
        file = home / f"peek-{service}.home" / "config.json"
        file.parent.mkdir()
        file.write_text(json.dumps(content))
