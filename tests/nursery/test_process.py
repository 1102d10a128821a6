"""process: one service as a process, alone: what it says, how it ends, and with which exit code."""

import contextlib
import http.client
import json
import os
import re
import select
import signal
import socket
import socketserver
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from peek_trio.security.tokens import service_token
from peek_trio.storage import engine_url

ROOT = Path(__file__).parents[2]
PATIENCE = 40.0
NOBODY_LISTENS = 9  # the discard service: not there, and not in the range of ports that tests are given


class Process:
    """One service, run by itself on a scratch base."""

    def __init__(self, service: str, base: Path, *, supervised: bool = False) -> None:
        self.ready_end, ready_fd = os.pipe()
        lifeline_fd, self.lifeline = os.pipe()
        fds = {"PEEK_READY_FD": str(ready_fd), "PEEK_LIFELINE_FD": str(lifeline_fd)} if supervised else {}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "peek_trio", service, "--home", str(base)],
            cwd=ROOT,
            env=os.environ | fds,
            pass_fds=(ready_fd, lifeline_fd) if supervised else (),
            stderr=subprocess.PIPE,
            text=True,
        )
        os.close(ready_fd)
        os.close(lifeline_fd)

    def ready(self) -> dict[str, Any]:
        """The line that says it is ready, waited for."""
        assert select.select([self.ready_end], [], [], PATIENCE)[0], "it does not become ready"
        return json.loads(os.read(self.ready_end, 4096))

    def said(self, words: str) -> str:
        """The first line on its terminal that has these words, waited for."""
        assert self.process.stderr is not None
        for line in self.process.stderr:
            if words in line:
                return line.rstrip()
        pytest.fail(f"it ended without having said {words!r}")

    def end(self, *signals: signal.Signals) -> int:
        """Send it signals and return its exit code."""
        for number in signals:
            self.process.send_signal(number)
        return self.process.wait(PATIENCE)

    def close(self) -> None:
        self.process.kill()
        self.process.wait(PATIENCE)
        assert self.process.stderr is not None
        self.process.stderr.close()
        for fd in (self.ready_end, self.lifeline):
            with contextlib.suppress(OSError):
                os.close(fd)


@pytest.fixture
def processes() -> Iterator[list[Process]]:
    processes: list[Process] = []
    yield processes
    for process in processes:
        process.close()


def configure(base: Path, service: str, **keys: object) -> Path:
    home = base / f"peek-{service}.home"
    home.mkdir(exist_ok=True)
    (home / "config.json").write_text(json.dumps({"plugin": {"enabled": []}, **keys}))
    return home


def agent_without_server(base: Path) -> None:
    service_token(configure(base, "agent", peekServer={"port": NOBODY_LISTENS}) / "service.token")


def test_a_service_without_its_server_becomes_ready_and_ends_when_asked(
    tmp_path: Path, processes: list[Process]
) -> None:
    agent_without_server(tmp_path)
    processes.append(agent := Process("agent", tmp_path, supervised=True))
    assert agent.ready() == {"event": "ready", "service": "agent", "addresses": {}}
    assert agent.end(signal.SIGTERM) == 0
    assert "Nothing can be reached at 127.0.0.1:9" in (tmp_path / "peek-agent.log").read_text()


def test_ctrl_c_is_an_ordinary_end(tmp_path: Path, processes: list[Process]) -> None:
    agent_without_server(tmp_path)
    processes.append(agent := Process("agent", tmp_path))
    agent.said("Nothing can be reached")
    assert agent.end(signal.SIGINT) == 0


def test_a_service_ends_with_its_supervisor(tmp_path: Path, processes: list[Process]) -> None:
    agent_without_server(tmp_path)
    processes.append(agent := Process("agent", tmp_path, supervised=True))
    agent.said("Nothing can be reached")
    os.close(agent.lifeline)
    assert agent.end() == 0


def test_a_second_service_on_the_same_home_is_refused(tmp_path: Path, processes: list[Process]) -> None:
    agent_without_server(tmp_path)
    processes.append(agent := Process("agent", tmp_path, supervised=True))
    agent.said("Nothing can be reached")
    processes.append(second := Process("agent", tmp_path))
    told = second.said("runs already")
    assert told.startswith(f"ERROR    The agent of {tmp_path} runs already (process {agent.process.pid}, ")
    assert second.end() == 2


def test_a_service_without_a_token_says_so_and_ends_with_2(tmp_path: Path, processes: list[Process]) -> None:
    configure(tmp_path, "agent")
    processes.append(agent := Process("agent", tmp_path))
    assert "service.token is missing" in agent.said("service.token")
    assert agent.end() == 2


def test_an_unknown_key_is_a_warning(tmp_path: Path, processes: list[Process]) -> None:
    agent_without_server(tmp_path)
    configure(tmp_path, "agent", peekServer={"port": NOBODY_LISTENS}, logginng={})
    processes.append(agent := Process("agent", tmp_path))
    assert 'Did you mean "logging"?' in agent.said("logginng")


class LateDatabase(socketserver.ThreadingTCPServer):
    """The tests' PostgreSQL behind a port of its own, on which nobody answers before `open`."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, url: str) -> None:
        super().__init__(("127.0.0.1", 0), _Relay, bind_and_activate=False)
        known = engine_url(url)
        self.socket_file = f"{known.query['host']}/.s.PGSQL.5432"
        self.server_bind()
        at = known.set(host="127.0.0.1", port=self.server_address[1], query={})
        self.url = at.render_as_string(hide_password=False)

    def open(self) -> None:
        self.server_activate()
        threading.Thread(target=self.serve_forever, args=[0.05]).start()


class _Relay(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        with socket.socket(socket.AF_UNIX) as database, contextlib.suppress(OSError):
            database.connect(self.server.socket_file)  # type: ignore[attr-defined]
            other = {self.request: database, database: self.request}
            while True:
                for end in select.select(list(other), [], [])[0]:
                    if not (data := end.recv(65536)):
                        return
                    other[end].sendall(data)


@pytest.fixture
def late_database(database_url: str) -> Iterator[LateDatabase]:
    late = LateDatabase(database_url)
    yield late
    late.shutdown()
    late.server_close()


def ask(port: int, method: str, path: str, body: object = None) -> tuple[int, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    headers = {"X-Peek": "1", "Content-Type": "application/json"}
    connection.request(method, path, None if body is None else json.dumps(body), headers)
    response = connection.getresponse()
    answer = json.loads(response.read())
    connection.close()
    return response.status, answer


def test_a_server_whose_database_comes_late_opens_its_site_and_becomes_ready(
    tmp_path: Path, late_database: LateDatabase, processes: list[Process]
) -> None:
    url, anywhere = late_database.url, {"port": 0}
    configure(tmp_path, "server", sqlalchemy={"connectUrl": url}, serverLink=anywhere, adminSite=anywhere)
    processes.append(server := Process("server", tmp_path, supervised=True))
    server.said("waiting for the database")
    log = (tmp_path / "peek-server.log").read_text()
    port = int(re.search(r"admin site is open at http://127\.0\.0\.1:(\d+)", log)[1])  # type: ignore[index]
    assert ask(port, "GET", "/api/health")[1]["ready"] is False
    status, refused = ask(port, "POST", "/api/session", {"name": "admin", "password": "right"})
    assert (status, refused["error"]["type"]) == (503, "DatabaseUnavailable")
    late_database.open()
    assert server.ready()["addresses"]["admin"] == f"http://127.0.0.1:{port}"
    assert ask(port, "GET", "/api/health")[1]["ready"] is True
    assert server.end(signal.SIGTERM) == 0


def test_a_wrong_token_is_told_in_plain_words(tmp_path: Path, database_url: str, processes: list[Process]) -> None:
    anywhere = {"port": 0}
    configure(tmp_path, "server", sqlalchemy={"connectUrl": database_url}, serverLink=anywhere, adminSite=anywhere)
    processes.append(server := Process("server", tmp_path, supervised=True))
    links = server.ready()["addresses"]["links"].rpartition(":")[2]
    home = configure(tmp_path, "agent", peekServer={"port": int(links)})
    service_token(home / "service.token")
    processes.append(agent := Process("agent", tmp_path))
    told = agent.said("refused")
    assert (
        "The service token of this agent is not the one of this server. Run `python -m peek_trio token agent`" in told
    )
    assert "Next attempt in 30.0 s" in told
