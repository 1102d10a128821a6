"""db: migrations of plugins from the command line, and the embedded database dumped and restored."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
import trio
from sqlalchemy.orm import Session

from peek_trio.cli import run
from peek_trio.errors import StorageError
from peek_trio.storage import Database, EmbeddedPostgres, open_engine
from peek_trio.storage.embedded.binaries import installed
from tests.storage.conftest import open_folder

TWO_TABLES = """
class Till(Base):
    __tablename__ = "till"
    id: Mapped[int] = mapped_column(primary_key=True)
    sale: Mapped[int] = mapped_column(ForeignKey(Sale.id))
"""


def base_for(folder: Path, url: str) -> Path:
    """A directory of homes whose server uses the database at `url`."""
    home = folder / "peek-server.home"
    home.mkdir()
    (home / "config.json").write_text(json.dumps({"sqlalchemy": {"connectUrl": url}}))
    return folder


@pytest.fixture
def base(tmp_path: Path, database_url: str) -> Path:
    """Homes whose server has a database of its own on the tests' PostgreSQL."""
    return base_for(tmp_path, database_url)


@pytest.fixture
def embedded_base() -> Iterator[Path]:
    """Homes whose server uses the embedded PostgreSQL."""
    with open_folder() as folder:
        yield folder


class Db:
    """`python -m peek_trio db …` on one directory of homes."""

    def __init__(self, base: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self._base = base
        self._capsys = capsys

    def __call__(self, command: str, *, code: int = 0) -> str:
        """What it says, after it ended with `code`."""
        assert run(["db", *shlex.split(command), "--home", str(self._base)]) == code
        said = self._capsys.readouterr()
        return said.err if code == 2 else said.out


@pytest.fixture
def db(base: Path, kiosk: Path, capsys: pytest.CaptureFixture[str]) -> Db:
    return Db(base, capsys)


@pytest.fixture
def two_revisions(db: Db, kiosk: Path) -> None:
    """The kiosk has a revision for its first table and one for a second, whose foreign key has no index."""
    db("revision peek_plugin_kiosk -m first")
    storage = kiosk / "_private/storage.py"
    storage.write_text(storage.read_text().replace("import MetaData", "import ForeignKey, MetaData") + TWO_TABLES)
    forget_kiosk()
    db("revision peek_plugin_kiosk -m tills")


def forget_kiosk() -> None:
    """Has its modules imported again, as by the next command."""
    import sys

    for name in [name for name in sys.modules if name.startswith("peek_plugin_kiosk._private")]:
        del sys.modules[name]


def sales(url: str) -> list[str]:
    engine = open_engine(url)
    with engine.connect() as connection:
        found = list(connection.scalars(sa.text("select what from pl_kiosk.sale order by id")))
    engine.dispose()
    return found


def test_a_new_table_becomes_a_migration_once(db: Db, kiosk: Path) -> None:
    written = Path(db('revision peek_plugin_kiosk -m "the first table"').strip())
    assert written.parent == kiosk / "_private/alembic/versions"
    assert "create_table" in written.read_text()
    assert "pl_kiosk" in written.read_text()
    said = db("revision peek_plugin_kiosk -m again")
    assert said == "The migrations of peek_plugin_kiosk are up to date; nothing was written.\n"


def test_a_plugin_without_metadata_is_told_what_is_missing(db: Db, kiosk: Path) -> None:
    manifest = json.loads((kiosk / "plugin_package.json").read_text())
    del manifest["storage"]["metadata"]
    (kiosk / "plugin_package.json").write_text(json.dumps(manifest))
    said = db("revision peek_plugin_kiosk -m x", code=2)
    assert "db revision needs storage.alembicDir and storage.metadata" in said


def test_a_plugin_without_tables_is_told_so(db: Db, kiosk: Path) -> None:
    manifest = json.loads((kiosk / "plugin_package.json").read_text())
    del manifest["storage"]
    manifest["requiresServices"] = ["server"]
    (kiosk / "plugin_package.json").write_text(json.dumps(manifest))
    assert "peek_plugin_kiosk has no tables" in db("upgrade peek_plugin_kiosk", code=2)


def test_metadata_that_cannot_be_imported_is_a_sentence(db: Db, kiosk: Path) -> None:
    (kiosk / "_private/storage.py").write_text("Base = None")
    assert "which cannot be imported" in db("revision peek_plugin_kiosk -m x", code=2)


@pytest.mark.usefixtures("two_revisions")
def test_status_says_what_is_to_come_and_then_which_foreign_keys_have_no_index(db: Db) -> None:
    before = db("status peek_plugin_kiosk", code=1)
    assert before.split() == ["pl_kiosk", "nothing", "to", "come:", "0001,", "0002"]
    assert db("upgrade peek_plugin_kiosk") == "pl_kiosk is at 0002.\n"
    after = db("status peek_plugin_kiosk").splitlines()
    assert after[0].split() == ["pl_kiosk", "0002", "up", "to", "date"]
    assert after[1].strip().startswith("pl_kiosk.till refers to pl_kiosk.sale by sale, without an index on it")


@pytest.mark.usefixtures("two_revisions")
def test_upgrade_and_status_without_a_name_are_for_all(db: Db) -> None:
    said = db("upgrade")
    assert re.search(r"^peek is at \d+\.$", said, re.MULTILINE)
    assert "pl_kiosk is at 0002." in said
    assert re.search(r"^peek +\d+ +up to date$", db("status"), re.MULTILINE)


@pytest.mark.usefixtures("two_revisions")
def test_downgrade_takes_a_schema_back_and_upgrade_brings_it_again(db: Db) -> None:
    db("upgrade peek_plugin_kiosk")
    assert db("downgrade peek_plugin_kiosk -1").startswith("pl_kiosk is at 0001. The server upgrades it again")
    assert "to come: 0002" in db("status peek_plugin_kiosk", code=1)
    assert db("downgrade peek_plugin_kiosk base").startswith("pl_kiosk is at nothing.")
    assert db("upgrade peek_plugin_kiosk") == "pl_kiosk is at 0002.\n"


@pytest.mark.usefixtures("two_revisions")
def test_a_database_that_is_newer_than_the_code_is_told_apart(db: Db, kiosk: Path) -> None:
    db("upgrade peek_plugin_kiosk")
    next((kiosk / "_private/alembic/versions").glob("0002*")).unlink()
    assert "newer than the code, whose newest is 0001" in db("status peek_plugin_kiosk", code=1)
    assert "The database is newer than the code" in db("upgrade peek_plugin_kiosk", code=2)
    assert "The database is newer than the code" in db("downgrade peek_plugin_kiosk base", code=2)


@pytest.mark.usefixtures("two_revisions")
def test_check_finds_what_the_revisions_do_not_make(db: Db, kiosk: Path) -> None:
    db("upgrade peek_plugin_kiosk")
    assert "without an index on it" in db("check peek_plugin_kiosk", code=1)
    storage = kiosk / "_private/storage.py"
    storage.write_text(
        storage.read_text().replace("    what: Mapped[str]", "    what: Mapped[str]\n    where: Mapped[str]")
    )
    forget_kiosk()
    assert "The column sale.where is missing in the database." in db("check peek_plugin_kiosk", code=1)


@pytest.mark.usefixtures("two_revisions")
def test_rehearse_upgrades_a_copy_and_leaves_the_real_one(db: Db) -> None:
    said = db("rehearse peek_plugin_kiosk --rows 10").splitlines()
    assert said[0].startswith("The upgrade of pl_kiosk from nothing to 0002 works")
    assert "nothing" in db("status peek_plugin_kiosk", code=1)


def test_a_rehearsal_that_fails_ends_with_1(db: Db, kiosk: Path) -> None:
    written = Path(db("revision peek_plugin_kiosk -m first").strip())
    written.write_text(
        written.read_text().replace("op.create_table(", "op.execute('select nonsense')\n    op.create_table(")
    )
    assert "fails: " in db("rehearse peek_plugin_kiosk", code=1)


def test_a_database_that_is_not_there_is_a_sentence(
    tmp_path: Path, kiosk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    db = Db(base_for(tmp_path, "postgresql://peek:s3cret@127.0.0.1:1/peek"), capsys)
    for command in ("status", "upgrade", "revision peek_plugin_kiosk -m x", "rehearse peek_plugin_kiosk"):
        said = db(command, code=2)
        assert "The database is not reachable: Connection refused." in said
        assert "s3cret" not in said


def test_a_database_of_ones_own_is_dumped_with_its_own_programs(db: Db) -> None:
    assert "Use pg_dump and pg_restore of that server." in db("dump somewhere", code=2)


def fill(session: Session) -> None:
    session.execute(sa.text("insert into pl_kiosk.sale (what) values ('tea'), ('o''clock')"))


async def with_server(base: Path, work: object) -> None:
    """Runs blocking `work` while a server of these homes has its PostgreSQL running."""
    async with trio.open_nursery() as nursery:
        url = await nursery.start(EmbeddedPostgres(base / "peek-server.home", fsync=False).run)
        await trio.to_thread.run_sync(work, url)  # type: ignore[arg-type]
        nursery.cancel_scope.cancel()


def put_sales(url: str) -> None:
    async def put() -> None:
        database = Database(url)
        await database.run(fill)
        await database.close()

    trio.run(put)


def commands_of_a_refusal(home: Path) -> list[str]:
    """What people are told to do when their data is of an older PostgreSQL, step by step."""
    old = home / "old"
    old.mkdir()
    (old / "PG_VERSION").write_text(f"{installed().major - 1}\n")
    with pytest.raises(StorageError) as refused:
        installed(old)
    return re.findall(r"^  \d\. (.+?);?$", str(refused.value), re.MULTILINE)


@pytest.mark.timeout(180)
def test_what_a_refused_database_asks_for_brings_its_data_over(
    embedded_base: Path,
    kiosk: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The commands of the refusal are carried out as they stand there; both versions of PostgreSQL are the same one here."""
    monkeypatch.chdir(tmp_path)
    db, data = Db(embedded_base, capsys), embedded_base / "peek-server.home" / "postgres"
    db("revision peek_plugin_kiosk -m first")
    db("upgrade")
    trio.run(with_server, embedded_base, put_sales)
    steps = commands_of_a_refusal(tmp_path)
    assert len(steps) == 6
    dump, move, restore = steps[1], steps[2], steps[4]
    assert db(dump.removeprefix("python -m peek_trio db ")) == "The database is in peek.dump.\n"
    assert "There is a file peek.dump already" in db("dump peek.dump", code=2)
    word, _, there = move.split()
    assert word == "mv"
    data.rename(data.with_name(f"postgres.{there.rpartition('.')[2]}"))
    assert "There is no file absent.dump." in db("restore absent.dump", code=2)
    assert db(restore.removeprefix("python -m peek_trio db ")) == "The database has what was in peek.dump.\n"
    found: list[list[str]] = []
    trio.run(with_server, embedded_base, lambda url: found.append(sales(url)))
    assert found == [["tea", "o'clock"]]
    assert re.search(r"^pl_kiosk +0001 +up to date$", db("status"), re.MULTILINE)
    assert re.search(r"is not empty \(it has peek, .*pl_kiosk", db("restore peek.dump", code=2))


@pytest.mark.timeout(180)
def test_beside_a_running_server_the_database_is_used_where_it_runs(
    embedded_base: Path, kiosk: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    db = Db(embedded_base, capsys)
    db("revision peek_plugin_kiosk -m first")

    def meanwhile(url: str) -> None:
        assert "pl_kiosk is at 0001." in db("upgrade")
        db(f"dump {tmp_path / 'kiosk.dump'}")
        assert "The server is running. Stop it first" in db("downgrade peek_plugin_kiosk base", code=2)
        assert sales(url) == []

    trio.run(with_server, embedded_base, meanwhile)
    assert (tmp_path / "kiosk.dump").stat().st_size > 1000


def test_a_broken_dump_changes_nothing(embedded_base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "broken.dump").write_bytes(b"PGDMP but no dump")
    db = Db(embedded_base, capsys)
    assert "could not be loaded; nothing was changed" in db(f"restore {tmp_path / 'broken.dump'}", code=2)
