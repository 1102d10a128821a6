"""`up`, whole: real services as real processes on a scratch base, watched through what people see of it."""

import contextlib
import http.client
import json
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trio

from peek_trio.nursery.operator import operator_link
from peek_trio.nursery.platform_tuples import Service
from peek_trio.tuples import TupleSelector

ROOT = Path(__file__).parents[2]
PATIENCE = 40.0


def free_ports(count: int) -> list[int]:
    """Ports that nobody has just now."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


class Base:
    """A directory of homes, configured to use free ports."""

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="peek-up-"))
        self.path.chmod(0o755)  # PostgreSQL, run by another account when we are root, must get in
        self.links, self.admin, self.mobile, self.desktop = free_ports(4)
        at_server = {"plugin": {"enabled": []}, "peekServer": {"port": self.links}}
        self.configure("server", {"serverLink": {"port": self.links}, "adminSite": {"port": self.admin}})
        self.configure(
            "client", {**at_server, "mobileSite": {"port": self.mobile}, "desktopSite": {"port": self.desktop}}
        )
        self.configure("agent", at_server)
        self.configure("worker", {**at_server, "worker": {"processes": 1}})

    def configure(self, service: str, document: dict[str, Any]) -> None:
        home = self.path / f"peek-{service}.home"
        home.mkdir(exist_ok=True)
        (home / "config.json").write_text(json.dumps({"plugin": {"enabled": []}, **document}))

    def command(self, *words: str, given: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "peek_trio", *words, "--home", str(self.path)],
            cwd=ROOT,
            input=given,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )


class Up:
    """A running `up` and the lines that it has written."""

    def __init__(self, base: Base) -> None:
        self.base = base
        self.began = time.monotonic()
        self.lines: list[str] = []
        self._news = threading.Condition()
        self._has_ended = False
        self.process = subprocess.Popen(
            [sys.executable, "-m", "peek_trio", "up", "--home", str(base.path)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self._news:
                self.lines.append(line.rstrip("\n"))
                self._news.notify_all()
        with self._news:
            self._has_ended = True
            self._news.notify_all()

    def line(self, pattern: str, *, after: int = 0) -> re.Match[str]:
        """The first line from number `after` on that matches, waited for."""
        with self._news:
            found: list[re.Match[str]] = []

            def look() -> bool:
                found.extend(match for line in self.lines[after:] if (match := re.search(pattern, line)))
                return bool(found) or self._has_ended

            self._news.wait_for(look, PATIENCE)
            assert found, f"no line like {pattern!r} in\n" + "\n".join(self.lines)
            return found[0]

    def pids(self) -> dict[str, int]:
        """The last process of each service."""
        starts = (re.match(r"(\w+) +starts +process (\d+)", line) for line in self.lines)
        return {match[1]: int(match[2]) for match in starts if match}

    def stop(self, how: signal.Signals = signal.SIGINT) -> float:
        """End it and return how many seconds that took."""
        began = time.monotonic()
        self.process.send_signal(how)
        self.process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return time.monotonic() - began


def await_end(pid: int) -> None:
    """Wait until a process that is not our child has ended."""
    with contextlib.suppress(ProcessLookupError):
        handle = os.pidfd_open(pid)
        ended, _, _ = select.select([handle], [], [], PATIENCE)
        os.close(handle)
        assert ended, f"process {pid} does not end"


def postmaster(base: Base) -> int:
    """The process of the embedded PostgreSQL."""
    return int((base.path / "peek-server.home/postgres/postmaster.pid").read_text().split()[0])


def request(port: int, method: str, path: str, body: object = None, cookie: str = "") -> tuple[int, Any, str]:
    """Status, JSON answer and session cookie of one request."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    headers = {"X-Peek": "1", "Content-Type": "application/json", "Cookie": cookie}
    connection.request(method, path, None if body is None else json.dumps(body), headers)
    response = connection.getresponse()
    answer = response.read()
    connection.close()
    return response.status, json.loads(answer or b"null"), (response.getheader("Set-Cookie") or "").partition(";")[0]


@pytest.fixture(scope="module")
def base() -> Iterator[Base]:
    base = Base()
    yield base
    shutil.rmtree(base.path, ignore_errors=True)


@pytest.fixture(scope="module")
def up(base: Base) -> Iterator[Up]:
    up = Up(base)
    try:
        up.line("Ctrl-C stops everything")
        yield up
    finally:
        up.stop()


def test_every_service_becomes_ready_the_server_first(up: Up) -> None:
    ready = [match[1] for line in up.lines if (match := re.match(r"(\w+) +ready +\d+\.\d s$", line))]
    assert ready[0] == "server"
    assert sorted(ready) == ["agent", "client", "server", "worker"]


def test_the_sites_are_named_and_healthy(up: Up, base: Base) -> None:
    for site, port in (("admin", base.admin), ("mobile", base.mobile), ("desktop", base.desktop)):
        up.line(rf"^{site} +http://127\.0\.0\.1:{port}$")
        status, health, _ = request(port, "GET", "/api/health")
        assert (status, health["ready"]) == (200, True)


def test_the_sign_in_link_works_once_and_the_session_holds_on_the_client_too(up: Up, base: Base) -> None:
    code = up.line(r"sign in +http://127\.0\.0\.1:\d+/sign-in#code=(\S+)")[1]
    status, _, cookie = request(base.admin, "POST", "/api/session", {"code": code})
    assert status == 200
    status, session, _ = request(base.mobile, "GET", "/api/session", cookie=cookie)
    assert (status, session["principal"]["name"]) == (200, "admin")
    status, refused, _ = request(base.admin, "POST", "/api/session", {"code": code})
    assert status == 403
    assert "has been used or is too old" in refused["error"]["message"]


def test_administrators_see_every_service(up: Up, base: Base) -> None:
    async def see() -> list[tuple[str, str]]:
        async with operator_link(base.path, [Service]) as board, board.observe(TupleSelector.of(Service)) as states:
            async for state in states:
                return [(row.kind, row.state) for row in state.rows]
        return []

    assert trio.run(see) == [("agent", "up"), ("client", "up"), ("server", "up"), ("worker", "up")]


def test_people_are_managed_from_the_command_line(up: Up, base: Base) -> None:
    added = base.command("people", "add", "ann", "--title", "Ann Lee", "--role", "dispatcher")
    assert f"http://127.0.0.1:{base.admin}/sign-in#code=" in added.stdout
    assert base.command("people", "password", "ann", given="correct horse battery\n").returncode == 0
    assert re.search(r"^ann +Ann Lee +dispatcher +password", base.command("people", "list").stdout, re.M)
    status, _, _ = request(base.desktop, "POST", "/api/session", {"name": "ann", "password": "correct horse battery"})
    assert status == 200
    refused = base.command("people", "remove", "nobody")
    assert (refused.returncode, refused.stderr) == (2, "peek: There is nobody named nobody.\n")


def test_a_person_who_is_removed_is_out_on_the_client_at_once(up: Up, base: Base) -> None:
    code = base.command("people", "add", "bob").stdout.partition("code=")[2].strip()
    _, _, cookie = request(base.mobile, "POST", "/api/session", {"code": code})
    assert request(base.mobile, "GET", "/api/session", cookie=cookie)[0] == 200
    assert base.command("people", "remove", "bob").returncode == 0
    assert request(base.mobile, "GET", "/api/session", cookie=cookie)[0] == 401


def test_a_second_up_on_the_same_base_is_refused(up: Up, base: Base) -> None:
    second = base.command("up")
    assert second.returncode == 2
    assert re.match(rf"peek: `up` on {base.path} runs already \(process {up.process.pid}, ", second.stderr)


def test_an_agent_that_is_killed_starts_again(up: Up) -> None:
    seen, agent = len(up.lines), up.pids()["agent"]
    os.kill(agent, signal.SIGKILL)
    died = up.line(r"^agent +died +(.*)", after=seen)
    assert re.match(r"killed by SIGKILL; starts again in 0\.\d s\. Its log: \S+/peek-agent\.log$", died[1])
    up.line(r"^agent +ready", after=seen)
    assert up.pids()["agent"] != agent


def test_a_server_that_is_killed_comes_back_with_its_data_and_the_others_link_again(up: Up, base: Base) -> None:
    seen = len(up.lines)
    os.kill(up.pids()["server"], signal.SIGKILL)
    up.line(r"^server +died +killed by SIGKILL", after=seen)
    up.line(r"^server +ready", after=seen)
    for service in ("client", "agent", "worker"):
        up.line(rf"^{service} +linked to the server again", after=seen)
    assert "Ann Lee" in base.command("people", "list").stdout


def test_interrupt_ends_everything_in_time_and_the_next_start_finds_its_data(up: Up, base: Base) -> None:
    assert base.command("people", "add", "carl").returncode == 0
    processes = [*up.pids().values(), postmaster(base)]
    assert up.stop(signal.SIGINT) < 10
    assert up.process.returncode == 0
    for pid in processes:
        assert not Path(f"/proc/{pid}").exists()
    again = Up(base)
    try:
        again.line("Ctrl-C stops everything")
        assert "carl" in base.command("people", "list").stdout
        orphans = [*again.pids().values(), postmaster(base)]
    finally:
        again.stop(signal.SIGKILL)
    for pid in orphans:
        await_end(pid)


def test_a_port_in_use_is_told_once_and_ends_the_start() -> None:
    base = Base()
    with socket.create_server(("127.0.0.1", base.admin)):
        up = base.command("up")
    shutil.rmtree(base.path)
    assert up.returncode == 2
    told = [line for line in up.stdout.splitlines() if f"port {base.admin} is in use by" in line]
    assert len(told) == 1
    assert re.search(r"^server +could not start: exit code 2\. Its log: ", up.stdout, re.M)
    assert "Traceback" not in up.stdout + up.stderr


def test_a_slip_in_a_configuration_is_told_before_anything_starts() -> None:
    base = Base()
    (base.path / "peek-agent.home/config.json").write_text('{"peekServer": {"port": 80x1}}')
    up = base.command("up")
    shutil.rmtree(base.path)
    assert (up.returncode, up.stdout) == (2, "")
    assert re.match(r"peek: \S+/peek-agent\.home/config\.json is not valid JSON, line 1, column 27: ", up.stderr)
