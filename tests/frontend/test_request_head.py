import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from trio.testing import memory_stream_pair

from peek_trio.frontend.request_head import MAX_HEAD, HeadTimeout, HeadTooLarge, RequestHead, read_head

UPGRADE = b"GET /vortex?x=1 HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n\r\n"


def test_a_websocket_upgrade_is_known_by_its_headers_however_they_are_written():
    head = RequestHead.parse(UPGRADE)

    assert (head.method, head.path) == ("GET", "/vortex")
    assert head.upgrades_to_websocket


@pytest.mark.parametrize(
    "data",
    [
        b"GET /vortex HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /vortex HTTP/1.1\r\nUpgrade: websocket\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET / HTTP/1.1\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\r\n",
        b"POST /vortex HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
    ],
)
def test_anything_less_is_no_websocket(data):
    assert not RequestHead.parse(data).upgrades_to_websocket


def test_the_first_of_several_headers_is_the_one_that_counts():
    head = RequestHead.parse(b"GET / HTTP/1.1\r\nCookie: a=1\r\nCOOKIE: a=2\r\n\r\n")

    assert head.first("cookie") == "a=1"
    assert head.first("origin") is None


@given(st.binary())
def test_no_bytes_make_parsing_fail(data):
    head = RequestHead.parse(data)

    assert isinstance(head.upgrades_to_websocket, bool)


async def test_the_head_is_read_to_its_end_and_what_came_along_is_kept():
    client, server = memory_stream_pair()
    await client.send_all(UPGRADE[:40])

    async with trio.open_nursery() as nursery:
        nursery.start_soon(client.send_all, UPGRADE[40:] + b"more")
        data = await read_head(server, within=5)

    assert data.startswith(UPGRADE)


async def test_a_client_that_leaves_first_has_no_head():
    client, server = memory_stream_pair()
    await client.send_all(b"GET / HT")
    await client.aclose()

    assert await read_head(server, within=5) == b""


async def test_a_head_that_does_not_end_in_time_is_given_up(autojump_clock):
    client, server = memory_stream_pair()
    await client.send_all(b"GET / HTTP/1.1\r\nX-Slow: ")

    started = trio.current_time()
    with pytest.raises(HeadTimeout) as late:
        await read_head(server, within=5)

    assert late.value.received
    assert trio.current_time() - started == pytest.approx(5)


async def test_a_head_that_is_too_long_is_given_up():
    client, server = memory_stream_pair()
    await client.send_all(b"GET / HTTP/1.1\r\nX-Long: " + b"a" * MAX_HEAD + b"\r\n\r\n")

    with pytest.raises(HeadTooLarge):
        await read_head(server, within=5)
