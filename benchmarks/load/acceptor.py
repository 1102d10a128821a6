"""A server of websockets and nothing else, in a process of its own: every one is accepted, told one byte, and then left alone.

    python benchmarks/load/acceptor.py peek|trio-websocket

Commands as those of `client_service.py`: `settle` and `say`.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import time

import psutil
import trio
from trio_websocket import ConnectionClosed, HandshakeError, wrap_server_stream

from peek_trio.errors import LinkError
from peek_trio.nursery.open_files import allow_open_files
from peek_trio.transport.wire import accept_websocket

GREETING = b"."


async def with_peek(stream: trio.SocketStream) -> None:
    """Our accepting end, as links use it."""
    try:
        async with accept_websocket(stream, allowed_origins=lambda origin: True) as websocket:
            await websocket.send(GREETING)
            await websocket.receive()
    except LinkError:
        return


async def with_trio_websocket(stream: trio.SocketStream) -> None:
    """trio-websocket, as its own server uses it."""
    try:
        async with trio.open_nursery() as nursery:
            request = await wrap_server_stream(nursery, stream)
            websocket = await request.accept()
            await websocket.send_message(GREETING)
            await websocket.get_message()
    except* (ConnectionClosed, HandshakeError):
        pass  # it has left


HANDLERS = {"peek": with_peek, "trio-websocket": with_trio_websocket}


async def main(handler: str) -> None:
    """Serves until standard input ends."""
    process = psutil.Process()
    (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1", backlog=512)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.serve_listeners, HANDLERS[handler], [listener])
        print(json.dumps({"port": listener.socket.getsockname()[1]}), flush=True)
        lines = trio.lowlevel.FdStream(os.dup(0))
        while line := await lines.receive_some(65536):
            if json.loads(line)["do"] == "settle":
                gc.collect()
            print(json.dumps({"cpu": time.process_time(), "memory": process.memory_info().rss}), flush=True)
        nursery.cancel_scope.cancel()


if __name__ == "__main__":
    allow_open_files()
    trio.run(main, sys.argv[1])
