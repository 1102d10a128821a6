"""A home that cannot be used: the command says what is wrong and where, in one line, and ends with 2."""

from __future__ import annotations

import hashlib
import json
import re
import resource
import signal
import subprocess
import tempfile
from pathlib import Path

import pytest

from peek_trio.security.tokens import service_token
from tests.whole.homes import Homes
from tests.whole.running import running


def only_line(done: subprocess.CompletedProcess[str]) -> str:
    """What a command that could not start said."""
    assert done.returncode == 2
    assert "Traceback" not in done.stdout + done.stderr
    return "\n".join(line for line in done.stderr.splitlines() if "has ended" not in line)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('{"plugin": {"enabled": [}}', "is not valid JSON, line 1, column 25: Expecting value. The line reads: "),
        ("[" * 100_000, "nests far too deep for a configuration"),
        (
            '{"peekServer": {"port": "8011"}}',
            'peekServer.port must be a port number from 0 to 65535 .*, but it is "8011".',
        ),
    ],
)
def test_a_broken_configuration(homes: Homes, text: str, complaint: str) -> None:
    file = homes.home("agent") / "config.json"
    file.write_text(text)
    assert re.match(rf"peek: {file}:? {complaint}", only_line(homes.command("agent")))
    assert file.read_text() == text


def test_a_key_that_is_not_known_is_told_and_kept(homes: Homes) -> None:
    homes.configure("agent", pluging={"enabled": []})
    assert "service.token is missing" in homes.command("agent").stderr
    told = f'{homes.home("agent")}/config.json: the key pluging is not known and has no effect. Did you mean "plugin"?'
    assert told in homes.log("agent")
    assert "pluging" in json.loads((homes.home("agent") / "config.json").read_text())


@pytest.mark.parametrize("command", ["up", "agent"])
def test_a_home_where_nothing_can_be_written(homes: Homes, command: str) -> None:
    homes.base = homes.top / "file" / "base"
    homes.base.parent.write_text("this is no directory")
    assert re.match(
        rf"peek: .*{homes.base}\S* cannot be (opened|read): Not a directory\.$", only_line(homes.command(command))
    )


@pytest.mark.parametrize(("command", "lock"), [("up", "peek-up.lock"), ("agent", "peek-agent.home/service.lock")])
def test_a_lock_that_cannot_be_made(homes: Homes, command: str, lock: str) -> None:
    (homes.base / lock).mkdir()
    assert f"The lock {homes.base / lock} cannot be made: Is a directory." in only_line(homes.command(command))


def test_a_token_that_others_may_read(homes: Homes) -> None:
    file = homes.home("agent") / "service.token"
    token = service_token(file)
    file.chmod(0o644)
    told = only_line(homes.command("agent"))
    assert f"Other accounts may read the service token {file}" in told
    assert f"chmod 600 {file}" in told
    assert token not in told + homes.log("agent")


def test_a_token_that_is_none(homes: Homes) -> None:
    file = homes.home("agent") / "service.token"
    file.touch(0o600)
    file.write_bytes(b"\xff secret " * 8)
    assert f"The file {file} does not hold a service token." in only_line(homes.command("agent"))
    assert "secret" not in homes.log("agent")


def test_a_disk_without_room_for_the_database(homes: Homes) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))  # no file may grow: children inherit it
    try:
        done = homes.command("server")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert re.match(r"ERROR +The embedded PostgreSQL could not be set up in .*: .*File too large", only_line(done))
    with running(homes, "server") as server:  # once there is room, the same home is good
        server.line("The server is ready")
        assert server.end(signal.SIGTERM) == 0


def test_a_long_home_in_every_script_and_without_plugins() -> None:
    homes = Homes(below="/".join(["Kraftwerk Süd 'q\" $x", "Ωμέγα " * 8, "発電所" * 8]))
    try:
        with running(homes) as up:
            up.ready()
            assert "admin" in homes.command("people", "list").stdout
            assert up.end(signal.SIGINT, signal.SIGINT, signal.SIGINT) in (0, 130)  # somebody is impatient
            assert "Traceback" not in up.text
        assert homes.processes() == {}
        digest = hashlib.sha256(str(homes.home("server")).encode()).hexdigest()[:16]
        assert not (Path(tempfile.gettempdir()) / f"peek-{digest}").exists()  # where its socket was
    finally:
        homes.remove()
