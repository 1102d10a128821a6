"""Foreign keys that no index serves."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from peek_trio.storage import Database, migrate, open_engine
from peek_trio.storage.foreign_keys import unindexed_keys

TABLES = """
create schema pl_keys;
create table pl_keys.site (id int primary key, region int, unique (region, id));
create table pl_keys.bare (id int primary key, site int references pl_keys.site);
create table pl_keys.indexed (id int primary key, site int references pl_keys.site);
create index on pl_keys.indexed (site, id);
create table pl_keys.second (id int primary key, site int references pl_keys.site);
create index on pl_keys.second (id, site);
create table pl_keys.partial (id int primary key, site int references pl_keys.site);
create index on pl_keys.partial (site) where id > 5;
create table pl_keys.by_key (site int primary key references pl_keys.site);
create table pl_keys.pair (id int primary key, site int, region int, foreign key (region, site) references pl_keys.site (region, id));
create table pl_keys.swapped (site int, region int, id int, primary key (site, region, id),
    foreign key (region, site) references pl_keys.site (region, id));
create schema pl_other;
create table pl_other.elsewhere (id int primary key, site int references pl_keys.site);
"""


def test_those_are_found_whose_columns_begin_no_index(database_url: str) -> None:
    engine = open_engine(database_url)
    with engine.connect() as connection:
        connection.execute(sa.text(TABLES))
        found = unindexed_keys(connection, "pl_keys")
        assert [(key.table, key.columns) for key in found] == [
            ("bare", ("site",)),
            ("pair", ("region", "site")),
            ("partial", ("site",)),
            ("second", ("site",)),
        ]
        assert str(found[0]) == (
            "pl_keys.bare refers to pl_keys.site by site, without an index on it: deleting there reads all of pl_keys.bare. "
            "Declare one, with index=True or Index(...), and write a revision."
        )
        assert unindexed_keys(connection, "pl_nothing") == []
    engine.dispose()


REVISION = """
import sqlalchemy as sa
from alembic import op
revision, down_revision = "0001", None

def upgrade():
    op.create_table("site", sa.Column("id", sa.Integer, primary_key=True), schema="pl_test")
    op.create_table(
        "meter",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("site", sa.Integer, sa.ForeignKey("pl_test.site.id")),
        schema="pl_test",
    )
"""


def test_the_log_says_so_at_every_load_and_not_only_at_the_first(
    database_url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "0001_first.py").write_text(REVISION)
    engine = open_engine(database_url)
    for _ in range(2):
        migrate(engine, "pl_test", tmp_path)
    engine.dispose()
    assert [message.partition(",")[0] for message in caplog.messages] == [
        "pl_test.meter refers to pl_test.site by site"
    ] * 2


async def test_the_platforms_own_have_one(database: Database) -> None:
    assert await database.run(lambda session: unindexed_keys(session.connection(), "peek")) == []
