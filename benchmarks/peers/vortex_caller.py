"""Runs in vortexpy's environment: the side that calls.

    python vortex_caller.py PORT

Commands: `{"in_flight": 64, "seconds": 0.5}`, answered with how many round trips were done in how many seconds. With
`"what": "action"` they are of actions, otherwise of calls.
"""

from __future__ import annotations

import sys
import time
from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import DeferredList, inlineCallbacks
from vortex.handler.TupleDataActionClient import TupleDataActionClient
from vortex.VortexFactory import VortexFactory
from vortex_lines import obey, say
from vortex_rpc import Add, add

_actions = TupleDataActionClient("benchServer", "benchActions")


@inlineCallbacks
def _loop(end: float, done: list[int]) -> Any:
    while time.perf_counter() < end:
        result = yield add(1, 2)
        assert result == 3
        done[0] += 1


@inlineCallbacks
def _act(end: float, done: list[int], key: int) -> Any:
    while time.perf_counter() < end:
        yield _actions.pushAction(Add(key=key, amount=1))
        done[0] += 1


def carry_out(command: dict[str, Any]) -> Any:
    """One measurement."""
    began, done = time.perf_counter(), [0]
    end, acts = began + command["seconds"], command.get("what") == "action"
    loops = DeferredList([_act(end, done, key) if acts else _loop(end, done) for key in range(command["in_flight"])])
    return loops.addCallback(lambda _: {"done": done[0], "seconds": time.perf_counter() - began})


def main() -> None:
    """Connects, and measures when it is asked to."""
    port = int(sys.argv[1])
    connected = VortexFactory.createWebsocketClient("benchCaller", "127.0.0.1", port, f"ws://127.0.0.1:{port}/vortexws")
    connected.addCallbacks(lambda _: say({}), lambda failure: reactor.stop())
    obey(carry_out)


if __name__ == "__main__":
    main()
