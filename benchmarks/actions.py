"""Round trips per second of actions that are applied in memory, with 1 and with 64 in flight, and how many calls are done meanwhile.

    python benchmarks/actions.py [seconds per case]

Both ends are in one process, linked over memory and over a loopback websocket: an action is queued in its lane, decoded, applied and
answered. The peer in the same run is a bare call of the same size, the least that a round trip costs here.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Awaitable, Callable
from functools import partial

import attrs
import trio

from peek_trio.errors import LinkLost
from peek_trio.security import Principal, anyone
from peek_trio.transport import ActionRequest, ActionResult, Switchboard, rpc
from peek_trio.transport.wire import (
    Hello,
    MessageStream,
    accept_link,
    accept_websocket,
    connect_websocket,
    dial_link,
    memory_stream_pair,
)
from peek_trio.tuples import TupleRegistry, tuple_type


@tuple_type("benchmark.Add")
@attrs.frozen
class Add:
    """The action."""

    key: str
    amount: int


@rpc(served_by="server", name="benchmark.add")
async def add(key: str, amount: int) -> int:
    """The same as a call."""
    ...


class Pair:
    """A server that applies and a device that asks, linked."""

    def __init__(self) -> None:
        registry = TupleRegistry()
        self.server = Switchboard(Hello("server", "s"), registry, principal=Principal.for_service("server", "s"))
        self.device = Switchboard(Hello("device", "d"), registry, principal=Principal("person", "joe"))
        self.totals: dict[str, int] = {}
        self.linked = trio.Event()
        self.device.on_peers(lambda peer, connected: self.linked.set())

    async def run(self, *, task_status: trio.TaskStatus[None]) -> None:
        async with trio.open_nursery() as nursery:
            for board in (self.server, self.device):
                await nursery.start(board.run)
            scope = self.server.scope("benchmark")
            scope.handle(Add, self.apply, allow=anyone)
            scope.serve(add, self.add, allow=anyone)
            task_status.started()

    async def add(self, key: str, amount: int) -> int:
        self.totals[key] = self.totals.get(key, 0) + amount
        return self.totals[key]

    async def apply(self, request: ActionRequest) -> ActionResult:
        assert isinstance(request.action, Add)
        return ActionResult("applied", result=await self.add(request.action.key, request.action.amount))

    async def accept(self, stream: MessageStream) -> None:
        async def admit(hello: Hello) -> Principal:
            return Principal("person", "joe")

        try:
            await self.server.serve_link(await accept_link(stream, self.server.me, admit))
        except LinkLost:
            return

    async def accept_socket(self, socket: trio.SocketStream) -> None:
        async with accept_websocket(socket, allowed_origins=lambda origin: True) as stream:
            await self.accept(stream)

    async def dial(self, stream: MessageStream) -> None:
        try:
            await self.device.serve_link(await dial_link(stream, self.device.me), upstream=True)
        except LinkLost:
            return

    async def dial_socket(self, port: int) -> None:
        async with connect_websocket(f"ws://127.0.0.1:{port}/vortex") as stream:
            await self.dial(stream)


async def measure(one: Callable[[str], Awaitable[object]], in_flight: int, seconds: float) -> tuple[float, float]:
    """Round trips per second, and microseconds of CPU for each, with so many keys in flight at a time."""
    done, began, used = 0, time.perf_counter(), time.process_time()
    end = began + seconds

    async def loop(key: str) -> None:
        nonlocal done
        while time.perf_counter() < end:
            await one(key)
            done += 1

    async with trio.open_nursery() as nursery:
        for number in range(in_flight):
            nursery.start_soon(loop, f"key {number}")
    return done / (time.perf_counter() - began), (time.process_time() - used) / done * 1e6


async def compare(transport: str, seconds: float) -> None:
    """Measures actions and calls over one transport."""
    pair = Pair()
    async with trio.open_nursery() as nursery:
        await nursery.start(pair.run)
        if transport == "memory":
            ours, theirs = memory_stream_pair()
            nursery.start_soon(pair.accept, ours)
            nursery.start_soon(pair.dial, theirs)
        else:
            listeners = await nursery.start(partial(trio.serve_tcp, pair.accept_socket, 0, host="127.0.0.1"))
            nursery.start_soon(pair.dial_socket, listeners[0].socket.getsockname()[1])
        await pair.linked.wait()
        call = pair.device.caller(add)

        async def act(key: str) -> None:
            result = await pair.device.act(Add(key, 1), key=key)
            assert result.status == "applied"

        for in_flight in (1, 64):
            calls, call_cpu = await measure(lambda key: call(key, 1), in_flight, seconds)
            acts, act_cpu = await measure(act, in_flight, seconds)
            print(
                f"{transport:9s} {in_flight:3d} in flight: call {calls:6.0f}/s ({call_cpu:4.0f} us CPU)   "
                f"action {acts:6.0f}/s ({act_cpu:4.0f} us CPU)   ratio {acts / calls:.2f}, by CPU {call_cpu / act_cpu:.2f}"
            )
        nursery.cancel_scope.cancel()


def main() -> None:
    """Runs all cases."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
    for transport in ("memory", "websocket"):
        trio.run(compare, transport, seconds)


if __name__ == "__main__":
    main()
