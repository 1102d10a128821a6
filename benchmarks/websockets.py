"""1000 websockets that are accepted and then idle: what our accepting end costs, beside trio-websocket in the same run.

    python benchmarks/websockets.py [--quick]

Nothing but websockets: no front door, no hello, no link. Every turn begins with new processes. Memory is what the process has grown by,
after its garbage was collected.
"""

from __future__ import annotations

from load.report import medians, quick, reach, table
from load.services import websockets

PEEK, PEER = "peek", "trio-websocket"


def main() -> None:
    """Measures in turns and prints the ratios."""
    devices, turns = (200, 3) if quick() else (1000, 7)
    figures: dict[str, list[dict[str, float]]] = {PEEK: [], PEER: []}
    for _ in range(turns):
        for handler, found in figures.items():
            with websockets(handler) as served:
                served.arrive(1)
                found.append(served.arrive(devices))
    typical = {name: medians(turns) for name, turns in figures.items()}
    ours = typical[PEEK]
    table(
        f"{devices} websockets are accepted, medians of {turns} turns",
        ["seconds", "Peek's to it", "CPU, ms each", "Peek's to it", "memory, kB each", "Peek's to it"],
        [
            [
                name,
                each["seconds"],
                ours["seconds"] / each["seconds"],
                each["CPU"] * 1000,
                ours["CPU"] / each["CPU"],
                each["memory"] / 1024,
                ours["memory"] / each["memory"],
            ]
            for name, each in typical.items()
        ],
    )
    for name, each in typical.items():
        reach(f"{name}: kB of a whole device", each["memory"] / 1024, at_most=40)


if __name__ == "__main__":
    main()
