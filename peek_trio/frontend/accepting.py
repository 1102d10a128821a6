"""Accepts connections on a port for as long as it is open, also when the system has nothing left to give for them."""

from __future__ import annotations

import errno
import os
from collections.abc import Awaitable, Callable
from typing import NoReturn

import trio

__all__ = ["accept_connections"]

_NOTHING_LEFT = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}
_BREATH = 0.1  # seconds until the next attempt then

Receive = Callable[[trio.SocketStream], Awaitable[None]]


async def accept_connections(
    listener: trio.SocketListener,
    receive: Receive,
    connections: trio.Nursery,
    make_room: Callable[[str], None],
) -> NoReturn:
    """Runs `receive` in `connections` for each connection to `listener`, until cancelled. Each is closed when `receive` is done with it.

    Connections that cannot be accepted for want of descriptors or memory stay in the system's queue and are tried again; `make_room` is
    called each time with what is missing, to give up what can be spared.
    """
    async with listener:
        while True:
            try:
                socket = await listener.accept()
            except OSError as error:
                if error.errno not in _NOTHING_LEFT:
                    raise
                make_room(os.strerror(error.errno).lower())
                await trio.sleep(_BREATH)
            else:
                connections.start_soon(_receive_and_close, receive, socket)


async def _receive_and_close(receive: Receive, socket: trio.SocketStream) -> None:
    try:
        await receive(socket)
    finally:
        await trio.aclose_forcefully(socket)
