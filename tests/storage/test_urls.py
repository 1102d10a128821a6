"""Database URLs."""

import pytest

from peek_trio.errors import ConfigError
from peek_trio.storage.urls import engine_url, shown


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_every_spelling_of_postgresql_means_psycopg_3(scheme: str) -> None:
    assert engine_url(f"{scheme}://ann:secret@db:5432/peek").drivername == "postgresql+psycopg"


def test_the_password_is_kept_for_connecting_and_hidden_for_showing() -> None:
    text = "postgresql://ann:s3cret@db/peek"
    assert engine_url(text).password == "s3cret"
    assert "s3cret" not in shown(text)
    assert "ann" in shown(text)


def test_another_database_is_refused_by_name() -> None:
    with pytest.raises(ConfigError, match=r"mysql.*needs PostgreSQL"):
        engine_url("mysql://ann:s3cret@db/peek")


def test_what_is_no_url_is_refused_without_repeating_it() -> None:
    with pytest.raises(ConfigError, match="not a database URL") as caught:
        engine_url("ann:s3cret at db")
    assert "s3cret" not in str(caught.value)
