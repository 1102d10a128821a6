"""What a websocket adds: handshakes, origins, sizes, and peers that mean harm."""

import functools
import http.client
import os
import random
import socket
import ssl
import struct
from contextlib import closing

import pytest
import trio
import trustme

from peek_trio.errors import ConfigError, FrameError, LinkError, LinkLost
from peek_trio.transport.wire import Limits, accept_websocket, connect_websocket
from tests.transport.wire.conftest import websocket_pair

UPGRADE = (
    b"GET /vortex HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
)


class EchoServer:
    """Sends back whatever arrives, and keeps what went wrong."""

    def __init__(self, limits=Limits.DEVICE, origins=lambda origin: origin is None):
        self.limits = limits
        self.origins = origins
        self.port = 0
        self.served = 0
        self.problems = []
        self.headers = []

    async def run(self, task_status, ssl_context=None):
        open_listeners = trio.open_tcp_listeners
        if ssl_context is not None:
            open_listeners = functools.partial(
                trio.open_ssl_over_tcp_listeners, ssl_context=ssl_context, https_compatible=True
            )
        listeners = await open_listeners(0, host="127.0.0.1")
        transport = getattr(listeners[0], "transport_listener", listeners[0])
        self.port = transport.socket.getsockname()[1]
        await trio.serve_listeners(self.handle, listeners, task_status=task_status)

    async def handle(self, stream):
        try:
            async with accept_websocket(stream, allowed_origins=self.origins, limits=self.limits) as websocket:
                self.headers.append(websocket.headers)
                try:
                    while True:
                        await websocket.send(await websocket.receive())
                        self.served += 1
                except FrameError as error:
                    await websocket.aclose(error.close_code, str(error))
                finally:
                    await websocket.aclose()
        except LinkError as error:
            self.problems.append(error)


@pytest.fixture
async def server(nursery):
    echo = EchoServer()
    await nursery.start(echo.run)
    return echo


def url(server):
    return f"ws://127.0.0.1:{server.port}/vortex"


async def test_the_accepting_end_sees_the_headers_of_the_upgrade(server):
    async with connect_websocket(url(server), headers=[("Cookie", "peek_session=abc")]) as websocket:
        await websocket.send(b"hello")
        assert await websocket.receive() == b"hello"
    assert server.headers[0]["cookie"] == "peek_session=abc"


@pytest.mark.parametrize("size", [0, 100, 1000, 70_000])
async def test_what_many_are_sent_arrives_like_anything_else(size):
    async with websocket_pair() as (dialled, accepted):
        message = (b"head", bytes(size))
        for sender, receiver in ((accepted, dialled), (dialled, accepted), (accepted, dialled)):
            if not sender.begin(message):
                await sender.flush()
            assert await receiver.receive() == b"".join(message)


async def test_a_page_from_elsewhere_is_refused_before_the_upgrade(server):
    def ask():
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
        head = {
            "Upgrade": "websocket",
            "Connection": "Upgrade",
            "Sec-WebSocket-Version": "13",
            "Origin": "https://evil.example",
        }
        connection.request("GET", "/vortex", headers={**head, "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="})
        with closing(connection), connection.getresponse() as answer:
            return answer.status, answer.read().decode()

    status, body = await trio.to_thread.run_sync(ask)
    assert (status, body) == (403, "Pages from https://evil.example may not connect here.")


async def test_the_one_who_dials_reads_why_it_was_refused(server):
    with pytest.raises(LinkLost, match=r"403 Pages from https://evil\.example may not connect here") as caught:
        async with connect_websocket(url(server), headers=[("Origin", "https://evil.example")]):
            pass
    assert caught.value.code == 1008


async def test_a_text_message_is_refused_with_1003(server):
    def send_text():
        with socket.create_connection(("127.0.0.1", server.port), timeout=5) as raw:
            raw.sendall(UPGRADE + b"\r\n")
            raw.recv(4096)
            raw.sendall(b"\x81\x82\0\0\0\0hi")
            return raw.recv(4096)

    answer = await trio.to_thread.run_sync(send_text)
    assert answer[:1] == b"\x88"
    assert struct.unpack("!H", answer[2:4]) == (1003,)


async def test_a_message_that_is_too_large_closes_with_1009_and_says_so(server):
    async with connect_websocket(url(server)) as websocket:

        async def send_too_much():
            await websocket.send(bytes(4 * 1024 * 1024))
            await websocket.receive()

        with pytest.raises(LinkLost) as caught, trio.fail_after(5):
            await send_too_much()
    assert caught.value.code == 1009
    assert "1048576 bytes" in caught.value.reason


async def test_a_cancelled_send_ends_the_connection(nursery):
    accepted = []
    (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")

    async def accept_and_never_read():
        accepted.append(await listener.accept())
        async with accept_websocket(accepted[0], allowed_origins=lambda origin: True, limits=Limits.SERVICE):
            await trio.sleep_forever()

    nursery.start_soon(accept_and_never_read)
    async with connect_websocket(f"ws://127.0.0.1:{listener.socket.getsockname()[1]}/") as websocket:
        with trio.move_on_after(0.1):
            while True:
                await websocket.send(bytes(1024 * 1024))
        with pytest.raises(LinkLost, match="cut short"):
            await websocket.send(b"more")
        with trio.fail_after(3):
            await websocket.aclose()
    await listener.aclose()
    nursery.cancel_scope.cancel()


async def test_nobody_listening_is_a_sentence():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        with pytest.raises(LinkLost, match=f"Nothing can be reached at 127.0.0.1:{port}: connection refused"):
            async with connect_websocket(f"ws://127.0.0.1:{port}/vortex"):
                pass


async def test_a_server_that_speaks_something_else_is_a_sentence(nursery):
    async def not_http(stream):
        await stream.send_all(b"220 mail.example ESMTP\r\n")
        await stream.aclose()

    (listener,) = await nursery.start(functools.partial(trio.serve_tcp, host="127.0.0.1"), not_http, 0)
    port = listener.socket.getsockname()[1]
    with pytest.raises(LinkLost, match="did not complete a websocket handshake"), trio.fail_after(5):
        async with connect_websocket(f"ws://127.0.0.1:{port}/"):
            pass
    nursery.cancel_scope.cancel()


async def test_a_server_that_never_answers_is_given_up(autojump_clock):
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        address = f"ws://127.0.0.1:{silent.getsockname()[1]}/"
        with pytest.raises(LinkLost, match="within 10 s"):
            async with connect_websocket(address):
                pass


@pytest.mark.parametrize("address", ["http://host/", "ws://", "ws://host:port/", "host:8011"])
async def test_what_is_no_websocket_address_is_told(address):
    with pytest.raises(ConfigError, match="is not a websocket address"):
        async with connect_websocket(address):
            pass


async def test_half_a_handshake_lives_five_seconds(autojump_clock):
    ours, theirs = trio.testing.memory_stream_pair()
    await theirs.send_all(UPGRADE[:50])
    with pytest.raises(LinkLost, match="within 5 s"):
        async with accept_websocket(ours, allowed_origins=lambda origin: True):
            pass
    assert trio.current_time() == pytest.approx(5, abs=0.1)


async def test_what_the_block_raises_leaves_as_it_is():
    ours, theirs = trio.testing.memory_stream_pair()
    await theirs.send_all(UPGRADE + b"\r\n")
    with pytest.raises(ZeroDivisionError):
        async with accept_websocket(ours, allowed_origins=lambda origin: True):
            raise ZeroDivisionError


async def test_tls_is_verified(nursery):
    authority = trustme.CA()
    server_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(server_context)
    echo = EchoServer()
    await nursery.start(functools.partial(echo.run, ssl_context=server_context))
    address = f"wss://127.0.0.1:{echo.port}/vortex"
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    async with connect_websocket(address, ssl_context=trusting) as websocket:
        await websocket.send(b"secret")
        assert await websocket.receive() == b"secret"
    with pytest.raises(LinkLost, match="could not be trusted"):
        async with connect_websocket(address):
            pass
    nursery.cancel_scope.cancel()


JUNK = [
    b"\xff" * 4,
    b"\x81\x05hello",
    b"\x83\x80\0\0\0\0",
    b"\x88\x82\0\0\0\0\x03\xe8",
    b"\x88\x82\0\0\0\0\x03\xe8\xff\xff",
    b"\x89\x80\0\0\0\0" * 50,
    b"\x82\x82\0\0\0\0ab" * 20,
    b"\x81\x82\0\0\0\0\xff\xfe",
    b"\x88\x82\0\0\0\0\0\0",
    b"\x8a\x84\0\0\0\0abcd",
    b"\x88\x80\0\0\0\0" + b"\x89\x80\0\0\0\0",
    b"\x82\xff" + b"\x7f" + b"\xff" * 11,
]


def storm(port: int, seed: int, connections: int) -> None:
    """Clients that break every rule, in an order that the seed replays."""
    chance = random.Random(seed)
    for _ in range(connections):
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=0.2) as raw:
                beginning = chance.random()
                if beginning < 0.1:
                    raw.sendall(os.urandom(chance.randrange(1, 400)))
                elif beginning < 0.2:
                    raw.sendall(UPGRADE[: chance.randrange(len(UPGRADE))])
                else:
                    raw.sendall(UPGRADE + b"\r\n")
                    if chance.random() < 0.7:
                        raw.recv(4096)
                for _ in range(chance.randrange(4)):
                    raw.sendall(chance.choice(JUNK))
                if chance.random() < 0.5:
                    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        except ConnectionRefusedError:
            raise
        except OSError:
            continue


@pytest.mark.parametrize("seed", [1, 2])
async def test_no_client_can_bring_the_accept_loop_down(server, seed):
    async with connect_websocket(url(server)) as bystander:
        await trio.to_thread.run_sync(storm, server.port, seed, 200)
        await bystander.send(b"still there?")
        assert await bystander.receive() == b"still there?"
    async with connect_websocket(url(server)) as newcomer:
        await newcomer.send(b"still open?")
        assert await newcomer.receive() == b"still open?"
    assert server.problems
