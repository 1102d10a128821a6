"""A client service under test, in a process of its own: the real site behind the real front door, and above it a server that provides.

    python benchmarks/load/client_service.py

Devices come in through `FrontDoor` and `DeviceLinks`, watch through the relay, and the states come from a server's switchboard over a link
in memory. Whoever shows a cookie is somebody. Commands are JSON lines on standard input, each answered by one line.

- `{"do": "update"}`: the rows change.
- `{"do": "settle"}`: whatever is garbage goes, before memory is looked at.
- `{"do": "say"}`: nothing.

The answer is the CPU seconds and the resident bytes of this process, and how many devices are linked.
"""

from __future__ import annotations

import gc
import json
import os
import time
from collections.abc import Sequence
from datetime import UTC, datetime

import attrs
import psutil
import trio

from peek_trio.errors import LinkLost
from peek_trio.frontend.device_links import DeviceLinks
from peek_trio.frontend.front_door import FrontDoor
from peek_trio.frontend.hypercorn_guard import Caller
from peek_trio.frontend.incoming_links import IncomingLinks
from peek_trio.frontend.listener import open_listeners
from peek_trio.frontend.live_sessions import LiveSessions
from peek_trio.frontend.prefixed_stream import PrefixedStream
from peek_trio.nursery.garbage import collect_seldom
from peek_trio.nursery.open_files import allow_open_files
from peek_trio.security import Principal, Session, SignInRefused, signed_in
from peek_trio.transport import Switchboard
from peek_trio.transport.wire import Hello, MessageStream, accept_link, dial_link, memory_stream_pair
from peek_trio.tuples import TupleRegistry, TupleSelector, tuple_type

ROWS = 100
BEGAN = datetime(2026, 11, 22, 12, tzinfo=UTC)


@tuple_type("benchmark.Point")
@attrs.frozen
class Point:
    """A row of the update."""

    id: int
    name: str
    value: int
    at: datetime


class Everybody:
    """Knows everybody: the cookie is the name."""

    async def resolve(self, token: str) -> Principal | None:
        return Principal("person", token, roles=("operator",))

    async def sign_out(self, token: str) -> None:
        pass

    async def sign_in(self, name: str, password: str) -> Session:
        raise SignInRefused("Nobody signs in here.")

    async def redeem(self, code: str) -> Session:
        raise SignInRefused("Nobody signs in here.")

    async def change_password(self, token: str, current: str | None, new: str) -> None:
        raise SignInRefused("Nobody signs in here.")


class Services:
    """The server's and the client service's switchboards, linked."""

    def __init__(self) -> None:
        self.round = 0
        self.server = self._board("server")
        self.client = self._board("client")

    def _board(self, service: str) -> Switchboard:
        registry = TupleRegistry()
        return Switchboard(Hello(service, service), registry, principal=Principal.for_service(service, service))

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Both boards and their link, until cancelled."""
        async with trio.open_nursery() as nursery:
            for board in (self.server, self.client):
                await nursery.start(board.run)
            self.server.scope("benchmark").provide(Point, self._read, allow=signed_in)
            below, above = memory_stream_pair()
            nursery.start_soon(self._serve_below, below)
            nursery.start_soon(self._serve_above, above)
            task_status.started()

    def update(self) -> None:
        """The rows change."""
        self.round += 1
        self.server.notify("benchmark.Point")

    async def _read(self, selector: TupleSelector, principal: Principal) -> Sequence[Point]:
        return [Point(n, f"point {n:014d}", self.round * 7919 + n * 31, BEGAN) for n in range(ROWS)]

    async def _serve_below(self, stream: MessageStream) -> None:
        async def admit(hello: Hello) -> Principal:
            return Principal.for_service(hello.service, hello.id)

        try:
            await self.server.serve_link(await accept_link(stream, self.server.me, admit))
        except LinkLost:
            return

    async def _serve_above(self, stream: MessageStream) -> None:
        try:
            await self.client.serve_link(await dial_link(stream, self.client.me), upstream=True)
        except LinkLost:
            return


async def main() -> None:
    """Serves until standard input ends."""
    services, authority = Services(), Everybody()
    live = LiveSessions(authority)
    links = IncomingLinks(services.client)
    devices = DeviceLinks("desktop", links, authority, live)

    async def no_pages(stream: PrefixedStream, caller: Caller) -> None:
        await stream.send_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    door = FrontDoor(vortex=devices.serve, http=no_pages)
    process = psutil.Process()
    async with trio.open_nursery() as nursery:
        await nursery.start(services.run)
        nursery.start_soon(live.watch)
        listeners = await open_listeners("127.0.0.1", 0)
        nursery.start_soon(door.run, listeners)
        print(json.dumps({"port": listeners[0].socket.getsockname()[1]}), flush=True)
        lines = trio.lowlevel.FdStream(os.dup(0))
        rest = b""
        while data := await lines.receive_some(65536):
            *commands, rest = (rest + data).split(b"\n")
            for command in map(json.loads, commands):
                if command["do"] == "update":
                    services.update()
                elif command["do"] == "settle":
                    gc.collect()
                answer = {
                    "cpu": time.process_time(),
                    "memory": process.memory_info().rss,
                    "linked": len(services.client.peers()) - 1,
                }
                print(json.dumps(answer), flush=True)
        nursery.cancel_scope.cancel()


if __name__ == "__main__":
    allow_open_files()
    collect_seldom()
    trio.run(main)
