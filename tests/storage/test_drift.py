"""What the sentences say of a schema that differs from its classes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from peek_trio.storage import open_engine
from peek_trio.storage.drift import drift, structure


def declared() -> sa.MetaData:
    metadata = sa.MetaData(schema="pl_test")
    sa.Table("site", metadata, sa.Column("id", sa.Integer, primary_key=True))
    sa.Table(
        "meter",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.Text, nullable=False, index=True),
        sa.Column("value", sa.Integer, server_default="0"),
        sa.Column("site", sa.ForeignKey("pl_test.site.id", name="meter_site_fkey")),
    )
    return metadata


@pytest.fixture
def connection(database_url: str) -> Iterator[sa.Connection]:
    engine = open_engine(database_url)
    with engine.connect() as connection:
        connection.execute(sa.text("create schema pl_test"))
        declared().create_all(connection)
        connection.commit()
        yield connection
    engine.dispose()


def test_what_the_classes_say_is_no_difference(connection: sa.Connection) -> None:
    assert drift(connection, "pl_test", declared()) == []


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ("drop table pl_test.meter", "The table meter is missing in the database."),
        ("create table pl_test.extra (id int)", "The table extra is in the database and not in the classes."),
        ("alter table pl_test.meter drop column value", "The column meter.value is missing in the database."),
        (
            "alter table pl_test.meter add column more int",
            "The column meter.more is in the database and not in the classes.",
        ),
        (
            "alter table pl_test.meter alter column name drop not null",
            "The nullable of meter.name is True in the database and False in the class.",
        ),
        (
            "alter table pl_test.meter alter column name type varchar(5)",
            "The type of meter.name is VARCHAR(length=5) in the database and Text() in the class.",
        ),
        (
            "drop index pl_test.ix_pl_test_meter_name",
            "The index ix_pl_test_meter_name of meter is missing in the database.",
        ),
        (
            "alter table pl_test.meter drop constraint meter_site_fkey",
            "The foreign key meter_site_fkey of meter is missing in the database.",
        ),
    ],
)
def test_every_difference_is_a_sentence(connection: sa.Connection, change: str, sentence: str) -> None:
    connection.execute(sa.text(change))
    connection.commit()
    assert sentence in drift(connection, "pl_test", declared())


def test_a_changed_default_is_told(connection: sa.Connection) -> None:
    connection.execute(sa.text("alter table pl_test.meter alter column value set default 7"))
    connection.commit()
    (sentence,) = drift(connection, "pl_test", declared())
    assert sentence.startswith("The default of meter.value is ")


def test_other_schemas_are_not_looked_at(connection: sa.Connection) -> None:
    connection.execute(sa.text("create schema pl_other; create table pl_other.strange (id int)"))
    connection.commit()
    assert drift(connection, "pl_test", declared()) == []


def test_the_structure_of_equal_schemas_is_equal_and_every_change_shows(connection: sa.Connection) -> None:
    before = structure(connection, "pl_test")
    for change in (
        "alter table pl_test.meter alter column value set default 7",
        "create index another on pl_test.meter (value)",
        "alter table pl_test.meter add check (value > 0)",
        "create view pl_test.seen as select 1 as one",
    ):
        connection.execute(sa.text(change))
        connection.commit()
        after = structure(connection, "pl_test")
        assert before != after
        before = after
    assert structure(connection, "pl_test") == before
