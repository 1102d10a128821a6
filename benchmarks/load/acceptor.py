"""A server of websockets and nothing else, in a process of its own: every one is accepted, told one byte, and then left alone.

    python benchmarks/load/acceptor.py peek|trio-websocket

Commands as those of `client_service.py`; `{"do": "update", "size": 1200}` sends a message of so many bytes to each.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import time

import psutil
import trio
from trio_websocket import ConnectionClosed, HandshakeError, WebSocketConnection, wrap_server_stream

from peek_trio.errors import LinkError
from peek_trio.nursery.open_files import allow_open_files
from peek_trio.transport.wire import WebSocketStream, accept_websocket

GREETING = b"."


class Peek:
    """Our accepting end, as links use it."""

    def __init__(self) -> None:
        self._websockets: list[WebSocketStream] = []

    async def serve(self, stream: trio.SocketStream) -> None:
        """One connection."""
        try:
            async with accept_websocket(stream, allowed_origins=lambda origin: True) as websocket:
                await websocket.send(GREETING)
                self._websockets.append(websocket)
                await websocket.receive()
        except LinkError:
            return

    async def update(self, message: bytes) -> None:
        """The same message to each."""
        for websocket in self._websockets:
            if not websocket.begin((message,)):
                await websocket.flush()


class TrioWebSocket:
    """trio-websocket, as its own server uses it."""

    def __init__(self) -> None:
        self._websockets: list[WebSocketConnection] = []

    async def serve(self, stream: trio.SocketStream) -> None:
        """One connection."""
        try:
            async with trio.open_nursery() as nursery:
                request = await wrap_server_stream(nursery, stream)
                websocket = await request.accept()
                await websocket.send_message(GREETING)
                self._websockets.append(websocket)
                await websocket.get_message()
        except* (ConnectionClosed, HandshakeError):
            pass  # it has left

    async def update(self, message: bytes) -> None:
        """The same message to each."""
        for websocket in self._websockets:
            await websocket.send_message(message)


ACCEPTORS = {"peek": Peek, "trio-websocket": TrioWebSocket}


async def main(name: str) -> None:
    """Serves until standard input ends."""
    acceptor = ACCEPTORS[name]()
    process = psutil.Process()
    (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1", backlog=512)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.serve_listeners, acceptor.serve, [listener])
        print(json.dumps({"port": listener.socket.getsockname()[1]}), flush=True)
        lines = trio.lowlevel.FdStream(os.dup(0))
        while line := await lines.receive_some(65536):
            command = json.loads(line)
            if command["do"] == "update":
                await acceptor.update(bytes(command["size"]))
            elif command["do"] == "settle":
                gc.collect()
            print(json.dumps({"cpu": time.process_time(), "memory": process.memory_info().rss}), flush=True)
        nursery.cancel_scope.cancel()


if __name__ == "__main__":
    allow_open_files()
    trio.run(main, sys.argv[1])
