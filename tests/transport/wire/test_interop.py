"""Our ends of a websocket and those of trio-websocket understand each other, whichever of them dials."""

import struct
from contextlib import asynccontextmanager
from functools import partial

import pytest
import trio
from trio_websocket import ConnectionClosed, ConnectionRejected, serve_websocket, wrap_client_stream

from peek_trio.errors import FrameError, LinkLost
from peek_trio.transport.wire import Limits, accept_websocket, connect_websocket
from tests.transport.wire.conftest import WITHIN

SIZES = [0, 1, 125, 126, 65_535, 65_536, 1_000_000]
BINARY, CONTINUED, LAST = 0x02, 0x00, 0x80


@asynccontextmanager
async def accepting(origins=lambda origin: True, limits=Limits.SERVICE):
    """Where our accepting end listens, and from where its websockets, or why they were none, are to be had."""
    outcomes, take_outcome = trio.open_memory_channel(1)

    async def accept(stream):
        try:
            async with accept_websocket(stream, allowed_origins=origins, limits=limits) as websocket:
                await outcomes.send(websocket)
                await trio.sleep_forever()
        except LinkLost as refused:
            await outcomes.send(refused)

    async with trio.open_nursery() as nursery:
        (listener,) = await nursery.start(partial(trio.serve_tcp, accept, 0, host="127.0.0.1"))
        yield f"127.0.0.1:{listener.socket.getsockname()[1]}", take_outcome.receive
        nursery.cancel_scope.cancel()


@asynccontextmanager
async def dialling(address, resource="/vortex", **options):
    """A client of trio-websocket, and the stream that it is on: it leaves that open itself when the other end closes first."""
    host, port = address.split(":")
    async with await trio.open_tcp_stream(host, int(port)) as wire, trio.open_nursery() as nursery:
        yield await wrap_client_stream(nursery, wire, address, resource, **options), wire
        nursery.cancel_scope.cancel()


@asynccontextmanager
async def serving(serve):
    """Where a server of trio-websocket listens."""
    async with trio.open_nursery() as nursery:
        server = await nursery.start(partial(serve_websocket, serve, "127.0.0.1", 0, None))
        yield f"127.0.0.1:{server.port}"
        nursery.cancel_scope.cancel()


@asynccontextmanager
async def ours_accepts():
    """Our accepting end, and a client of trio-websocket."""
    async with accepting() as (address, accepted), dialling(address) as (theirs, _):
        ours = await accepted()
        try:
            yield ours, theirs
        finally:
            await ours.aclose()


@asynccontextmanager
async def ours_dials():
    """Our dialling end, and a server of trio-websocket."""
    accepted, take_accepted = trio.open_memory_channel(1)

    async def serve(request):
        await accepted.send(await request.accept())
        await trio.sleep_forever()

    async with serving(serve) as address, connect_websocket(f"ws://{address}/vortex") as ours:
        try:
            yield ours, await take_accepted.receive()
        finally:
            await ours.aclose()


@pytest.fixture(params=[ours_accepts, ours_dials], ids=["ours accepts", "ours dials"])
async def ends(request):
    """Our end of a websocket and trio-websocket's."""
    with trio.fail_after(4 * WITHIN):
        async with request.param() as both:
            yield both


async def begin(ours, *parts):
    """Sends one message that has many receivers."""
    if not ours.begin(parts):
        await ours.flush()


@pytest.mark.parametrize("size", SIZES)
async def test_messages_of_every_size_pass_both_ways(ends, nursery, size):
    ours, theirs = ends
    message = bytes(range(256)) * (size // 256) + bytes(size % 256)
    nursery.start_soon(ours.send, message)
    assert await theirs.get_message() == message
    nursery.start_soon(theirs.send_message, message)
    assert await ours.receive() == message


async def test_many_messages_keep_their_order(ends, nursery):
    ours, theirs = ends

    async def echo():
        for _ in range(500):
            await theirs.send_message(await theirs.get_message())

    async def send():
        for number in range(250):
            await ours.send(b"%d" % (2 * number))
            await begin(ours, b"%d", b"%d" % (2 * number + 1))

    nursery.start_soon(echo)
    nursery.start_soon(send)
    for number in range(250):
        assert await ours.receive() == b"%d" % (2 * number)
        assert await ours.receive() == b"%%d%d" % (2 * number + 1)


async def test_a_ping_is_answered_while_somebody_receives(ends, nursery):
    ours, theirs = ends
    arrived = []

    async def receive():
        arrived.append(await ours.receive())

    nursery.start_soon(receive)
    await theirs.ping(b"are you there?")
    await theirs.ping()
    assert not arrived
    await theirs.send_message(b"yes")


async def test_a_ping_in_the_middle_of_our_large_message_is_answered_behind_it(ends, nursery):
    ours, theirs = ends
    large = bytes(1_000_000)

    async def talk():
        for _ in range(5):
            await ours.send(large)

    async def listen():
        for _ in range(5):
            assert await theirs.get_message() == large

    async with trio.open_nursery() as talking:
        talking.start_soon(ours.receive)
        talking.start_soon(talk)
        talking.start_soon(listen)
        for _ in range(5):
            await theirs.ping()
        await theirs.send_message(b"done")


@pytest.mark.parametrize(("code", "reason"), [(1000, ""), (1001, "Wir halten an. \N{SNOWMAN}"), (4321, "x" * 123)])
async def test_they_close_and_we_know_why(ends, nursery, code, reason):
    ours, theirs = ends
    nursery.start_soon(theirs.aclose, code, reason)
    with pytest.raises(LinkLost) as caught:
        await ours.receive()
    assert caught.value.code == code
    assert reason in caught.value.reason
    with pytest.raises(LinkLost):
        await ours.send(b"too late")


@pytest.mark.parametrize(
    ("code", "reason"), [(1000, ""), (1012, "This service restarts. \N{SNOWMAN}"), (4321, "x" * 123)]
)
async def test_we_close_and_they_know_why(ends, nursery, code, reason):
    ours, theirs = ends
    nursery.start_soon(ours.aclose, code, reason)
    with pytest.raises(ConnectionClosed) as caught:
        await theirs.get_message()
    assert (caught.value.reason.code, caught.value.reason.reason or "") == (code, reason)


async def test_what_was_sent_before_a_close_arrives(ends, nursery):
    ours, theirs = ends
    for number in range(10):
        await ours.send(b"%d" % number)
    nursery.start_soon(ours.aclose, 1001, "Bye.")
    assert [await theirs.get_message() for _ in range(10)] == [b"%d" % number for number in range(10)]
    with pytest.raises(ConnectionClosed, match="Bye"):
        await theirs.get_message()


async def test_who_sends_text_is_told_1003(ends, nursery):
    ours, theirs = ends
    await theirs.send_message("a text")
    with pytest.raises(FrameError) as caught:
        await ours.receive()
    nursery.start_soon(ours.aclose, caught.value.close_code, str(caught.value))
    with pytest.raises(ConnectionClosed) as closed:
        await theirs.get_message()
    assert closed.value.reason.code == 1003


async def test_who_sends_too_much_is_told_1009(ends, nursery):
    ours, theirs = ends
    ours.allow(1000)

    async def send():
        try:
            await theirs.send_message(bytes(1001))
        except ConnectionClosed:
            return

    nursery.start_soon(send)
    with pytest.raises(LinkLost) as caught:
        await ours.receive()
    assert caught.value.code == 1009
    nursery.start_soon(ours.aclose)
    with pytest.raises(ConnectionClosed) as closed:
        await theirs.get_message()
    assert closed.value.reason.code == 1009


def masked(opcode, payload):
    """A small frame as a client sends it; the mask is zero."""
    return struct.pack("!BB4x", opcode, 0x80 | len(payload)) + payload


async def test_a_message_in_fragments_is_one_also_with_a_ping_between_them():
    async with accepting() as (address, accepted), dialling(address) as (theirs, wire):
        ours, arrived = await accepted(), []

        async def receive():
            arrived.append(await ours.receive())

        async with trio.open_nursery() as receiving:
            receiving.start_soon(receive)
            await wire.send_all(masked(BINARY, b"one, "))
            await wire.send_all(masked(CONTINUED, b"two, "))
            await theirs.ping()
            assert not arrived
            await wire.send_all(masked(CONTINUED | LAST, b"three"))
        assert arrived == [b"one, two, three"]
        await ours.aclose()


async def test_their_client_reads_why_we_refuse_it():
    origin = [(b"Origin", b"https://evil.example")]
    async with accepting(origins=lambda origin: origin is None) as (address, outcome):
        with pytest.raises(ExceptionGroup) as caught:
            async with dialling(address, extra_headers=origin):
                pass
        assert isinstance(await outcome(), LinkLost)
    (rejected,) = caught.value.exceptions
    assert isinstance(rejected, ConnectionRejected)
    assert rejected.status_code == 403
    assert rejected.body == b"Pages from https://evil.example may not connect here."


async def test_we_read_why_their_server_refuses_us():
    async def refuse(request):
        await request.reject(403, body=b"You may not come in.")

    async with serving(refuse) as address:
        with pytest.raises(LinkLost, match="403 You may not come in"):
            async with connect_websocket(f"ws://{address}/vortex"):
                pass


async def test_our_accepting_end_sees_what_they_ask_for():
    cookie = [(b"Cookie", b"a=b")]
    async with accepting() as (address, accepted), dialling(address, "/vortex?a=1", extra_headers=cookie):
        ours = await accepted()
        assert (ours.path, ours.headers["cookie"]) == ("/vortex?a=1", "a=b")
        await ours.aclose()


async def test_they_see_what_our_dialling_end_asks_for():
    requests = []

    async def serve(request):
        requests.append(request)
        await request.accept()

    async with serving(serve) as address:
        url = f"ws://{address}/vortex?a=1"
        async with connect_websocket(url, headers=[("Cookie", "a=b")]) as websocket:
            with pytest.raises(LinkLost):
                await websocket.receive()
    assert requests[0].path == "/vortex?a=1"
    assert dict(requests[0].headers)[b"cookie"] == b"a=b"
