"""Service tokens: how services prove what they are, each in a file that only its owner may read.

The server's file is the secret; the token of every other kind is made from it. An agent in a less trusted network can therefore be an
agent, and nothing else.
"""

import os
from pathlib import Path

from peek_trio.config import SERVICES, home_of
from peek_trio.errors import ConfigError
from peek_trio.security.tokens import service_token, token_for

TOKEN_FILE = "service.token"


def token_file(service: str, base: Path) -> Path:
    """Where a service keeps its token."""
    return home_of(service, base) / TOKEN_FILE


def read_token(service: str, home: Path) -> str:
    """The token in `home` of a service that dials. Raises ConfigError when there is none, or others may read it."""
    path = home / TOKEN_FILE
    if not path.exists():
        raise ConfigError(
            f"{path} is missing. Run `python -m peek_trio token {service}` on the server's machine and put what it prints "
            "into that file, readable by its owner only."
        )
    return service_token(path)


def token_of(kind: str, base: Path) -> str:
    """The token of a kind of service, from the server's secret below `base`, which is made if need be. Raises ConfigError."""
    return token_for(service_token(token_file("server", base)), kind)


def share_tokens(base: Path) -> None:
    """Give every service below `base` its token. Raises ConfigError."""
    for service in SERVICES[1:]:
        token = token_of(service, base)
        path = token_file(service, base)
        if path.exists() and service_token(path) == token:
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_suffix(".new")
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as file:
            file.write(token + "\n")
        os.replace(fresh, path)
