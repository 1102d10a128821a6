"""Clients that connect and never get to the point: all are gone after five seconds, and nobody else waits for that."""

import math
import ssl
from contextlib import suppress
from functools import partial

import attrs
import pytest
import trio
import trustme

from peek_trio.frontend import PluginTrees, Site, serve_service_links, serve_site
from peek_trio.frontend.visitor import PATIENCE
from peek_trio.nursery.open_files import allow_open_files
from peek_trio.security import Principal
from peek_trio.transport.wire import Hello, connect_websocket, dial_link, pack
from peek_trio.transport.wire.line import framed

STALLED = 500
HEAD = b"GET /vortex HTTP/1.1\r\nHost: a\r\nCookie: peek_session=x\r\n"
UPGRADE = HEAD + (
    b"Connection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
HELLO = b"".join(framed([pack([Hello("device", "stalled", site="admin").frame()])], masked=True))

WAYS = {
    "says nothing": b"",
    "sends half a head": HEAD,
    "sends a head byte by byte": b"",
    "upgrades and says no hello": UPGRADE,
    "sends half a hello": UPGRADE + HELLO[: len(HELLO) // 2],
    "sends a hello byte by byte": UPGRADE,
}
WITHIN_TLS = {"says nothing": b"", "sends half a TLS hello": b"\x16\x03\x01\x02\x00\x01\x00"}
TRICKLES = {"sends a head byte by byte": UPGRADE, "sends a hello byte by byte": HELLO}


@attrs.define
class Stalled:
    """One such client, and the seconds after which the server let it go."""

    way: str
    ended_after: float = math.inf

    async def run(self, port, task_status):
        begun = trio.current_time()
        async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
            said = (WAYS | WITHIN_TLS)[self.way]
            await stream.send_all(said)
            if said.startswith(UPGRADE):
                assert (await stream.receive_some()).startswith(b"HTTP/1.1 101 ")
            task_status.started()
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._trickle, stream)
                await self._until_let_go(stream)
                self.ended_after = trio.current_time() - begun
                nursery.cancel_scope.cancel()

    async def _until_let_go(self, stream):
        """Until the server says something, which is that it has had enough, or hangs up."""
        with suppress(trio.BrokenResourceError):
            await stream.receive_some()

    async def _trickle(self, stream):
        for byte in TRICKLES.get(self.way, b""):
            await trio.sleep(1)
            try:
                await stream.send_all(bytes([byte]))
            except trio.BrokenResourceError:
                return


async def admit(hello):
    return Principal.for_service(hello.service, hello.id)


@pytest.fixture
def tls():
    """A server's context and one that trusts it."""
    authority = trustme.CA()
    ours, theirs = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert("127.0.0.1").configure_cert(ours)
    authority.configure_trust(theirs)
    return ours, theirs


async def test_five_hundred_stalled_handshakes_end_in_time_while_an_honest_client_is_welcomed(
    nursery, site, board, register, build, tmp_path, tls, dial
):
    allow_open_files()  # both ends of all of them are in this process
    _, plain = site
    services = await nursery.start(partial(serve_service_links, board, admit, "127.0.0.1", 0))
    secured = Site(
        name="admin", board=board, authority=register, trees=PluginTrees("admin", tmp_path / "none"), built=build
    )
    encrypted = await nursery.start(partial(serve_site, secured, host="127.0.0.1", port=0, ssl_context=tls[0]))
    token = register.begin("maria").token
    stalled = [Stalled(way) for _ in range(STALLED // len(WAYS) + 1) for way in WAYS]

    async with trio.open_nursery() as clients:
        for number, client in enumerate(stalled):
            await clients.start(client.run, services if number % 5 == 4 else plain)
        for way in WITHIN_TLS:
            stalled.append(Stalled(way))
            await clients.start(stalled[-1].run, encrypted)

        with trio.fail_after(3):
            async with dial(plain, token) as link:
                assert link.principal.name == "maria"
            async with connect_websocket(f"ws://127.0.0.1:{services}/vortex") as websocket:
                assert (await dial_link(websocket, Hello("agent", "agent-1"))).peer.id == "server-1"
            cookie = [("Cookie", f"peek_session={token}")]
            async with connect_websocket(
                f"wss://127.0.0.1:{encrypted}/vortex", ssl_context=tls[1], headers=cookie
            ) as websocket:
                await dial_link(websocket, Hello("device", "device-1", site="admin"))
        assert sum(client.ended_after == math.inf for client in stalled) > STALLED / 2

    for way in WAYS | WITHIN_TLS:
        ended = [client.ended_after for client in stalled if client.way == way]
        assert min(ended) > PATIENCE - 0.5, way
        assert max(ended) < 3 * PATIENCE, way
