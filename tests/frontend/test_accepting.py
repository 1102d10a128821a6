import resource
import socket

import pytest
import trio

from peek_trio.frontend.accepting import accept_connections
from peek_trio.frontend.listener import open_listeners


@pytest.fixture
async def listener():
    (listener,) = await open_listeners("127.0.0.1", 0)
    return listener


class NoDescriptors:
    """For the block, this process can open nothing more: what a flood of connections comes to."""

    def __enter__(self):
        self._before = resource.getrlimit(resource.RLIMIT_NOFILE)
        with socket.socket() as probe:
            resource.setrlimit(resource.RLIMIT_NOFILE, (probe.fileno(), self._before[1]))

    def __exit__(self, *_):
        resource.setrlimit(resource.RLIMIT_NOFILE, self._before)


async def test_without_descriptors_it_asks_for_room_and_goes_on_when_there_are_some(nursery, listener):
    missing, asked, served = [], trio.Event(), trio.Event()

    def make_room(what):
        missing.append(what)
        if len(missing) == 2:
            asked.set()

    async def receive(stream):
        await stream.send_all(b"hello")
        served.set()

    with socket.socket() as client:
        with NoDescriptors():
            nursery.start_soon(accept_connections, listener, receive, nursery, make_room)
            client.connect(listener.socket.getsockname())
            with trio.fail_after(10):
                await asked.wait()
            assert not served.is_set()
        with trio.fail_after(10):
            await served.wait()
        client.settimeout(10)
        assert client.recv(10) == b"hello"
        assert client.recv(10) == b""
    assert set(missing) == {"too many open files"}


async def test_a_listener_that_fails_otherwise_is_a_fault_and_no_endless_loop(listener, monkeypatch):
    async def fail():
        raise OSError(22, "the socket is none")

    monkeypatch.setattr(listener, "accept", fail)
    async with trio.open_nursery() as connections:
        with pytest.raises(OSError, match="is none"):
            await accept_connections(listener, trio.aclose_forcefully, connections, print)
