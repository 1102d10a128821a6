"""Round trips over a link, between two processes on loopback, beside a bare trio-websocket echo in the same run.

    python benchmarks/link.py [seconds per figure]

A round trip is one frame of 100 bytes there and one back. With 64 in flight a link sends whatever is ready in one message; the bare echo
sends a message for each.
"""

from __future__ import annotations

import itertools
import subprocess
import sys
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import trio
from trio_websocket import ConnectionClosed, open_websocket_url, wrap_server_stream

from peek_trio.errors import LinkError, LinkLost
from peek_trio.security import Principal
from peek_trio.transport.wire import (
    Frame,
    Hello,
    Limits,
    Link,
    accept_link,
    accept_websocket,
    connect_websocket,
    dial_link,
)

BODY = b"x" * 100


async def serve() -> None:
    """The other process: an echo behind each of two ports, which it prints."""
    async with trio.open_nursery() as nursery:
        for handler in (serve_bare, serve_link):
            listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
            print(listeners[0].socket.getsockname()[1], flush=True)
            nursery.start_soon(trio.serve_listeners, handler, listeners)


async def serve_bare(stream: trio.SocketStream) -> None:
    """An echo with trio-websocket alone."""
    async with trio.open_nursery() as nursery:
        request = await wrap_server_stream(nursery, stream, message_queue_size=64)
        websocket = await request.accept()
        try:
            while True:
                await websocket.send_message(await websocket.get_message())
        except ConnectionClosed:
            return


async def serve_link(stream: trio.SocketStream) -> None:
    """An echo of frames."""

    async def admit(hello: Hello) -> Principal:
        return Principal.for_service(hello.service, hello.id)

    try:
        async with accept_websocket(stream, allowed_origins=lambda origin: True, limits=Limits.SERVICE) as websocket:
            link = await accept_link(websocket, Hello("server", "bench"), admit)
            await link.run(lambda frame: link.send_nowait(Frame({"k": "res", "i": frame.header["i"]}, frame.body)))
    except LinkError:
        return


async def measure_bare(port: int, in_flight: int, seconds: float) -> float:
    """Round trips per second of the bare echo."""
    waiting: deque[trio.Event] = deque()
    async with open_websocket_url(f"ws://127.0.0.1:{port}/", message_queue_size=64) as websocket:

        async def receive() -> None:
            while True:
                await websocket.get_message()
                waiting.popleft().set()

        async def round_trip(number: int) -> None:
            answered = trio.Event()
            waiting.append(answered)
            await websocket.send_message(BODY)
            await answered.wait()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(receive)
            rate = await measure(round_trip, in_flight, seconds)
            nursery.cancel_scope.cancel()
    return rate


async def measure_link(port: int, in_flight: int, seconds: float) -> float:
    """Round trips per second of the link."""
    waiting: dict[int, trio.Event] = {}
    async with connected(port) as link:

        async def run() -> None:
            try:
                await link.run(lambda frame: waiting.pop(frame.header["i"]).set(), crowded=lambda: len(waiting) > 1)
            except LinkLost:
                return

        async def round_trip(number: int) -> None:
            answered = waiting[number] = trio.Event()
            link.send_nowait(Frame({"k": "call", "i": number, "m": "bench.echo"}, BODY))
            await answered.wait()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(run)
            rate = await measure(round_trip, in_flight, seconds)
            link.close()
    return rate


async def measure(round_trip: Callable[[int], Awaitable[None]], in_flight: int, seconds: float) -> float:
    """How many round trips a second `in_flight` tasks make, each one after the other."""
    numbers = itertools.count(1)
    done = 0
    end = trio.current_time() + seconds

    async def repeat() -> None:
        nonlocal done
        while trio.current_time() < end:
            await round_trip(next(numbers))
            done += 1

    async with trio.open_nursery() as nursery:
        for _ in range(in_flight):
            nursery.start_soon(repeat)
    return done / seconds


@asynccontextmanager
async def connected(port: int) -> AsyncIterator[Link]:
    """A link to the other process."""
    async with connect_websocket(f"ws://127.0.0.1:{port}/") as websocket:
        yield await dial_link(websocket, Hello("client", "bench"))


def main() -> None:
    """Runs both and prints the ratio."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
    with subprocess.Popen([sys.executable, __file__, "serve"], stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            bare_port, link_port = int(server.stdout.readline()), int(server.stdout.readline())
            for in_flight in (1, 64):
                bare = trio.run(measure_bare, bare_port, in_flight, seconds)
                link = trio.run(measure_link, link_port, in_flight, seconds)
                print(f"{in_flight:3} in flight: link {link:7.0f}/s, bare echo {bare:7.0f}/s, ratio {link / bare:5.2f}")
        finally:
            server.kill()


if __name__ == "__main__":
    if sys.argv[1:] == ["serve"]:
        trio.run(serve)
    else:
        main()
