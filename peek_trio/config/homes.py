"""Where services live: `<base>/peek-server.home` and its siblings, and the identity each keeps there."""

import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from peek_trio.errors import ConfigError

SERVICES = ("server", "client", "agent", "worker")
"""The services, in the order in which they start."""

HOME_VARIABLE = "PEEK_HOME"


def base_directory(given: str | None, environ: Mapping[str, str] = os.environ) -> Path:
    """The directory that holds the homes: `--home`, else `PEEK_HOME`, else the user's own home.

    Raises ConfigError for an empty `--home`: that is a variable which was not set, in somebody's script.
    """
    if given == "":
        raise ConfigError("--home is empty. Give it a directory, or leave it out.")
    return Path(given or environ.get(HOME_VARIABLE) or Path.home()).expanduser().absolute()


def home_of(service: str, base: Path) -> Path:
    """The directory of one service's configuration and data."""
    return base / f"peek-{service}.home"


def service_id(service: str, home: Path) -> str:
    """The id by which the rest of the platform knows this service for good; made on the first start.

    Raises ConfigError when it can be neither read nor written.
    """
    path = home / "service.id"
    try:
        if not path.exists():
            path.write_text(f"{service}-{secrets.token_hex(4)}\n", "utf-8")
        known = path.read_text("utf-8").strip()
    except OSError as error:
        raise ConfigError(f"{path}, the identity of this {service}, cannot be used: {error.strerror}.") from None
    if not known:
        raise ConfigError(f"{path} is empty. Remove it to give this {service} a new identity.")
    return known


def overlay_directory(home: Path) -> Path:
    """Where operators put files that replace those of plugins' pages: `<home>/frontendSrcOverlayDir/<plugin>/…`."""
    return home / "frontendSrcOverlayDir"
