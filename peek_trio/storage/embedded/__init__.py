"""The PostgreSQL that comes along: found in a wheel, kept in the home, run as a supervised child."""

from peek_trio.storage.embedded.server import EmbeddedPostgres

__all__ = ["EmbeddedPostgres"]
