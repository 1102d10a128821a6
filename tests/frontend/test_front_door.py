import contextlib
import resource
import socket
import ssl

import pytest
import trio
import trustme

from peek_trio.frontend.asgi import answer_text
from peek_trio.frontend.front_door import CLOSE_DEADLINE, FrontDoor
from peek_trio.frontend.hypercorn_guard import HttpServer
from peek_trio.frontend.listener import open_listeners
from peek_trio.frontend.visitor import PATIENCE
from peek_trio.frontend.waiting_room import WaitingRoom

UPGRADE = b"GET /vortex HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
REQUEST = b"GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"


async def hello(scope, receive, send):
    await answer_text(send, 200, f"hello over {scope['scheme']}")


async def echo(stream, head, visitor):
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


async def until(stream, end):
    answer = b""
    with trio.fail_after(10):
        while not answer.endswith(end):
            chunk = await stream.receive_some()
            assert chunk, f"it ended with {answer!r}"
            answer += chunk


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
        answer = await door.say(REQUEST)
        assert answer.startswith(b"HTTP/1.1 503 ")
        assert answer.endswith(b"Too many are connected. Try again later.\n")
        for _ in range(5):
            await door.say(REQUEST)
    assert caplog.text.count("turned away") == 1
    assert (await door.say(REQUEST)).endswith(b"hello over http\n")


async def test_closing_ends_waiting_connections_at_once_and_finishes_the_others(nursery):
    go_on = trio.Event()

    async def gated(scope, receive, send):
        await go_on.wait()
        await answer_text(send, 200, "done")

    async def websocket(stream, head, visitor):
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
    async def broken(stream, head, visitor):
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


async def test_whoever_says_too_little_is_ended_when_his_place_is_needed(nursery, caplog):
    door = Door(room=WaitingRoom(places=3))
    await nursery.start(door.run)

    async with await door.connect() as silent, await door.connect() as slow, await door.connect() as answered:
        await slow.send_all(REQUEST[:9])
        await answered.send_all(REQUEST.replace(b"close", b"keep-alive"))
        await until(answered, b"hello over http\n")
        async with await door.connect() as newcomer:
            assert await everything(silent) == b""
            await newcomer.send_all(REQUEST)
            assert (await everything(newcomer)).endswith(b"hello over http\n")
        await slow.send_all(REQUEST[9:])
        assert (await everything(slow)).endswith(b"hello over http\n")
        await answered.send_all(REQUEST)
        await until(answered, b"hello over http\n")
    assert caplog.text.count("to make room for newer ones") == 1


async def test_an_answer_that_nobody_takes_does_not_keep_its_place(nursery):
    async def endless(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while True:
            await send({"type": "http.response.body", "body": bytes(1024 * 1024), "more_body": True})

    door = Door(endless, room=WaitingRoom(places=1))
    await nursery.start(door.run)

    async with await door.connect() as greedy:
        await greedy.send_all(REQUEST)
        await greedy.receive_some(1)
        await trio.testing.wait_all_tasks_blocked(0.05)
        async with await door.connect() as newcomer:
            await newcomer.send_all(UPGRADE)
            assert await newcomer.receive_some() == UPGRADE
            with trio.fail_after(5):
                while door.door.connections > 1:
                    await trio.testing.wait_all_tasks_blocked(0.01)


async def test_who_has_been_let_in_is_not_ended_for_others(nursery):
    async def let_in(stream, head, visitor):
        visitor.let_in()
        await echo(stream, head, visitor)

    door = Door(vortex=let_in, room=WaitingRoom(places=1))
    await nursery.start(door.run)

    async with await door.connect() as linked:
        await linked.send_all(UPGRADE)
        await linked.receive_some()
        for _ in range(3):
            assert (await door.say(REQUEST)).endswith(b"hello over http\n")
        await linked.send_all(b"still here")
        assert await linked.receive_some() == b"still here"


async def test_what_is_left_of_the_patience_passes_on_to_the_websocket(nursery):
    left = []

    async def measured(stream, head, visitor):
        left.append(visitor.seconds_left)

    door = Door(vortex=measured)
    await nursery.start(door.run)
    async with await door.connect() as stream:
        await stream.send_all(UPGRADE[:-1])
        await trio.sleep(0.05)
        await stream.send_all(UPGRADE[-1:])
        await everything(stream)
    assert 0 <= left[0] <= PATIENCE - 0.05


async def test_without_descriptors_those_who_say_nothing_make_room(nursery, caplog):
    door = Door()
    await nursery.start(door.run)
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(socket.socket()) for _ in range(8)]
        for client in clients:
            client.settimeout(10)
        for client in clients[:4]:
            client.connect(("127.0.0.1", door.port))
        while door.door.connections < 4:
            await trio.testing.wait_all_tasks_blocked(0.01)
        before = resource.getrlimit(resource.RLIMIT_NOFILE)
        with socket.socket() as probe:
            lowest = probe.fileno()
        resource.setrlimit(resource.RLIMIT_NOFILE, (lowest, before[1]))
        try:
            honest = clients[4]
            honest.connect(("127.0.0.1", door.port))
            honest.sendall(REQUEST)
            with honest.makefile("rb") as answers:
                answer = await trio.to_thread.run_sync(answers.read)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, before)
    assert b"hello over http" in answer
    assert caplog.text.count("No connection can be accepted (too many open files)") == 1


async def test_a_flood_from_one_address_does_not_cost_another_its_place(nursery):
    door = Door(room=WaitingRoom(places=8, of_one=8))
    await nursery.start(door.run)

    async with await door.connect() as honest:
        await honest.send_all(REQUEST[:20])
        flood = [await trio.open_tcp_stream("127.0.0.1", door.port, local_address="127.0.0.2") for _ in range(30)]
        for stream in flood[:20]:
            assert await everything(stream) == b""
        await honest.send_all(REQUEST[20:])
        assert (await everything(honest)).endswith(b"hello over http\n")
    for stream in flood:
        await stream.aclose()
