"""A small copy of a schema in another database, as consistent as the original."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from peek_trio.errors import ConfigError, MigrationError
from peek_trio.storage import open_engine
from peek_trio.storage.drift import structure
from peek_trio.storage.schema_clone import _program, clone_schema
from peek_trio.storage.scratch import scratch_database

ORIGINAL = """
create schema pl_shared;
create table pl_shared.region (id int primary key, name text);
insert into pl_shared.region select n, 'region ' || n from generate_series(1, 1000) n;
create table pl_shared.unrelated_rows (id int);
insert into pl_shared.unrelated_rows select n from generate_series(1, 10) n;
create schema pl_test;
create type pl_test.colour as enum ('red', 'blue');
create table pl_test.site (id serial primary key, region int references pl_shared.region, upper int references pl_test.site);
insert into pl_test.site (region, upper) select 1000 - n, nullif(n - 1, 0) from generate_series(1, 500) n;
create table pl_test.meter (
    id bigint generated always as identity primary key, site int not null references pl_test.site on delete cascade,
    colour pl_test.colour default 'red', twice bigint generated always as (site * 2) stored, extra jsonb, raw bytea
);
insert into pl_test.meter (site, extra, raw) select 501 - n, '{"n": 1}', '\\x00ff' from generate_series(1, 500) n;
create index on pl_test.meter (site);
create view pl_test.red as select * from pl_test.meter where colour = 'red';
"""


@pytest.fixture
def original(database_url: str) -> Iterator[sa.Engine]:
    engine = open_engine(database_url)
    with engine.begin() as connection:
        connection.exec_driver_sql(ORIGINAL)
    yield engine
    engine.dispose()


@pytest.fixture
def scratch(database_url: str) -> Iterator[sa.Engine]:
    with scratch_database(database_url) as engine:
        yield engine


@contextmanager
def read_only_role(engine: sa.Engine, *schemas: str) -> Iterator[sa.Engine]:
    """The same database, opened by an account that may read and nothing else."""
    name = f"reader_{secrets.token_hex(6)}"
    with engine.begin() as connection:
        connection.exec_driver_sql(f"create role {name} login")
        for schema in schemas:
            connection.exec_driver_sql(
                f"grant usage on schema {schema} to {name}; grant select on all tables in schema {schema} to {name};"
                f"grant select on all sequences in schema {schema} to {name}"
            )
    reader = open_engine(engine.url.set(username=name))
    try:
        yield reader
    finally:
        reader.dispose()
        with engine.begin() as connection:
            connection.exec_driver_sql(f"drop owned by {name}; drop role {name}")


def ask(engine: sa.Engine, query: str) -> object:
    with engine.connect() as connection:
        return connection.execute(sa.text(query)).scalar()


def test_the_structure_is_the_same(original: sa.Engine, scratch: sa.Engine) -> None:
    clone_schema(original, scratch, "pl_test", rows=10)
    with original.connect() as one, scratch.connect() as other:
        assert structure(one, "pl_test") == structure(other, "pl_test")
        assert structure(one, "pl_shared") == structure(other, "pl_shared")


def test_some_rows_come_and_all_that_they_refer_to(original: sa.Engine, scratch: sa.Engine) -> None:
    count = clone_schema(original, scratch, "pl_test", rows=20)
    assert ask(scratch, "select count(*) from pl_test.meter") == 20
    # Every foreign key is checked as it is put back, so that whatever is here refers to something that is here too.
    sites, regions = (ask(scratch, f"select count(*) from {table}") for table in ("pl_test.site", "pl_shared.region"))
    assert isinstance(sites, int)
    assert isinstance(regions, int)
    assert 20 <= sites <= 500
    assert 20 <= regions < 1000
    assert count == 20 + sites + regions
    assert ask(scratch, "select count(*) from pl_shared.unrelated_rows") == 0


def test_all_rows_come_when_there_is_room_for_them(original: sa.Engine, scratch: sa.Engine) -> None:
    clone_schema(original, scratch, "pl_test", rows=1000)
    same = "select md5(string_agg(m::text, '' order by id)) from pl_test.meter m"
    assert ask(scratch, same) == ask(original, same)
    assert ask(scratch, "select count(*) from pl_test.site") == 500


def test_new_rows_get_ids_that_are_free(original: sa.Engine, scratch: sa.Engine) -> None:
    clone_schema(original, scratch, "pl_test", rows=5)
    with scratch.begin() as connection:
        site = connection.scalar(sa.text("insert into pl_test.site (region) values (null) returning id"))
    assert site == 501


def test_a_schema_that_is_not_there_is_copied_as_nothing(original: sa.Engine, scratch: sa.Engine) -> None:
    assert clone_schema(original, scratch, "pl_absent", rows=10) == 0
    assert ask(scratch, "select count(*) from pg_namespace where nspname like 'pl%'") == 0


def test_no_rows_are_only_structure(original: sa.Engine, scratch: sa.Engine) -> None:
    assert clone_schema(original, scratch, "pl_test", rows=0) == 0


def test_whoever_may_only_read_can_copy(original: sa.Engine, scratch: sa.Engine) -> None:
    with read_only_role(original, "pl_test", "pl_shared") as reader:
        assert clone_schema(reader, scratch, "pl_test", rows=10) > 10


def test_a_row_that_must_refer_to_one_that_cannot_come_is_left_out(original: sa.Engine, scratch: sa.Engine) -> None:
    with original.begin() as connection:
        connection.exec_driver_sql(
            "create table pl_test.chain (id int primary key, upper int not null references pl_test.chain);"
            "insert into pl_test.chain select n, mod(n, 1000) + 1 from generate_series(1, 1000) n"
        )
    clone_schema(original, scratch, "pl_test", rows=10)
    assert ask(scratch, "select count(*) from pl_test.chain") == 0
    assert ask(scratch, "select count(*) from pl_test.meter") == 10


def test_a_copy_into_a_database_that_is_not_empty_says_what_stood_in_the_way(
    original: sa.Engine, scratch: sa.Engine
) -> None:
    with scratch.begin() as connection:
        connection.execute(sa.text("create schema pl_test"))
    with pytest.raises(MigrationError, match=r"could not be copied by pg_restore: .*already exists"):
        clone_schema(original, scratch, "pl_test", rows=10)


def test_a_server_newer_than_the_embedded_programs_needs_the_systems(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConfigError, match="the program pg_dump of PostgreSQL 99 or later"):
        _program("pg_dump", 99)
    (tmp_path / "pg_dump").write_text("")
    (tmp_path / "pg_dump").chmod(0o755)
    assert _program("pg_dump", 99) == str(tmp_path / "pg_dump")
    assert _program("pg_dump", 18) != str(tmp_path / "pg_dump")
