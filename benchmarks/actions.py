"""Actions a second over real sockets, each with its commit and its receipt, beside vortexpy and bare SQLAlchemy in one run.

    python benchmarks/actions.py [--quick]

A device in this process asks, a server in another applies: with the ORM, with a plain statement, or outside the database
(`once=False`, written down all the same). vortexpy answers its actions from memory: it keeps nothing and has no receipts. Bare
SQLAlchemy does the same effect and the same kind of receipt in as many threads of the server's process, without a network.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import trio
import trio.testing
from load.action_kinds import Add, AddPlainly, Count
from load.processes import Other, other
from load.report import medians, quick, reach, table
from peers.environment import PEERS, vortex_python

from peek_trio.security import Principal
from peek_trio.transport import Switchboard
from peek_trio.transport.wire import Hello, connect_websocket, dial_link
from peek_trio.tuples import TupleRegistry

SERVER = Path(__file__).parent / "load" / "action_server.py"
SECONDS = 0.5 if quick() else 1.5
TURNS = 3 if quick() else 7
IN_FLIGHT = (1, 64)

KINDS: dict[str, Callable[[int, int], object]] = {
    "ORM handler": Add,
    "plain statement": AddPlainly,
    "once=False": Count,
}


async def acts(device: Switchboard, make: Callable[[int, int], object], in_flight: int) -> float:
    """Actions a second, each of an order key of its own."""
    done, began = 0, time.perf_counter()

    async def repeat(key: int) -> None:
        nonlocal done
        while time.perf_counter() < began + SECONDS:
            result = await device.act(make(key, 1), key=str(key))
            assert result.status == "applied", result
            done += 1

    async with trio.open_nursery() as nursery:
        for key in range(in_flight):
            nursery.start_soon(repeat, key)
    return done / (time.perf_counter() - began)


def asked(process: Other, **command: object) -> float:
    """What another process does a second."""
    answer = process.ask(seconds=SECONDS, **command)
    return float(answer["done"] / answer["seconds"])


async def turn(device: Switchboard, server: Other, vortex: Other | None) -> dict[str, float]:
    """Every contender once, with 1 and with 64 in flight."""
    found = {}
    for in_flight in IN_FLIGHT:
        for name, make in KINDS.items():
            found[f"{name} {in_flight}"] = await acts(device, make, in_flight)
        for name, receipt in {"bare SQLAlchemy, with a receipt": True, "bare SQLAlchemy, effect only": False}.items():
            found[f"{name} {in_flight}"] = asked(server, do="bare", in_flight=in_flight, receipt=receipt)
        if vortex is not None:
            found[f"vortexpy 6.2.2 {in_flight}"] = asked(vortex, what="action", in_flight=in_flight)
    return found


async def compare(port: int, server: Other, vortex: Other | None) -> dict[str, float]:
    """The medians of all turns."""
    me = Hello("device", "device")
    device = Switchboard(me, TupleRegistry(), principal=Principal("person", "joe"))
    async with trio.open_nursery() as nursery, connect_websocket(f"ws://127.0.0.1:{port}/vortex") as stream:
        await nursery.start(device.run)
        nursery.start_soon(partial(device.serve_link, await dial_link(stream, me), upstream=True))
        await trio.testing.wait_all_tasks_blocked()
        await turn(device, server, vortex)  # to warm up
        found = medians([await turn(device, server, vortex) for _ in range(TURNS)])
        nursery.cancel_scope.cancel()
    return found


@contextmanager
def vortexpy() -> Iterator[Other | None]:
    """vortexpy's side that asks, linked to a server of its own; None where it cannot be had."""
    with ExitStack() as stack:
        if (python := vortex_python()) is None:
            yield None
            return
        port = stack.enter_context(other(PEERS / "vortex_server.py", python=python)).hear()["port"]
        caller = stack.enter_context(other(PEERS / "vortex_caller.py", str(port), python=python))
        caller.hear()
        yield caller


def tell(found: dict[str, float]) -> None:
    """Prints the table, and what is to be reached."""
    names = dict.fromkeys(name.rpartition(" ")[0] for name in found)
    table(
        f"actions a second with commit and receipt, medians of {TURNS}, by how many are in flight",
        [str(number) for number in IN_FLIGHT],
        [(name, *(found[f"{name} {number}"] for number in IN_FLIGHT)) for name in names],
    )
    for in_flight in IN_FLIGHT:
        ours = found[f"ORM handler {in_flight}"]
        if (theirs := found.get(f"vortexpy 6.2.2 {in_flight}")) is not None:
            reach(f"ORM handler with {in_flight} in flight, times vortexpy", ours / theirs, at_least=2)
        bare = found[f"bare SQLAlchemy, with a receipt {in_flight}"]
        reach(f"ORM handler with {in_flight} in flight, of bare SQLAlchemy", ours / bare, at_least=0.8)
    reach("plain statements with 64 in flight, a second", found["plain statement 64"], at_least=1500)


def main() -> None:
    """Starts the other processes and compares."""
    with other(SERVER) as server, vortexpy() as vortex:
        tell(trio.run(compare, server.hear()["port"], server, vortex))


if __name__ == "__main__":
    main()
