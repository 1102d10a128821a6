import os
import socket
import subprocess
import sys

import pytest

from peek_trio.errors import ConfigError
from peek_trio.frontend.listener import closing_listeners, open_listeners
from peek_trio.frontend.port_owner import port_owner


async def test_any_free_port_can_be_had():
    (listener,) = await open_listeners("127.0.0.1", 0)
    async with listener:
        assert listener.socket.getsockname()[1] > 0


async def test_a_port_is_free_again_when_nobody_came_to_serve_it():
    listeners = await open_listeners("127.0.0.1", 0)
    port = listeners[0].socket.getsockname()[1]
    with pytest.raises(ValueError, match="too early"):
        async with closing_listeners(listeners):
            raise ValueError("too early")

    async with closing_listeners(await open_listeners("127.0.0.1", port)):
        pass


async def test_a_taken_port_is_said_to_be_taken_and_by_whom():
    (listener,) = await open_listeners("127.0.0.1", 0)
    async with listener:
        port = listener.socket.getsockname()[1]
        with pytest.raises(ConfigError) as refusal:
            await open_listeners("127.0.0.1", port)

    assert f"port {port} is in use by " in str(refusal.value)
    assert f"(pid {os.getpid()})" in str(refusal.value)


def test_the_owner_may_be_another_process():
    script = "import socket, sys; s = socket.create_server(('127.0.0.1', 0)); print(s.getsockname()[1], flush=True); sys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        port = int(child.stdout.readline())
        owner = port_owner(port)
        child.stdin.close()

    assert owner.endswith(f"(pid {child.pid})")
    assert owner.startswith("python")


def test_a_free_port_has_no_owner():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

    assert port_owner(port) == ""


def test_where_the_owner_cannot_be_seen_there_is_none(tmp_path):
    assert port_owner(8010, proc=tmp_path) == ""


@pytest.mark.parametrize(
    ("host", "port", "sentence"),
    [
        ("192.0.2.1", 0, "no such address"),
        ("no.such.host.invalid", 0, "is not known"),
        ("127.0.0.1", 70000, "a number from 0 to 65535"),
    ],
)
async def test_an_address_that_cannot_be_had_says_why(host, port, sentence):
    with pytest.raises(ConfigError, match=sentence):
        await open_listeners(host, port)
