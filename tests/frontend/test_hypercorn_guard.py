import pytest
import trio
from trio.testing import memory_stream_pair

from peek_trio.frontend.asgi import answer_text
from peek_trio.frontend.hypercorn_guard import IDLE_DEADLINE, SEND_DEADLINE, Caller, HttpServer
from peek_trio.frontend.security_headers import content_security_policy, security_headers

CALLER = Caller(("192.0.2.7", 40000), ("127.0.0.1", 8000))
HEADERS = security_headers(content_security_policy())


async def hello(scope, receive, send):
    await answer_text(send, 200, f"hello from {scope['path']}")


async def reading(scope, receive, send):
    size = 0
    while (message := await receive())["type"] == "http.request":
        size += len(message["body"])
        if not message["more_body"]:
            return await answer_text(send, 200, f"{size} bytes")
    return None


def serving(nursery, app, client_class):
    """A client of `app`; the server's end is closed when the server is done with it, as the front door does."""
    theirs, ours = memory_stream_pair()
    server = HttpServer(app, lambda: HEADERS)

    async def serve():
        await server.serve(ours, CALLER)
        await ours.aclose()

    nursery.start_soon(serve)
    return client_class(theirs), server


async def test_one_connection_answers_several_requests(http_client):
    async with trio.open_nursery() as nursery:
        client, _ = serving(nursery, hello, http_client)

        for path in ("/a", "/b", "/c"):
            answer = await client.request("GET", path)
            assert (answer.status, answer.body) == (200, f"hello from {path}\n".encode())
        await client.stream.aclose()


async def test_every_answer_has_the_security_headers_even_hypercorns_own(http_client):
    async with trio.open_nursery() as nursery:
        client, _ = serving(nursery, hello, http_client)
        await client.stream.send_all(b"\x00\x01 this is no http\r\n\r\n")

        answer = await client.ended()

    assert answer.startswith(b"HTTP/1.1 400")
    assert b"content-security-policy: default-src 'none'" in answer
    assert b"x-content-type-options: nosniff" in answer
    assert b"hypercorn" not in answer


async def test_an_idle_connection_is_closed(http_client, autojump_clock):
    async with trio.open_nursery() as nursery:
        client, _ = serving(nursery, hello, http_client)
        await client.request("GET", "/")
        started = trio.current_time()

        assert await client.ended() == b""
        assert trio.current_time() - started == pytest.approx(IDLE_DEADLINE, abs=0.1)


async def test_a_body_that_stops_coming_ends_the_connection(http_client, autojump_clock):
    async with trio.open_nursery() as nursery:
        client, _ = serving(nursery, reading, http_client)
        await client.stream.send_all(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nonly this")

        with trio.fail_after(60):
            assert await client.ended() == b""


async def test_an_answer_that_takes_long_is_waited_for(http_client, autojump_clock):
    async def slow(scope, receive, send):
        await trio.sleep(10 * IDLE_DEADLINE)
        await answer_text(send, 200, "at last")

    async with trio.open_nursery() as nursery:
        client, _ = serving(nursery, slow, http_client)

        assert (await client.request("GET", "/")).body == b"at last\n"
        await client.stream.aclose()


async def test_a_client_that_does_not_take_its_answer_is_dropped(http_client, autojump_clock):
    class Stuck(trio.abc.Stream):
        def __init__(self, stream):
            self.stream = stream

        async def receive_some(self, max_bytes=None):
            return await self.stream.receive_some(max_bytes)

        async def send_all(self, data):
            await trio.sleep_forever()

        async def wait_send_all_might_not_block(self):
            await trio.sleep_forever()

        async def aclose(self):
            await self.stream.aclose()

    theirs, ours = memory_stream_pair()
    await theirs.send_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")

    with trio.fail_after(2 * SEND_DEADLINE):
        await HttpServer(hello, lambda: HEADERS).serve(Stuck(ours), CALLER)


async def test_a_long_body_that_nobody_reads_holds_nobody_up(http_client):
    body = b"x" * (2 * 1024 * 1024)
    async with trio.open_nursery() as nursery:
        client, _ = serving(nursery, hello, http_client)
        nursery.start_soon(
            client.stream.send_all, b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
        )

        with trio.fail_after(5):
            answer = await client.ended()

    assert answer.endswith(b"hello from /\n")


async def test_an_application_that_is_told_of_the_leaving_client_may_finish(http_client):
    told = []

    async def waiting(scope, receive, send):
        while (message := await receive())["type"] != "http.disconnect":
            pass
        told.append(message["type"])

    async with trio.open_nursery() as nursery:
        client, _ = serving(nursery, waiting, http_client)
        await client.stream.send_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        await client.stream.aclose()

    assert told == ["http.disconnect"]


async def test_an_application_that_ignores_the_leaving_client_is_cancelled(http_client, autojump_clock):
    async def deaf(scope, receive, send):
        await trio.sleep_forever()

    async with trio.open_nursery() as nursery:
        client, _ = serving(nursery, deaf, http_client)
        await client.stream.send_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        await client.stream.aclose()


async def test_an_application_that_sends_without_end_is_cancelled_when_its_client_leaves(http_client, autojump_clock):
    async def endless(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while True:
            await send({"type": "http.response.body", "body": b"more", "more_body": True})

    async with trio.open_nursery() as nursery:
        client, _ = serving(nursery, endless, http_client)
        await client.stream.send_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        await client.stream.receive_some(1)
        await client.stream.aclose()


async def test_a_failing_application_answers_500_and_is_logged(http_client, caplog):
    async def broken(scope, receive, send):
        raise ValueError("the plugin's own mistake")

    async with trio.open_nursery() as nursery:
        client, _ = serving(nursery, broken, http_client)

        assert (await client.request("GET", "/x")).status == 500
        await client.stream.aclose()

    assert "GET /x failed." in caplog.messages


@pytest.mark.parametrize(
    "data",
    [
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"X: " + b"a" * 20_000,
    ],
)
async def test_what_a_client_gets_wrong_ends_its_own_connection_only(http_client, data):
    async with trio.open_nursery() as nursery:
        client, _ = serving(nursery, hello, http_client)
        nursery.start_soon(client.stream.send_all, data)

        with trio.fail_after(5):
            await client.ended()


@pytest.mark.parametrize(
    "wish",
    [
        {"connection": "upgrade", "upgrade": "h2c", "http2-settings": "AAAA"},
        {"connection": "upgrade", "upgrade": "websocket", "sec-websocket-key": "x", "sec-websocket-version": "13"},
    ],
)
async def test_a_wish_for_another_protocol_is_answered_in_this_one(http_client, wish):
    async with trio.open_nursery() as nursery:
        client, _ = serving(nursery, hello, http_client)

        first = await client.request("GET", "/", wish)
        second = await client.request("GET", "/")
        await client.stream.aclose()

    assert (first.status, second.status) == (200, 200)


async def test_a_request_with_two_lengths_is_refused_and_nothing_after_it_is_heard(http_client):
    async with trio.open_nursery() as nursery:
        client, _ = serving(nursery, reading, http_client)
        await client.stream.send_all(
            b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
            b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"
        )

        with trio.fail_after(5):
            answer = await client.ended()

    assert answer.startswith(b"HTTP/1.1 400")
    assert answer.count(b"HTTP/1.1") == 1


async def test_finishing_ends_idle_connections_at_once_and_lets_an_answer_be_completed(http_client):
    go_on = trio.Event()

    async def gated(scope, receive, send):
        if scope["path"] == "/slow":
            await go_on.wait()
        await answer_text(send, 200, "done")

    theirs, ours = memory_stream_pair()
    idle_theirs, idle_ours = memory_stream_pair()
    server = HttpServer(gated, lambda: HEADERS)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(server.serve, ours, CALLER)
        nursery.start_soon(server.serve, idle_ours, CALLER)
        busy, idle = http_client(theirs), http_client(idle_theirs)
        await idle.request("GET", "/quick")
        await theirs.send_all(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
        await trio.testing.wait_all_tasks_blocked()

        await server.finish()
        await trio.testing.wait_all_tasks_blocked()
        assert len(server._connections) == 1
        go_on.set()
        with trio.fail_after(5):
            answer = await busy.stream.receive_some()

    assert answer.startswith(b"HTTP/1.1 200")


async def test_head_is_answered_without_a_body(http_client):
    async with trio.open_nursery() as nursery:
        client, _ = serving(nursery, hello, http_client)
        await client.stream.send_all(b"HEAD /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")

        answer = await client.ended()

    assert answer.endswith(b"\r\n\r\n")
    assert b"content-length: 14" in answer
