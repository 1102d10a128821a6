"""Fixtures for pytest: a database for each test that names `database_url`.

    from peek_trio.testing.fixtures import *          in the conftest.py of a plugin

They need the package `peek-trio[embedded]` and an account that may start processes; PostgreSQL itself comes with it.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from peek_trio.testing.postgres import empty_database, hosted_postgres, platform_template

__all__ = ["database_url", "empty_database_url", "platform_template_name", "postgres_url"]


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The URL of the session's PostgreSQL: a server to make databases on, not one to write to."""
    with hosted_postgres() as url:
        yield url


@pytest.fixture(scope="session")
def platform_template_name(postgres_url: str) -> Iterator[str]:
    """The database that each `database_url` is a copy of."""
    with platform_template(postgres_url) as name:
        yield name


@pytest.fixture
def empty_database_url(postgres_url: str) -> Iterator[str]:
    """A fresh database with nothing in it."""
    with empty_database(postgres_url) as url:
        yield url


@pytest.fixture
def database_url(postgres_url: str, platform_template_name: str) -> Iterator[str]:
    """A fresh database with the platform's schema, for `platform(database_url=…)`."""
    with empty_database(postgres_url, template=platform_template_name) as url:
        yield url
