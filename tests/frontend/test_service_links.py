from functools import partial

import pytest
import trio

from peek_trio.errors import ConfigError, LinkLost, LinkRefused
from peek_trio.frontend import serve_service_links
from peek_trio.security import Principal
from peek_trio.transport.wire import Hello, connect_websocket, dial_link

AGENT = Hello("agent", "agent-1", "Agent", "0.1.0", token="the token")


async def admit(hello):
    if hello.token != "the token":
        raise LinkRefused("The service token is not the one of this platform.", code="token")
    return Principal.for_service(hello.service, hello.id)


@pytest.fixture
async def port(nursery, board):
    return await nursery.start(partial(serve_service_links, board, admit, "127.0.0.1", 0))


async def test_a_service_with_the_token_is_linked(port, board, nursery):
    async with connect_websocket(f"ws://127.0.0.1:{port}/vortex") as socket:
        link = await dial_link(socket, AGENT)
        nursery.start_soon(run_until_lost, link)
        with trio.fail_after(5):
            while not board.peers():
                await trio.testing.wait_all_tasks_blocked(0.001)

    assert link.peer.id == "server-1"
    assert link.principal == Principal.for_service("agent", "agent-1")


async def run_until_lost(link):
    with pytest.raises(LinkLost):
        await link.run(lambda frame: None)


async def test_a_service_without_it_is_told_so(port):
    with pytest.raises(LinkRefused, match="not the one of this platform") as refusal:
        async with connect_websocket(f"ws://127.0.0.1:{port}/vortex") as socket:
            await dial_link(socket, Hello("agent", "agent-1", token="another"))
    assert refusal.value.code == "token"


async def test_a_browser_is_kept_out(port):
    with pytest.raises(LinkLost, match="403"):
        async with connect_websocket(f"ws://127.0.0.1:{port}/vortex", headers=[("Origin", f"http://127.0.0.1:{port}")]):
            pass


async def test_whoever_looks_with_a_browser_is_told_where_he_is(port, fetch):
    answer = await fetch(port, "GET", "/")

    assert answer.status == 404
    assert b"This is the port for services" in answer.body


async def test_a_port_in_use_is_said_so(port, board):
    with pytest.raises(ConfigError, match=f"port {port} is in use by"):
        await serve_service_links(board, admit, "127.0.0.1", port)


async def test_closing_it_tells_services_that_it_goes_away(board, nursery):
    open_until = trio.CancelScope()

    async def serve(task_status):
        with open_until:
            await serve_service_links(board, admit, "127.0.0.1", 0, task_status=task_status)

    port = await nursery.start(serve)
    async with connect_websocket(f"ws://127.0.0.1:{port}/vortex") as socket:
        link = await dial_link(socket, AGENT)
        open_until.cancel()
        with pytest.raises(LinkLost) as end:
            await link.run(lambda frame: None)

    assert end.value.code == 1001
