"""A database for each test that names `database_url`."""

from peek_trio.testing.fixtures import *  # noqa: F403  # pytest finds fixtures by their names here
