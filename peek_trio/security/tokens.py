"""Secrets that are random, long and opaque: session tokens, one-time codes, and the token by which services know each other.

Only digests of them are stored. A plain SHA-256 is enough, because there is nothing to guess: 32 random bytes have no dictionary.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import os
import secrets
from pathlib import Path

from peek_trio.errors import ConfigError

__all__ = ["new_token", "same_token", "service_token", "token_digest", "token_for"]

_SHORTEST = 32  # characters


def new_token() -> str:
    """A new secret of 32 random bytes, 43 URL-safe characters."""
    return secrets.token_urlsafe(32)


def token_digest(token: str) -> bytes:
    """What is stored of a token."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def same_token(one: str, other: str) -> bool:
    """Whether two tokens are the same, in a time that does not tell how much of them is. An empty token is the same as nothing."""
    if not one or not other:
        return False
    return hmac.compare_digest(token_digest(one), token_digest(other))


def token_for(secret: str, kind: str) -> str:
    """The token of one kind of service, made from the server's secret with HMAC-SHA-256.

    Whoever has an agent's token may pose as an agent and as nothing else, and cannot find the secret from it.
    """
    mac = hmac.digest(secret.encode(), f"peek service {kind}".encode(), "sha256")
    return base64.urlsafe_b64encode(mac).decode().rstrip("=")


def service_token(path: Path) -> str:
    """The token in the file at `path`, which is made with a new one if it is missing.

    Raises ConfigError when other accounts may read the file, or when it does not hold a token.
    """
    if not path.exists():
        _write_new(path, new_token())
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            token = file.read(4096).decode("ascii", "replace").strip()
    except OSError as error:
        raise ConfigError(f"The service token {path} cannot be read: {error.strerror}.") from error
    if status.st_mode & 0o077:
        raise ConfigError(
            f"Other accounts may read the service token {path}, so it is no secret. If nobody can have read it, run: "
            f"chmod 600 {path} Otherwise remove the server's, so that it makes a new one, and give every other service its new token."
        )
    if len(token) < _SHORTEST or not token.isprintable() or not token.isascii():
        raise ConfigError(
            f"The file {path} does not hold a service token. Remove it: the server makes a new one when it starts; "
            "for any other service, `python -m peek_trio token` on the server's machine prints it."
        )
    return token


def _write_new(path: Path, token: str) -> None:
    """Writes a file that is complete as soon as it is there, so that two services starting at once agree on one token."""
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(token + "\n")
                file.flush()
                os.fsync(file.fileno())
            with contextlib.suppress(FileExistsError):  # somebody was first, and their token it is
                os.link(partial, path)  # unlike a rename, does not replace
        finally:
            partial.unlink(missing_ok=True)
    except OSError as error:
        raise ConfigError(f"The service token {path} cannot be made: {error.strerror}.") from error
