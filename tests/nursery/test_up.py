"""`up`, whole: real services as real processes on a scratch base, watched through what people see of it."""

import re
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import trio

from peek_trio.config import SERVICES
from peek_trio.nursery.operator import operator_link
from peek_trio.nursery.platform_tuples import Service
from peek_trio.tuples import TupleSelector
from tests.whole.device import request
from tests.whole.homes import Homes
from tests.whole.running import Running, await_end, running


def postmaster(base: Homes) -> int:
    """The process of the embedded PostgreSQL."""
    return int((base.base / "peek-server.home/postgres/postmaster.pid").read_text().split()[0])


@pytest.fixture(scope="module")
def base() -> Iterator[Homes]:
    homes = Homes()
    yield homes
    homes.remove()


@pytest.fixture(scope="module")
def up(base: Homes) -> Iterator[Running]:
    with running(base) as one:
        yield one.ready()


def test_every_service_becomes_ready_the_server_first(up: Running) -> None:
    ready = [match[1] for line in up.lines if (match := re.match(r"(\w+) +ready +\d+\.\d s$", line))]
    assert ready[0] == "server"
    assert sorted(ready) == ["agent", "client", "server", "worker"]


def test_the_sites_are_named_and_healthy(up: Running, base: Homes) -> None:
    for site, port in (("admin", base.admin), ("mobile", base.mobile), ("desktop", base.desktop)):
        up.line(rf"^{site} +http://127\.0\.0\.1:{port}$")
        status, health, _ = request(port, "GET", "/api/health")
        assert (status, health["ready"]) == (200, True)


def test_the_sign_in_link_works_once_and_the_session_holds_on_the_client_too(up: Running, base: Homes) -> None:
    code = up.line(r"sign in +http://127\.0\.0\.1:\d+/sign-in#code=(\S+)")[1]
    status, _, cookie = request(base.admin, "POST", "/api/session", {"code": code})
    assert status == 200
    status, session, _ = request(base.mobile, "GET", "/api/session", cookie=cookie)
    assert (status, session["principal"]["name"]) == (200, "admin")
    status, refused, _ = request(base.admin, "POST", "/api/session", {"code": code})
    assert status == 403
    assert "has been used or is too old" in refused["error"]["message"]


def test_administrators_see_every_service(up: Running, base: Homes) -> None:
    async def see() -> list[tuple[str, str]]:
        async with operator_link(base.base, [Service]) as board, board.observe(TupleSelector.of(Service)) as states:
            async for state in states:
                return [(row.kind, row.state) for row in state.rows]
        return []

    assert trio.run(see) == [("agent", "up"), ("client", "up"), ("server", "up"), ("worker", "up")]


def test_people_are_managed_from_the_command_line(up: Running, base: Homes) -> None:
    added = base.command("people", "add", "ann", "--title", "Ann Lee", "--role", "dispatcher")
    assert f"http://127.0.0.1:{base.admin}/sign-in#code=" in added.stdout
    assert base.command("people", "password", "ann", given="correct horse battery\n").returncode == 0
    assert re.search(r"^ann +Ann Lee +dispatcher +password", base.command("people", "list").stdout, re.M)
    status, _, _ = request(base.desktop, "POST", "/api/session", {"name": "ann", "password": "correct horse battery"})
    assert status == 200
    refused = base.command("people", "remove", "nobody")
    assert (refused.returncode, refused.stderr) == (2, "peek: There is nobody named nobody.\n")


def test_a_person_who_is_removed_is_out_on_the_client_at_once(up: Running, base: Homes) -> None:
    code = base.command("people", "add", "bob").stdout.partition("code=")[2].strip()
    _, _, cookie = request(base.mobile, "POST", "/api/session", {"code": code})
    assert request(base.mobile, "GET", "/api/session", cookie=cookie)[0] == 200
    assert base.command("people", "remove", "bob").returncode == 0
    assert request(base.mobile, "GET", "/api/session", cookie=cookie)[0] == 401


def test_a_second_up_on_the_same_base_is_refused(up: Running, base: Homes) -> None:
    second = base.command("up")
    assert second.returncode == 2
    assert re.match(rf"peek: `up` on {base.base} runs already \(process {up.process.pid}, ", second.stderr)


def test_an_agent_that_is_killed_starts_again(up: Running) -> None:
    agent = up.pid("agent")
    seen = up.kill("agent")
    died = up.line(r"^agent +died +(.*)", after=seen)
    assert re.match(r"killed by SIGKILL; starts again in 0\.\d s\. Its log: \S+/peek-agent\.log$", died[1])
    up.line(r"^agent +ready", after=seen)
    assert up.pid("agent") != agent


def test_a_server_that_is_killed_comes_back_with_its_data_and_the_others_link_again(up: Running, base: Homes) -> None:
    seen = up.kill("server")
    up.line(r"^server +died +killed by SIGKILL", after=seen)
    up.line(r"^server +ready", after=seen)
    for service in ("client", "agent", "worker"):
        up.line(rf"^{service} +linked to the server again", after=seen)
    assert "Ann Lee" in base.command("people", "list").stdout


def test_interrupt_ends_everything_in_time_and_the_next_start_finds_its_data(up: Running, base: Homes) -> None:
    assert base.command("people", "add", "carl").returncode == 0
    processes = [*map(up.pid, SERVICES), postmaster(base)]
    began = time.monotonic()
    assert up.end(signal.SIGINT) == 0
    assert time.monotonic() - began < 10
    for pid in processes:
        assert not Path(f"/proc/{pid}").exists()
    with running(base) as again:
        again.ready()
        assert "carl" in base.command("people", "list").stdout
        orphans = [*map(again.pid, SERVICES), postmaster(base)]
        again.end(signal.SIGKILL)
    for pid in orphans:
        await_end(pid)


def test_a_port_in_use_is_told_once_and_ends_the_start() -> None:
    base = Homes()
    with socket.create_server(("127.0.0.1", base.admin)):
        up = base.command("up")
    base.remove()
    assert up.returncode == 2
    told = [line for line in up.stdout.splitlines() if f"port {base.admin} is in use by" in line]
    assert len(told) == 1
    assert re.search(r"^server +could not start: exit code 2\. Its log: ", up.stdout, re.M)
    assert "Traceback" not in up.stdout + up.stderr


def test_a_slip_in_a_configuration_is_told_before_anything_starts() -> None:
    base = Homes()
    (base.base / "peek-agent.home/config.json").write_text('{"peekServer": {"port": 80x1}}')
    up = base.command("up")
    base.remove()
    assert (up.returncode, up.stdout) == (2, "")
    assert re.match(r"peek: \S+/peek-agent\.home/config\.json is not valid JSON, line 1, column 27: ", up.stderr)
