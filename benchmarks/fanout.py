"""One update of 100 tuples to 1000 devices: deliveries a second, and what each costs the service in CPU time.

    python benchmarks/fanout.py [--quick]

Peek's devices hang on a whole client service: front door, websocket, relay, and a server above it. Beside it in the same run, turn by turn:
a loop of `socket.send` of as many bytes, which is the limit, and vortexpy. All have the same receivers, in a process of their own, that
only count bytes. Both processes share the machine, so deliveries a second depend on the receivers too; CPU time does not.
"""

from __future__ import annotations

from contextlib import ExitStack

from load.report import medians, quick, reach, table
from load.services import Served, bare, peek, vortex
from peers.environment import vortex_python

MICRO = 1e6


def main() -> None:
    """Measures in turns and prints the ratios."""
    devices, turns = (200, 5) if quick() else (1000, 15)
    python = vortex_python()
    with ExitStack() as stack:
        limit, ours = stack.enter_context(bare()), stack.enter_context(peek())
        all_served = [limit, ours]
        if python is not None:
            all_served.append(stack.enter_context(vortex(python)))
        for served in all_served:
            served.arrive(devices)
            if served is not limit:
                served.update()
        size = round(ours.update()["bytes"])
        figures: dict[str, list[dict[str, float]]] = {served.name: [] for served in all_served}
        for _ in range(turns):
            for served in all_served:
                figures[served.name].append(_turn(served, size if served is limit else None))
    typical = {name: medians(figures[name]) for name in figures}
    rate, cpu = typical[ours.name]["rate"], typical[ours.name]["CPU"]
    table(
        f"One update of 100 tuples to {devices} devices, medians of {turns} turns",
        ["deliveries/s", "Peek's to it", "CPU of the service, us each", "Peek's to it", "bytes"],
        [
            [name, each["rate"], rate / each["rate"], each["CPU"] * MICRO, cpu / each["CPU"], each["bytes"]]
            for name, each in typical.items()
        ],
    )
    reach("CPU of a delivery, us", cpu * MICRO, at_most=20)
    reach("CPU of a delivery to the loop's", cpu / typical[limit.name]["CPU"], at_most=1.5)
    if python is not None:
        peer = typical[all_served[-1].name]
        reach("vortexpy's CPU of a delivery to ours", peer["CPU"] / cpu, at_least=6)
        reach("deliveries/s to vortexpy's", rate / peer["rate"], at_least=5)


def _turn(served: Served, size: int | None) -> dict[str, float]:
    return served.update() if size is None else served.update(size=size)


if __name__ == "__main__":
    main()
