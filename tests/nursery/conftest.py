"""What tests of services share: a server's and a client service's switchboards, linked within this process."""

from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
import trio

from peek_trio.errors import LinkLost
from peek_trio.security import Principal
from peek_trio.transport import Switchboard
from peek_trio.transport.wire import Hello, MessageStream, accept_link, dial_link, memory_stream_pair
from peek_trio.tuples import TupleRegistry


def _board(service: str) -> Switchboard:
    me = Hello(service=service, id=f"{service}-1", name="here", version="0.1.0", plugins={}, schemas={})
    return Switchboard(me, TupleRegistry(), principal=Principal.for_service(service, me.id))


@pytest.fixture
async def boards() -> AsyncIterator[tuple[Switchboard, Switchboard]]:
    """Two running switchboards, the server's and a client service's, linked."""
    server, client = _board("server"), _board("client")
    near, far = memory_stream_pair()
    linked = trio.Event()
    client.on_peers(lambda peer, connected: linked.set())

    async def admit(hello: Hello) -> Principal:
        return Principal.for_service(hello.service, hello.id)

    async def accept(stream: MessageStream) -> None:
        with suppress(LinkLost):
            await server.serve_link(await accept_link(stream, server.me, admit))

    async def dial(stream: MessageStream) -> None:
        with suppress(LinkLost):
            await client.serve_link(await dial_link(stream, client.me), upstream=True)

    async with trio.open_nursery() as nursery:
        await nursery.start(server.run)
        await nursery.start(client.run)
        nursery.start_soon(accept, far)
        nursery.start_soon(dial, near)
        with trio.fail_after(5):
            await linked.wait()
        yield server, client
        nursery.cancel_scope.cancel()
