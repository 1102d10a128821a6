"""Database URLs: what people write in config.json, made into what SQLAlchemy and psycopg expect, and shown without the password."""

from __future__ import annotations

from typing import Any

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from peek_trio.errors import ConfigError

__all__ = ["connect_options", "engine_url", "shown"]

_DRIVER = "postgresql+psycopg"
_ACCEPTED = {"postgres", "postgresql", _DRIVER}


def engine_url(text: str | URL) -> URL:
    """`text` as a SQLAlchemy URL for psycopg 3, whichever spelling of PostgreSQL it uses.

    Raises ConfigError when it is no URL or names another database.
    """
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        # The text itself stays out of the sentence: what cannot be parsed may still hold a password.
        raise ConfigError(
            "sqlalchemy.connectUrl is not a database URL. Write it as postgresql://user:password@host:5432/database."
        ) from None
    if url.drivername not in _ACCEPTED:
        raise ConfigError(
            f'sqlalchemy.connectUrl begins with "{url.drivername}", but Peek needs PostgreSQL. '
            "Write it as postgresql://user:password@host:5432/database."
        )
    return url.set(drivername=_DRIVER)


def shown(url: str | URL) -> str:
    """The URL as it may stand in a log or a message: without its password."""
    return engine_url(url).render_as_string(hide_password=True)


def connect_options() -> dict[str, Any]:
    """What every connection of ours asks of libpq, so that a dead network is noticed within 5 s (seconds, milliseconds for the last).

    A statement may take as long as it likes: what counts is whether the other machine acknowledges.
    """
    return {
        "client_encoding": "utf8",
        "connect_timeout": 5,
        "keepalives_idle": 2,
        "keepalives_interval": 1,
        "keepalives_count": 3,
        "tcp_user_timeout": 5_000,
    }
