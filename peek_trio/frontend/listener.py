"""Opens the ports a site listens on, and says clearly why when one cannot be had."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import trio

from peek_trio.errors import ConfigError
from peek_trio.frontend.port_owner import port_owner

__all__ = ["closing_listeners", "open_listeners"]

BACKLOG = 512


async def open_listeners(host: str, port: int) -> list[trio.SocketListener]:
    """Listen on `port` (0: any free one) of the addresses that `host` names.

    Raises ConfigError when the port is taken (by whom, where that can be seen), needs a privilege, or `host` is not an address of this
    machine.
    """
    if not 0 <= port <= 65535:
        raise ConfigError(f"Cannot listen on {host}:{port}: a port is a number from 0 to 65535.")
    try:
        return list(await trio.open_tcp_listeners(port, host=host, backlog=BACKLOG))
    except socket.gaierror as error:
        raise ConfigError(
            f"Cannot listen on {host}:{port}: the host name {host!r} is not known ({error.strerror})."
        ) from error
    except OSError as error:
        raise ConfigError(f"Cannot listen on {host}:{port}: {_why(error, port)}") from error


@asynccontextmanager
async def closing_listeners(listeners: Sequence[trio.SocketListener]) -> AsyncIterator[None]:
    """Frees the ports at the end of the block, also when nobody came to serve them."""
    try:
        yield
    finally:
        for listener in listeners:
            listener.socket.close()


def _why(error: OSError, port: int) -> str:
    match _number(error):
        case errno.EADDRINUSE:
            owner = port_owner(port)
            user = f"in use by {owner}" if owner else "in use by another program"
            return f"port {port} is {user}. Stop that program, or choose another port in config.json."
        case errno.EACCES | errno.EPERM:
            return (
                f"port {port} needs a privilege that this user does not have. Choose a port above 1023 in config.json."
            )
        case errno.EADDRNOTAVAIL:
            return "this machine has no such address. Choose one it has in config.json, or 0.0.0.0 for all of them."
        case number:
            return f"{os.strerror(number) if number else error}."


def _number(error: OSError) -> int:
    # Trio wraps the error of one address of several in an error without a number.
    cause: BaseException | None = error
    while isinstance(cause, OSError):
        if cause.errno:
            return cause.errno
        cause = cause.__cause__
    return 0
