"""One update of 100 tuples to many devices: deliveries per second, and what each costs the service in CPU time.

    python benchmarks/fanout.py [websocket devices] [devices in memory] [updates]

Over websockets the devices are in another process, so that the CPU time is the service's alone. Beside it, in the same run, the obvious
way: a loop that encodes the rows for each device and sends them with `send_message`. Over memory all is in one process and there is no
socket: what the switchboard and the link cost by themselves, with the devices' own reading.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import IO

import attrs
import trio
from trio_websocket import ConnectionClosed, WebSocketConnection, WebSocketRequest, serve_websocket

from peek_trio.errors import LinkLost
from peek_trio.security import Principal, anyone
from peek_trio.transport import Switchboard
from peek_trio.transport.wire import (
    Frame,
    Hello,
    MessageStream,
    accept_link,
    accept_websocket,
    connect_websocket,
    dial_link,
    memory_stream_pair,
)
from peek_trio.tuples import TupleRegistry, TupleSelector, tuple_type


@tuple_type("benchmark.Point")
@attrs.frozen
class Point:
    """A row of the update."""

    id: int
    name: str
    value: int


class Service:
    """A switchboard that provides 100 points."""

    def __init__(self) -> None:
        self.me = Hello("server", "server")
        self.registry = TupleRegistry()
        self.board = Switchboard(self.me, self.registry, principal=Principal.for_service("server", "server"))
        self.round = 0

    def rows(self) -> list[Point]:
        return [Point(number, f"point {number:014d}", self.round * number) for number in range(100)]

    async def run(self, *, task_status: trio.TaskStatus[None]) -> None:
        async def read(selector: TupleSelector, principal: Principal) -> Sequence[Point]:
            return self.rows()

        async with trio.open_nursery() as nursery:
            await nursery.start(self.board.run)
            self.board.scope("benchmark").provide(Point, read, allow=anyone)
            task_status.started()

    async def serve(self, stream: MessageStream) -> None:
        async def admit(hello: Hello) -> Principal:
            return Principal("person", hello.id)

        try:
            await self.board.serve_link(await accept_link(stream, self.me, admit))
        except LinkLost:
            return

    async def serve_socket(self, socket: trio.SocketStream) -> None:
        try:
            async with accept_websocket(socket, allowed_origins=lambda origin: True) as stream:
                await self.serve(stream)
        except LinkLost:
            return

    def update(self) -> None:
        self.round += 1
        self.board.notify("benchmark.Point")


class Audience:
    """Devices that subscribe and count what they are told; `told` is called when all of them were."""

    def __init__(self, size: int, told: Callable[[], None]) -> None:
        self._size, self._told, self._count = size, told, 0

    def heard(self) -> None:
        self._count += 1
        if self._count % self._size == 0:
            self._told()

    def frame(self, frame: Frame) -> None:
        if frame.header["k"] == "state":
            self.heard()

    async def listen(self, stream: MessageStream, number: int) -> None:
        link = await dial_link(stream, Hello("device", f"device-{number}"))
        link.send_nowait(Frame({"k": "sub", "i": 1, "t": "benchmark.Point", "s": {}}))
        try:
            await link.run(self.frame)
        except LinkLost:
            return


async def devices(port: int, size: int, kind: str) -> None:
    """The other process: prints a line whenever all devices were told."""
    audience = Audience(size, lambda: print("all", flush=True))

    async def device(number: int) -> None:
        async with connect_websocket(f"ws://127.0.0.1:{port}/vortex") as stream:
            if kind == "peek":
                await audience.listen(stream, number)
            while True:
                await stream.receive()
                audience.heard()

    async with trio.open_nursery() as nursery:
        for number in range(size):
            nursery.start_soon(device, number)
            await trio.sleep(0.002)
        await trio.to_thread.run_sync(sys.stdin.read)
        nursery.cancel_scope.cancel()


async def measure(update: Callable[[], Awaitable[None]], size: int, updates: int) -> tuple[float, float]:
    """Deliveries per second, and microseconds of CPU of this process for each. `update` returns when all devices were told."""
    began, used = time.perf_counter(), time.process_time()
    for _ in range(updates):
        await update()
    deliveries = size * updates
    return deliveries / (time.perf_counter() - began), (time.process_time() - used) / deliveries * 1e6


@contextmanager
def other_process(port: int, size: int, kind: str) -> Iterator[IO[str]]:
    """Runs `devices` elsewhere; gives the lines that it prints. Closing its input ends it."""
    with subprocess.Popen(
        [sys.executable, __file__, "devices", str(port), str(size), kind],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield process.stdout
        process.stdin.close()


async def over_websockets(kind: str, size: int, updates: int) -> tuple[float, float]:
    """Measures Peek's way ("peek") or the obvious one ("bare")."""
    service = Service()
    sockets: list[WebSocketConnection] = []
    connected = trio.Semaphore(0)

    async def keep(request: WebSocketRequest) -> None:
        socket = await request.accept()
        sockets.append(socket)
        connected.release()
        try:
            await socket.get_message()
        except ConnectionClosed:
            return

    async with trio.open_nursery() as nursery:
        await nursery.start(service.run)
        if kind == "peek":
            listeners = await nursery.start(partial(trio.serve_tcp, service.serve_socket, 0, host="127.0.0.1"))
            port = listeners[0].socket.getsockname()[1]
        else:
            port = (await nursery.start(partial(serve_websocket, keep, "127.0.0.1", 0, None))).port
        with other_process(port, size, kind) as lines:
            told = partial(trio.to_thread.run_sync, partial(_all_told, lines))

            async def update() -> None:
                if kind == "peek":
                    service.update()
                else:
                    service.round += 1
                    for socket in sockets:
                        await socket.send_message(service.registry.codec.encode(service.rows()))
                await told()

            if kind == "peek":
                await told()  # the first state of every subscription
            else:
                for _ in range(size):
                    await connected.acquire()
            rate = await measure(update, size, updates)
        nursery.cancel_scope.cancel()
    return rate


def _all_told(lines: IO[str]) -> None:
    if not lines.readline():
        raise SystemExit("The devices' process ended.")


async def over_memory(size: int, updates: int) -> tuple[float, float]:
    """Measures without sockets; the devices are in this process."""
    service, told = Service(), trio.Semaphore(0)
    audience = Audience(size, told.release)
    async with trio.open_nursery() as nursery:
        await nursery.start(service.run)
        for number in range(size):
            ours, theirs = memory_stream_pair()
            nursery.start_soon(service.serve, ours)
            nursery.start_soon(audience.listen, theirs, number)
        await told.acquire()

        async def update() -> None:
            service.update()
            await told.acquire()

        rate = await measure(update, size, updates)
        nursery.cancel_scope.cancel()
    return rate


def main() -> None:
    """Runs all and prints the ratio."""
    sizes = [int(text) for text in sys.argv[1:]] or []
    sockets, memory, updates = [*sizes, *(300, 1000, 10)[len(sizes) :]]
    rates = {}
    for kind, name in ("bare", "encode and send each"), ("peek", "peek"):
        rates[kind] = trio.run(over_websockets, kind, sockets, updates)
        print(f"{sockets} websockets, {name}: {rates[kind][0]:.0f} deliveries/s, {rates[kind][1]:.0f} us CPU each")
    print(f"ratio {rates['peek'][0] / rates['bare'][0]:.2f}, by CPU {rates['bare'][1] / rates['peek'][1]:.2f}")
    per_second, cpu = trio.run(over_memory, memory, updates)
    print(f"{memory} in memory: {per_second:.0f} deliveries/s, {cpu:.0f} us CPU each, the devices' reading included")


if __name__ == "__main__":
    if sys.argv[1:2] == ["devices"]:
        trio.run(devices, int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
    else:
        main()
