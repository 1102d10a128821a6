"""The service token: the secret by which services know each other, kept in a file that only its owner may read."""

import os
from pathlib import Path

from peek_trio.config import SERVICES, home_of
from peek_trio.errors import ConfigError
from peek_trio.security.tokens import service_token

TOKEN_FILE = "service.token"


def token_file(service: str, base: Path) -> Path:
    """Where a service keeps its copy of the token."""
    return home_of(service, base) / TOKEN_FILE


def read_token(home: Path) -> str:
    """The token in `home` of a service that dials. Raises ConfigError when there is none, or others may read it."""
    path = home / TOKEN_FILE
    if not path.exists():
        raise ConfigError(
            f"{path} is missing. Copy the file of the same name from the server's home, readable by its owner only."
        )
    return service_token(path)


def share_token(base: Path) -> None:
    """Give every service below `base` the server's token, making it first if need be. Raises ConfigError."""
    token = service_token(token_file("server", base))
    for service in SERVICES[1:]:
        path = token_file(service, base)
        if path.exists() and service_token(path) == token:
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_suffix(".new")
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as file:
            file.write(token + "\n")
        os.replace(fresh, path)
