"""1000 devices connect and subscribe: how long it takes, and what each costs the service in CPU time and in memory.

    python benchmarks/arrival.py [--quick]

At most 100 are on their way at a time. A device dials, upgrades, says hello, subscribes and has its first 100 tuples. Every turn begins
with a new process, on a client service as it is in production, and on vortexpy's server. Memory is what the process has grown by, after its
garbage was collected.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial

from load.report import medians, quick, reach, table
from load.services import Served, peek, vortex
from peers.environment import vortex_python


def main() -> None:
    """Measures in turns and prints the ratios."""
    devices, turns = (100, 3) if quick() else (1000, 5)
    starts: dict[str, Callable[[], AbstractContextManager[Served]]] = {"peek": peek}
    python = vortex_python()
    if python is not None:
        starts["vortexpy 6.2.2"] = partial(vortex, python)
    figures: dict[str, list[dict[str, float]]] = {name: [] for name in starts}
    for _ in range(turns):
        for name, start in starts.items():
            with start() as served:
                served.arrive(1)
                figures[name].append(served.arrive(devices))
    typical = {name: medians(figures[name]) for name in figures}
    ours = typical["peek"]
    table(
        f"{devices} devices connect and subscribe, medians of {turns} turns",
        [
            "seconds",
            "Peek's to it",
            "CPU, ms each",
            "Peek's to it",
            "memory, kB each",
            "process, MB",
            "bytes in",
            "out",
        ],
        [
            [
                name,
                each["seconds"],
                ours["seconds"] / each["seconds"],
                each["CPU"] * 1000,
                ours["CPU"] / each["CPU"],
                each["memory"] / 1024,
                each["resident"] / 2**20,
                each["sent"],
                each["received"],
            ]
            for name, each in typical.items()
        ],
    )
    reach("seconds", ours["seconds"], at_most=2)
    reach("kB for each device", ours["memory"] / 1024, at_most=40)


if __name__ == "__main__":
    main()
