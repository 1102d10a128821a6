"""The far end of `benchmarks/rpc.py`: an echo with trio-websocket alone on one port, and a switchboard that serves `add` on another.

    python benchmarks/load/callee.py

Prints both ports, then answers every line of standard input with the CPU seconds of this process, and ends with the input.
"""

from __future__ import annotations

import json
import os
import time
from functools import partial

import trio
from trio_websocket import ConnectionClosed, WebSocketRequest, serve_websocket

from peek_trio.errors import LinkLost
from peek_trio.security import Principal
from peek_trio.transport import Switchboard, rpc
from peek_trio.transport.wire import Hello, accept_link, accept_websocket
from peek_trio.tuples import TupleRegistry


@rpc(served_by="server", name="benchmark.add")
async def add(a: int, b: int) -> int:
    """The sum."""
    ...


async def add_here(a: int, b: int) -> int:
    return a + b


async def echo(request: WebSocketRequest) -> None:
    """Sends back whatever arrives."""
    socket = await request.accept()
    try:
        while True:
            await socket.send_message(await socket.get_message())
    except ConnectionClosed:
        return


async def serve_board(board: Switchboard, stream: trio.SocketStream) -> None:
    """One link of the switchboard."""

    async def admit(hello: Hello) -> Principal:
        return Principal.for_service(hello.service, hello.id)

    try:
        async with accept_websocket(stream, allowed_origins=lambda origin: True) as socket:
            await board.serve_link(await accept_link(socket, board.me, admit))
    except LinkLost:
        return


async def main() -> None:
    """Serves until standard input ends."""
    board = Switchboard(Hello("server", "server"), TupleRegistry(), principal=Principal.for_service("server", "server"))
    async with trio.open_nursery() as nursery:
        await nursery.start(board.run)
        board.scope("benchmark").serve(add, add_here)
        bare = await nursery.start(partial(serve_websocket, echo, "127.0.0.1", 0, None, message_queue_size=64))
        (listener,) = await nursery.start(partial(trio.serve_tcp, partial(serve_board, board), 0, host="127.0.0.1"))
        print(json.dumps({"echo": bare.port, "port": listener.socket.getsockname()[1]}), flush=True)
        lines = trio.lowlevel.FdStream(os.dup(0))
        while await lines.receive_some(65536):
            print(json.dumps({"cpu": time.process_time()}), flush=True)
        nursery.cancel_scope.cancel()


if __name__ == "__main__":
    trio.run(main)
