"""Where the embedded PostgreSQL is kept."""

import logging
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from peek_trio.errors import StorageError
from peek_trio.storage.embedded.place import find_place

root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only root runs PostgreSQL as another account")


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every account may enter."""
    with tempfile.TemporaryDirectory(prefix="peek-place-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


def test_data_and_socket_are_in_the_home(open_folder: Path) -> None:
    place = find_place(open_folder / "home", elsewhere=open_folder / "elsewhere")
    assert place.data == open_folder / "home" / "postgres"
    assert place.sockets == open_folder / "home" / "postgres.socket"
    assert not place.initialised


def test_a_home_with_a_long_path_has_its_socket_in_the_temp_folder(
    open_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(open_folder))
    home = open_folder / ("long" * 25)
    place = find_place(home, elsewhere=open_folder / "elsewhere")
    assert place.sockets.parent == open_folder
    assert len(str(place.sockets / ".s.PGSQL.5432")) <= 107
    assert place.sockets.stat().st_mode & 0o777 == 0o700
    assert find_place(home, elsewhere=open_folder / "elsewhere").sockets == place.sockets


def test_a_socket_folder_that_others_may_enter_is_refused(open_folder: Path) -> None:
    find_place(open_folder / "home", elsewhere=open_folder / "elsewhere").sockets.chmod(0o755)
    with pytest.raises(StorageError, match="is not a folder that only"):
        find_place(open_folder / "home", elsewhere=open_folder / "elsewhere")


@root_only
def test_a_home_that_the_account_cannot_reach_has_its_data_elsewhere(
    open_folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    closed = open_folder / "root"
    closed.mkdir(mode=0o700)
    with caplog.at_level(logging.WARNING):
        place = find_place(closed / "home", elsewhere=open_folder / "elsewhere")
    assert place.data.is_relative_to(open_folder / "elsewhere")
    assert str(place.data.parent) in caplog.text


@root_only
def test_data_that_is_elsewhere_stays_there_when_the_home_opens(open_folder: Path) -> None:
    closed = open_folder / "root"
    closed.mkdir(mode=0o700)
    first = find_place(closed / "home", elsewhere=open_folder / "elsewhere")
    first.data.mkdir()
    (first.data / "PG_VERSION").write_text("18\n")
    closed.chmod(0o755)
    assert find_place(closed / "home", elsewhere=open_folder / "elsewhere").data == first.data


@root_only
def test_data_in_a_home_that_closed_is_an_error_and_no_new_database(open_folder: Path) -> None:
    parent = open_folder / "parent"
    parent.mkdir(mode=0o755)
    first = find_place(parent / "home", elsewhere=open_folder / "elsewhere")
    first.data.mkdir()
    parent.chmod(0o700)
    with pytest.raises(StorageError, match="can no longer get there"):
        find_place(parent / "home", elsewhere=open_folder / "elsewhere")


@root_only
def test_root_runs_it_as_the_owner_of_the_data(open_folder: Path) -> None:
    data = open_folder / "home" / "postgres"
    data.mkdir(parents=True)
    os.chown(data, 1, 1)
    assert find_place(open_folder / "home", elsewhere=open_folder / "elsewhere").account.uid == 1
