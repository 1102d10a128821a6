"""Round trips per second of a typed call between two processes, beside a bare trio-websocket echo of 100 bytes in the same run.

    python benchmarks/rpc.py [seconds per case]

The echo does nothing but send and receive. A call is encoded by its contract, carries a deadline, runs in a scope of its own at the
callee, and its result is decoded. Both are measured in turns, and medians are told, because a machine that does other things as well
is not the same from one second to the next. Target: at least 3 times the echo with 64 in flight, 0.8 times with one.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from functools import partial

import psutil
import trio
import trio.testing
from trio_websocket import ConnectionClosed, WebSocketRequest, open_websocket_url, serve_websocket

from peek_trio.errors import LinkLost
from peek_trio.security import Principal
from peek_trio.transport import Switchboard, rpc
from peek_trio.transport.wire import Hello, accept_link, accept_websocket, connect_websocket, dial_link
from peek_trio.tuples import TupleRegistry

ECHO = b"x" * 100
TURNS = 10


@rpc(served_by="server", name="benchmark.add")
async def add(a: int, b: int) -> int:
    """The sum."""
    ...


async def serve() -> None:
    """The other process: an echo on one port and a switchboard on another, both printed."""
    me = Hello("server", "server")
    board = Switchboard(me, TupleRegistry(), principal=Principal.for_service("server", "server"))

    async def echo(request: WebSocketRequest) -> None:
        socket = await request.accept()
        try:
            while True:
                await socket.send_message(await socket.get_message())
        except ConnectionClosed:
            return

    async def admit(hello: Hello) -> Principal:
        return Principal.for_service(hello.service, hello.id)

    async def link(stream: trio.SocketStream) -> None:
        try:
            async with accept_websocket(stream, allowed_origins=lambda origin: True) as socket:
                await board.serve_link(await accept_link(socket, me, admit))
        except LinkLost:
            return

    async def add_here(a: int, b: int) -> int:
        return a + b

    async with trio.open_nursery() as nursery:
        await nursery.start(board.run)
        board.scope("benchmark").serve(add, add_here)
        echo_server = await nursery.start(partial(serve_websocket, echo, "127.0.0.1", 0, None, message_queue_size=64))
        listeners = await nursery.start(partial(trio.serve_tcp, link, 0, host="127.0.0.1"))
        print(echo_server.port, listeners[0].socket.getsockname()[1], flush=True)
        await trio.to_thread.run_sync(sys.stdin.read)
        nursery.cancel_scope.cancel()


async def measure(one: Callable[[], Awaitable[object]], in_flight: int, seconds: float) -> int:
    """How many round trips of `one` are done in `seconds`, with so many of it at a time."""
    done, end = 0, time.perf_counter() + seconds

    async def loop() -> None:
        nonlocal done
        while time.perf_counter() < end:
            await one()
            done += 1

    async with trio.open_nursery() as nursery:
        for _ in range(in_flight):
            nursery.start_soon(loop)
    return done


async def measure_echo(port: int, in_flight: int, seconds: float) -> int:
    """How many round trips the bare echo does in `seconds`; answers come in order, so one reader counts them."""
    done, end = 0, time.perf_counter() + seconds
    async with open_websocket_url(f"ws://127.0.0.1:{port}/", message_queue_size=64) as socket:
        under_way = trio.Semaphore(in_flight)

        async def read() -> None:
            nonlocal done
            while True:
                await socket.get_message()
                done += 1
                under_way.release()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(read)
            while time.perf_counter() < end:
                await under_way.acquire()
                await socket.send_message(ECHO)
            nursery.cancel_scope.cancel()
    return done


class Rate:
    """Counts what a block does, per second and in CPU time of both processes."""

    def __init__(self, other: int) -> None:
        self._processes = psutil.Process(), psutil.Process(other)
        self._began, self._used = time.perf_counter(), self._cpu()

    def _cpu(self) -> float:
        return sum(process.cpu_times().user + process.cpu_times().system for process in self._processes)

    def of(self, done: int) -> tuple[float, float]:
        """Round trips per second, and microseconds of CPU for each."""
        return done / (time.perf_counter() - self._began), (self._cpu() - self._used) / done * 1e6


async def compare(echo_port: int, port: int, seconds: float, other: int) -> None:
    """Measures both and prints the ratios."""
    me = Hello("client", "client")
    board = Switchboard(me, TupleRegistry(), principal=Principal.for_service("client", "client"))
    async with trio.open_nursery() as nursery, connect_websocket(f"ws://127.0.0.1:{port}/vortex") as stream:
        await nursery.start(board.run)
        nursery.start_soon(partial(board.serve_link, await dial_link(stream, me), upstream=True))
        await trio.testing.wait_all_tasks_blocked()
        call = board.caller(add)
        for in_flight in (1, 64):
            turns = []
            for _ in range(TURNS):
                rate = Rate(other)
                turn = rate.of(await measure_echo(echo_port, in_flight, seconds / TURNS))
                rate = Rate(other)
                turns.append(turn + rate.of(await measure(partial(call, 1, 2), in_flight, seconds / TURNS)))
            echoes, echo_cpu, calls, call_cpu = map(statistics.median, zip(*turns, strict=True))
            print(
                f"{in_flight:3d} in flight: echo {echoes:6.0f}/s ({echo_cpu:4.0f} us CPU)   "
                f"call {calls:6.0f}/s ({call_cpu:4.0f} us CPU)   ratio {calls / echoes:.2f}, by CPU {echo_cpu / call_cpu:.2f}"
            )
        nursery.cancel_scope.cancel()


def main() -> None:
    """Starts the other process and compares."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 2.0
    with subprocess.Popen(
        [sys.executable, __file__, "serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        echo_port, port = map(int, other.stdout.readline().split())
        try:
            trio.run(compare, echo_port, port, seconds, other.pid)
        finally:
            assert other.stdin is not None
            other.stdin.close()


if __name__ == "__main__":
    if sys.argv[1:] == ["serve"]:
        trio.run(serve)
    else:
        main()
