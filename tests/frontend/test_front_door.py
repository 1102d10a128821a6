import ssl

import pytest
import trio
import trustme

from peek_trio.frontend.asgi import answer_text
from peek_trio.frontend.front_door import CLOSE_DEADLINE, FrontDoor
from peek_trio.frontend.hypercorn_guard import HttpServer
from peek_trio.frontend.listener import open_listeners

UPGRADE = b"GET /vortex HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
REQUEST = b"GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"


async def hello(scope, receive, send):
    await answer_text(send, 200, f"hello over {scope['scheme']}")


async def echo(stream, caller, head):
    """In the websocket's place: sends back what it gets, from the first byte on."""
    while data := await stream.receive_some():
        await stream.send_all(data)


class Door:
    """An open front door; closing it is cancelling its scope."""

    def __init__(self, app=hello, vortex=echo, **more):
        self.http = HttpServer(app, lambda: [])
        self.door = FrontDoor(vortex=vortex, http=self.http.serve, finish=self._finish, **more)
        self.scope = trio.CancelScope()
        self.closed = trio.Event()
        self.closing = trio.Event()

    async def _finish(self):
        self.closing.set()
        await self.http.finish()

    async def run(self, task_status):
        (listener,) = await open_listeners("127.0.0.1", 0)
        self.port = listener.socket.getsockname()[1]
        task_status.started()
        try:
            with self.scope:
                await self.door.run([listener])
        finally:
            self.closed.set()

    async def connect(self):
        return await trio.open_tcp_stream("127.0.0.1", self.port)

    async def say(self, data):
        """Everything that is answered to `data`, on a connection of its own."""
        async with await self.connect() as stream:
            await stream.send_all(data)
            return await everything(stream)


async def everything(stream):
    answer = b""
    with trio.fail_after(10):
        try:
            while chunk := await stream.receive_some():
                answer += chunk
        except trio.BrokenResourceError:
            pass
    return answer


@pytest.fixture
async def door(nursery):
    door = Door()
    await nursery.start(door.run)
    return door


async def test_the_request_decides_who_answers(door):
    assert (await door.say(REQUEST)).endswith(b"hello over http\n")

    async with await door.connect() as stream:
        await stream.send_all(UPGRADE + b"and then")
        assert await stream.receive_some() == UPGRADE + b"and then"


async def test_tls_is_taken_off_before_anybody_answers(nursery):
    authority = trustme.CA()
    ours, theirs = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert("localhost").configure_cert(ours)
    authority.configure_trust(theirs)
    door = Door(ssl_context=ours)
    await nursery.start(door.run)

    async with trio.SSLStream(
        await door.connect(), theirs, server_hostname="localhost", https_compatible=True
    ) as stream:
        await stream.send_all(REQUEST)
        assert (await everything(stream)).endswith(b"hello over https\n")
    async with trio.SSLStream(
        await door.connect(), theirs, server_hostname="localhost", https_compatible=True
    ) as stream:
        await stream.send_all(UPGRADE)
        assert await stream.receive_some() == UPGRADE
    assert b"HTTP/1.1 200" not in await door.say(REQUEST)


async def test_a_head_that_is_too_long_is_answered(door):
    answer = await door.say(b"GET / HTTP/1.1\r\nX-Long: " + b"a" * 20_000)

    assert answer.startswith(b"HTTP/1.1 431 ")
    assert b"x-content-type-options: nosniff" in answer.lower()


async def test_more_connections_than_there_is_room_for_are_turned_away(nursery, caplog):
    door = Door(max_connections=1)
    await nursery.start(door.run)

    async with await door.connect() as first:
        await first.send_all(UPGRADE)
        await first.receive_some()
        assert await door.say(REQUEST) == b""
    assert "turned away" in caplog.text


async def test_closing_ends_waiting_connections_at_once_and_finishes_the_others(nursery):
    go_on = trio.Event()

    async def gated(scope, receive, send):
        await go_on.wait()
        await answer_text(send, 200, "done")

    async def websocket(stream, caller, head):
        await stream.send_all(b"open")
        await door.closing.wait()
        await stream.send_all(b"goodbye")

    door = Door(gated, websocket)
    await nursery.start(door.run)
    async with await door.connect() as silent, await door.connect() as linked, await door.connect() as asking:
        await linked.send_all(UPGRADE)
        assert await linked.receive_some() == b"open"
        await asking.send_all(REQUEST)
        while door.door.connections < 3 or not door.http._connections:
            await trio.testing.wait_all_tasks_blocked(0.001)

        door.scope.cancel()
        with trio.fail_after(5):
            assert await everything(silent) == b""
            assert await everything(linked) == b"goodbye"
            assert not door.closed.is_set()
            go_on.set()
            assert (await everything(asking)).endswith(b"done\n")
            await door.closed.wait()


async def test_an_answer_that_takes_too_long_does_not_keep_the_door_open(nursery):
    async def never(scope, receive, send):
        await trio.sleep_forever()

    door = Door(never)
    await nursery.start(door.run)
    async with await door.connect() as stream:
        await stream.send_all(REQUEST)
        while not door.http._connections:
            await trio.testing.wait_all_tasks_blocked(0.001)
        door.scope.cancel()
        with trio.fail_after(CLOSE_DEADLINE + 2):
            await door.closed.wait()


async def test_a_fault_in_a_handler_ends_its_connection_only(nursery, caplog):
    async def broken(stream, caller, head):
        raise ValueError("a mistake of ours")

    door = Door(vortex=broken)
    await nursery.start(door.run)

    assert await door.say(UPGRADE) == b""
    assert (await door.say(REQUEST)).endswith(b"hello over http\n")
    assert "no other is affected" in caplog.text


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_a_storm_of_junk_does_not_bring_it_down(door, storm, seed):
    await storm(door.port, seed)

    assert (await door.say(REQUEST)).endswith(b"hello over http\n")
