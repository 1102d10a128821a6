"""Room on the disk: when it is full, what is given up, and what goes on; the last tests on a disk that really is."""

from __future__ import annotations

import errno
import os
import subprocess
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
import trio
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from peek_trio.config import DatabaseConfig
from peek_trio.errors import DatabaseUnavailable, StorageFull, to_wire
from peek_trio.nursery.server_database import server_database
from peek_trio.storage import Database
from peek_trio.storage.embedded.place import find_place
from peek_trio.storage.embedded.room import LOOK_EVERY, Room, Tide, config_files

MB = 1024 * 1024


def test_it_is_full_below_half_the_reserve_and_has_room_again_only_when_that_will_last() -> None:
    tide = Tide(64 * MB)
    assert not tide.look(33 * MB, kept_back=True)
    assert tide.look(31 * MB, kept_back=True)
    assert tide.look(63 * MB, kept_back=True)
    assert not tide.look(64 * MB, kept_back=True)


def test_with_the_reserve_given_up_it_takes_that_much_more_to_have_room() -> None:
    tide = Tide(64 * MB, full=True)
    assert tide.look(100 * MB, kept_back=False)
    assert not tide.look(128 * MB, kept_back=False)


@given(st.lists(st.integers(0, 300 * MB), max_size=30), st.booleans())
def test_it_never_turns_within_the_span_between_the_two_marks(looks: list[int], kept_back: bool) -> None:
    tide = Tide(64 * MB)
    for free in looks:
        before = tide.full
        after = tide.look(free, kept_back=kept_back)
        if before != after:
            assert free < 32 * MB if after else free >= 64 * MB


class Disk:
    """How much is free, as far as a Room is told."""

    def __init__(self, free: int) -> None:
        self.free = free

    def statvfs(self, _path: object) -> os.statvfs_result:
        return os.statvfs_result((1, 1, 0, 0, self.free, 0, 0, 0, 0, 255))


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    disk = Disk(1000 * MB)
    monkeypatch.setattr("peek_trio.storage.embedded.room.os.statvfs", disk.statvfs)
    return disk


@pytest.fixture
def room(tmp_path: Path, disk: Disk) -> Room:
    place = find_place(tmp_path / "home", elsewhere=tmp_path / "elsewhere")
    place.data.mkdir()
    return Room(place, reserve=MB)


def files(room: Room) -> dict[str, bool]:
    in_force, waiting = config_files(room._place)
    return {"reserve": room._file.exists(), "in force": in_force.exists(), "waiting": waiting.exists()}


def test_while_there_is_room_a_reserve_is_kept_back(room: Room) -> None:
    room.prepare()
    assert files(room) == {"reserve": True, "in force": False, "waiting": True}
    assert room._file.stat().st_size == MB


def test_room_that_another_took_in_the_same_moment_is_no_failure(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_room(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("peek_trio.storage.embedded.room.os.posix_fallocate", no_room)
    room.prepare()
    assert files(room) == {"reserve": False, "in force": False, "waiting": True}


def test_a_start_on_a_full_disk_gives_the_reserve_up_and_takes_no_changes(room: Room, disk: Disk) -> None:
    room.prepare()
    disk.free = 0
    later = Room(room._place, reserve=MB)
    later.prepare()
    assert files(later) == {"reserve": False, "in force": True, "waiting": False}


async def test_a_disk_that_fills_up_and_is_cleared_is_noticed_both_times(
    room: Room, disk: Disk, caplog: pytest.LogCaptureFixture, autojump_clock: trio.testing.MockClock
) -> None:
    room.prepare()
    reloads: list[dict[str, bool]] = []
    with trio.move_on_after(10 * LOOK_EVERY):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(room.watch, lambda: reloads.append(files(room)))
            for free in (1000 * MB, 0, 0, 1000 * MB, 1000 * MB):
                disk.free = free
                await trio.sleep(LOOK_EVERY)
    assert [reload["in force"] for reload in reloads] == [True, False]
    assert ["takes no changes" in line for line in caplog.messages] == [True, False]
    assert files(room) == {"reserve": True, "in force": False, "waiting": True}


async def test_without_a_reserve_nothing_is_watched(tmp_path: Path, disk: Disk) -> None:
    place = find_place(tmp_path / "home", elsewhere=tmp_path / "elsewhere")
    place.data.mkdir()
    room = Room(place, reserve=0)
    room.prepare()
    await room.watch(lambda: pytest.fail("nothing changed"))
    assert not any(files(room).values())


def _can_mount() -> bool:
    if os.geteuid() != 0:
        return False
    with tempfile.TemporaryDirectory() as folder:
        if subprocess.run(["mount", "-t", "tmpfs", "none", folder], capture_output=True, check=False).returncode:
            return False
        subprocess.run(["umount", folder], check=True)
    return True


mounts = pytest.mark.skipif(not _can_mount(), reason="only root may mount the small disk that this fills up")


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A disk of 320 MB, of which a new cluster and its reserve take half."""
    folder = Path(tempfile.mkdtemp(prefix="peek-disk-"))
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=320m,mode=755", "none", folder], check=True)
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)
    folder.rmdir()


def fill_up(disk: Path, *, leave: int = 0) -> Path:
    """Another program's file, which takes all the room but `leave` bytes."""
    ballast = disk / "ballast"
    status = os.statvfs(disk)
    with ballast.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, status.f_bavail * status.f_frsize - leave)
    return ballast


def make(session: Session) -> None:
    session.execute(sa.text("create table kept (data text); insert into kept values ('precious')"))


KEPT = sa.Table("kept", sa.MetaData(), sa.Column("data", sa.Text))


def write(session: Session) -> None:
    session.execute(sa.insert(KEPT), [{"data": "x" * 1000}] * 1000)


def read(session: Session) -> object:
    return session.scalar(sa.text("select data from kept where data = 'precious'"))


async def until_full(database: Database) -> StorageFull:
    """Writes until there is no room; what dies meanwhile is waited for."""
    while True:
        try:
            await database.run(write)
        except StorageFull as error:
            return error
        except DatabaseUnavailable:
            await trio.sleep(0.1)


async def until(what: Callable[[], Awaitable[object]]) -> None:
    """Tries until it works, however busy the machine."""
    while True:
        try:
            await what()
        except (DatabaseUnavailable, AssertionError):
            await trio.sleep(0.1)
        else:
            return


async def said_to_be(state: str, database: Database) -> None:
    assert (await database.health()).state == state


async def told(what: str, caplog: pytest.LogCaptureFixture) -> None:
    assert what in caplog.text


@mounts
@pytest.mark.timeout(180)
async def test_a_disk_that_others_fill_leaves_reading_and_recovers_by_itself(
    small_disk: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with server_database(DatabaseConfig(), small_disk / "home") as database:
        await database.run(make)
        ballast = fill_up(small_disk, leave=4 * MB)
        with trio.fail_after(60):
            error = await until_full(database)
            assert to_wire(error)["type"] == "StorageFull"
            assert await database.run(read, read_only=True) == "precious"
            await until(lambda: told("the database takes no changes until there is room", caplog))
            await said_to_be("full", database)
            assert await database.run(read, read_only=True) == "precious"
        ballast.unlink()
        with trio.fail_after(60):
            await until(lambda: database.run(write))
            await until(lambda: said_to_be("ok", database))
            await until(lambda: told("has room again", caplog))
    assert str(error) == "The database cannot store anything just now, because its disk is full. Reading goes on."


@mounts
@pytest.mark.timeout(180)
async def test_a_disk_that_the_database_fills_by_itself_can_still_be_read(small_disk: Path) -> None:
    async with server_database(DatabaseConfig(), small_disk / "home") as database:
        await database.run(make)
        with trio.fail_after(120):
            await until_full(database)
            await until(lambda: database.run(read, read_only=True))
            await until(lambda: said_to_be("full", database))
        assert await database.run(read, read_only=True) == "precious"


@mounts
@pytest.mark.timeout(180)
async def test_a_start_on_a_full_disk_succeeds_on_the_reserve(small_disk: Path) -> None:
    home = small_disk / "home"
    async with server_database(DatabaseConfig(), home) as database:
        await database.run(make)
    ballast = fill_up(small_disk)
    async with server_database(DatabaseConfig(), home) as database:
        assert not (home / "postgres.reserve").exists()
        assert await database.run(read, read_only=True) == "precious"
        with pytest.raises(StorageFull):
            await database.run(write)
        ballast.unlink()
        with trio.fail_after(60):
            await until(lambda: database.run(write))
