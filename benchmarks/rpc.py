"""Typed calls between two processes, with 1 and with 64 in flight: how many a second, and what a round trip costs both in CPU time.

    python benchmarks/rpc.py [--quick]

A call is encoded by its contract, carries a deadline, runs in a scope of its own at the callee, and its result is decoded. Beside it, turn
by turn in one run: vortexpy's calls, and an echo of 100 bytes with trio-websocket alone, which does nothing but send and receive. Who
needs little CPU waits the longest for a turn when others use the machine as well: then CPU tells more than calls a second.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

import trio
import trio.testing
from load.callee import add
from load.processes import Other, other
from load.report import medians, quick, reach, table
from peers.environment import PEERS, vortex_python
from trio_websocket import WebSocketConnection, open_websocket_url

from peek_trio.security import Principal
from peek_trio.transport import Switchboard
from peek_trio.transport.wire import Hello, connect_websocket, dial_link
from peek_trio.tuples import TupleRegistry

CALLEE = Path(__file__).parent / "load" / "callee.py"
IN_FLIGHT = (1, 64)
SECONDS = 0.1 if quick() else 0.3
TURNS = 5 if quick() else 15
QUEUE = 64
ECHO = b"x" * 100

PEEK, LIMIT, VORTEX = "a call", "a bare trio-websocket echo", "vortexpy 6.2.2"

Measure = Callable[[int], Awaitable[dict[str, float]]]
"""One turn with so many in flight: round trips a second (`rate`), and the CPU seconds of both ends for each (`CPU`)."""


async def calls(call: Callable[[], Awaitable[object]], in_flight: int) -> int:
    """How many round trips of `call` are done in a turn, with so many of them at a time."""
    done, end = 0, time.perf_counter() + SECONDS

    async def repeat() -> None:
        nonlocal done
        while time.perf_counter() < end:
            await call()
            done += 1

    async with trio.open_nursery() as nursery:
        for _ in range(in_flight):
            nursery.start_soon(repeat)
    return done


async def echoes(socket: WebSocketConnection, in_flight: int) -> int:
    """How many round trips the echo does in a turn; answers come in order, so one reader counts them."""
    done, end = 0, time.perf_counter() + SECONDS
    room = trio.Semaphore(in_flight)

    async def read() -> None:
        nonlocal done
        while True:
            await socket.get_message()
            done += 1
            room.release()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(read)
        while time.perf_counter() < end:
            await room.acquire()
            await socket.send_message(ECHO)
        for _ in range(in_flight):
            await room.acquire()
        nursery.cancel_scope.cancel()
    return done


async def here(callee: Other, work: Callable[[int], Awaitable[int]], in_flight: int) -> dict[str, float]:
    """A turn of something that this process does with the callee."""
    used = callee.ask()["cpu"] + time.process_time()
    began = time.perf_counter()
    done = await work(in_flight)
    seconds = time.perf_counter() - began
    used = callee.ask()["cpu"] + time.process_time() - used
    return {"rate": done / seconds, "CPU": used / done}


async def there(caller: Other, server: Other, in_flight: int) -> dict[str, float]:
    """A turn of vortexpy's two processes."""
    used = caller.ask(in_flight=1, seconds=0)["cpu"] + server.ask(do="say")["cpu"]
    answer = await trio.to_thread.run_sync(partial(caller.ask, in_flight=in_flight, seconds=SECONDS))
    used = answer["cpu"] + server.ask(do="say")["cpu"] - used
    return {"rate": answer["done"] / answer["seconds"], "CPU": used / answer["done"]}


async def contenders(stack: AsyncExitStack, nursery: trio.Nursery) -> dict[str, Measure]:
    """All of them, connected."""
    callee = stack.enter_context(other(CALLEE))
    ports = callee.hear()
    board = Switchboard(Hello("client", "client"), TupleRegistry(), principal=Principal.for_service("client", "client"))
    await nursery.start(board.run)
    stream = await stack.enter_async_context(connect_websocket(f"ws://127.0.0.1:{ports['port']}/vortex"))
    nursery.start_soon(partial(board.serve_link, await dial_link(stream, board.me), upstream=True))
    await trio.testing.wait_all_tasks_blocked()
    socket = await stack.enter_async_context(
        open_websocket_url(f"ws://127.0.0.1:{ports['echo']}/", message_queue_size=QUEUE)
    )
    found: dict[str, Measure] = {
        PEEK: partial(here, callee, partial(calls, partial(board.caller(add), 1, 2))),
        LIMIT: partial(here, callee, partial(echoes, socket)),
    }
    if (python := vortex_python()) is not None:
        server = stack.enter_context(other(PEERS / "vortex_server.py", python=python))
        caller = stack.enter_context(other(PEERS / "vortex_caller.py", str(server.hear()["port"]), python=python))
        caller.hear()
        found[VORTEX] = partial(there, caller, server)
    return found


async def compare() -> None:
    """Measures in turns and prints the ratios."""
    async with trio.open_nursery() as nursery, AsyncExitStack() as stack:
        found = await contenders(stack, nursery)
        for in_flight in IN_FLIGHT:
            figures: dict[str, list[dict[str, float]]] = {name: [] for name in found}
            for _ in range(TURNS):
                for name, measure in found.items():
                    figures[name].append(await measure(in_flight))
            show(in_flight, {name: medians(turns) for name, turns in figures.items()})
        nursery.cancel_scope.cancel()


def show(in_flight: int, typical: dict[str, dict[str, float]]) -> None:
    """The figures with so many in flight, and what they reach."""
    ours = typical[PEEK]
    table(
        f"Round trips, {in_flight} in flight, medians of {TURNS} turns",
        ["a second", "a call's to it", "CPU of both ends, us each", "a call's to it"],
        [
            [name, each["rate"], ours["rate"] / each["rate"], each["CPU"] * 1e6, ours["CPU"] / each["CPU"]]
            for name, each in typical.items()
        ],
    )
    if VORTEX in typical:
        peer, at_least = typical[VORTEX], 6 if in_flight == 1 else 25
        reach("calls a second to vortexpy's", ours["rate"] / peer["rate"], at_least=at_least)
        reach("vortexpy's CPU for a call to ours", peer["CPU"] / ours["CPU"], at_least=at_least)
    if in_flight == 1:
        reach("calls a second to the echo's", ours["rate"] / typical[LIMIT]["rate"], at_least=0.8)


if __name__ == "__main__":
    trio.run(compare)
