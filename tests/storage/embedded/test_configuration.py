"""How the embedded PostgreSQL is set up: modestly, on a socket, as an ordinary account, and the way the operator says."""

from __future__ import annotations

import os
from pathlib import Path

import psycopg
import pytest
import trio

from peek_trio.storage import EmbeddedPostgres, engine_url
from peek_trio.storage.embedded.account import account_for
from peek_trio.storage.embedded.leftover import postmaster_of


@pytest.fixture
def home(open_home: Path) -> Path:
    open_home.mkdir()
    return open_home


async def settings(home: Path, *names: str) -> list[str]:
    """What the server of `home` has for these settings."""
    found: list[str] = []

    def ask(url: str) -> None:
        plain = engine_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(plain) as connection:
            for name in names:
                row = connection.execute("select current_setting(%s)", (name,)).fetchone()
                found.append(row[0] if row else "")

    async with trio.open_nursery() as nursery:
        url = await nursery.start(EmbeddedPostgres(home, reserve=0).run)
        await trio.to_thread.run_sync(ask, url)
        nursery.cancel_scope.cancel()
    return found


def megabytes(setting: str) -> int:
    number, unit = int(setting[:-2]), setting[-2:]
    return number * {"MB": 1, "GB": 1024}[unit]


async def test_it_is_tuned_modestly_and_keeps_what_it_commits(home: Path) -> None:
    found = await settings(home, "shared_buffers", "max_connections", "fsync", "synchronous_commit", "full_page_writes")
    assert 64 <= megabytes(found[0]) <= 512
    assert found[1:] == ["100", "on", "on", "on"]


async def test_the_operators_settings_go_before_ours(home: Path) -> None:
    (home / "postgres.conf").write_text("max_connections = 33\nwork_mem = '7MB'\n")
    assert await settings(home, "max_connections", "work_mem") == ["33", "7MB"]


async def test_settings_of_the_environment_do_not_lead_it_astray(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"PGDATA": "/nowhere", "PGPORT": "1", "PGHOST": "nowhere", "PGUSER": "nobody"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("LC_ALL", "tr_TR.UTF-8")
    assert await settings(home, "lc_messages") == ["C.UTF-8"]


def owner_of(process: int | None) -> int:
    return Path(f"/proc/{process}").stat().st_uid


async def test_it_runs_as_an_account_that_is_not_root_and_owns_its_files(home: Path) -> None:
    data = home / "postgres"
    async with trio.open_nursery() as nursery:
        await nursery.start(EmbeddedPostgres(home, fsync=False, reserve=0).run)
        owner = owner_of(postmaster_of(data))
        assert owner == account_for(data).uid == data.stat().st_uid
        nursery.cancel_scope.cancel()
    assert owner != 0


def sockets_of(process: int | None) -> set[str]:
    """The numbers of the sockets that a process has."""
    links = [os.readlink(link) for link in Path(f"/proc/{process}/fd").iterdir()]
    return {link[len("socket:[") : -1] for link in links if link.startswith("socket:[")}


def tcp_sockets() -> set[str]:
    """The numbers of all TCP sockets of this machine."""
    tables = [path for name in ("tcp", "tcp6") if (path := Path("/proc/net", name)).exists()]
    return {line.split()[9] for table in tables for line in table.read_text().splitlines()[1:]}


async def test_nothing_listens_on_tcp(home: Path) -> None:
    async with trio.open_nursery() as nursery:
        await nursery.start(EmbeddedPostgres(home, fsync=False, reserve=0).run)
        sockets = sockets_of(postmaster_of(home / "postgres"))
        assert sockets
        assert not sockets & tcp_sockets()
        nursery.cancel_scope.cancel()
