"""The operator's own link to a running server, proved by the service token: for `up` and for commands."""

import secrets
import socket
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import trio

from peek_trio import __version__
from peek_trio.config import Address, home_of, load
from peek_trio.errors import ConfigError, LinkLost, Unavailable
from peek_trio.nursery.addresses import link_url, site_url
from peek_trio.nursery.credentials import token_of
from peek_trio.nursery.identity import own_principal
from peek_trio.nursery.layers import layer
from peek_trio.nursery.platform_contracts import first_sign_in_code
from peek_trio.transport import Switchboard
from peek_trio.transport.wire import Hello, connect_websocket, dial_link
from peek_trio.tuples import TupleRegistry

LINK_DEADLINE = 10.0
ANSWER_DEADLINE = 10.0


@asynccontextmanager
async def operator_link(base: Path, tuples: Iterable[type] = ()) -> AsyncIterator[Switchboard]:
    """A switchboard linked to the server whose home is below `base`, for the block. It knows the classes in `tuples`.

    Raises ConfigError when there is no such home, Unavailable when the server does not answer, LinkRefused when it does
    not want us.
    """
    home = home_of("server", base)
    address = _links_of(home, base)
    me = Hello(
        service="operator",
        id=f"operator-{secrets.token_hex(4)}",
        name=socket.gethostname(),
        version=__version__,
        plugins={},
        schemas={},
        token=token_of("operator", base),
    )
    registry = TupleRegistry()
    for cls in tuples:
        registry.add(cls, owner="peek")
    board = Switchboard(me, registry, principal=own_principal(me))
    linked = trio.Event()
    board.on_peers(lambda peer, connected: linked.set())
    try:
        async with layer(board.run), connect_websocket(link_url(address.host, address.port)) as stream:
            link = await dial_link(stream, me)
            async with trio.open_nursery() as nursery:
                nursery.start_soon(partial(board.serve_link, link, upstream=True))
                with trio.fail_after(LINK_DEADLINE):
                    await linked.wait()
                yield board
                nursery.cancel_scope.cancel()
    except* LinkLost:
        at = f"{address.host}:{address.port}"
        raise Unavailable(f"The server of {base} does not answer at {at}. Is it running?") from None


async def first_sign_in_link(base: Path, admin_site: str) -> str | None:
    """A one-time address that signs the first administrator in, as long as that person has no password; else None."""
    async with operator_link(base) as board:
        code = await board.caller(first_sign_in_code, timeout=ANSWER_DEADLINE)()
    return None if code is None else sign_in_address(admin_site, code)


def sign_in_address(site: str, code: str) -> str:
    """Where a browser redeems a one-time code. The code is in the fragment, which no server log ever sees."""
    return f"{site}/sign-in#code={code}"


def site_of(base: Path) -> str:
    """The address of the admin site of the server below `base`."""
    at = load("server", base).admin_site
    return site_url(at.host, at.port)


def _links_of(home: Path, base: Path) -> Address:
    if not (home / "config.json").exists():
        raise ConfigError(f"There is no server in {base}: {home / 'config.json'} does not exist. Give --home DIR.")
    address = load("server", base).server_link
    if address.port == 0:
        raise ConfigError(f"{home / 'config.json'}: serverLink.port is 0, so nobody can know it. Give it a number.")
    return address
