"""1000 websockets are accepted, left alone, and sent a message of 1200 bytes: our accepting end beside trio-websocket in one run.

    python benchmarks/websockets.py [--quick]

Nothing but websockets: no front door, no hello, no link. Every turn begins with new processes. Memory is what the process has grown by,
after its garbage was collected.
"""

from __future__ import annotations

from load.report import medians, quick, table
from load.services import websockets

PEEK, PEER = "peek", "trio-websocket"
SIZE = 1200


def main() -> None:
    """Measures in turns and prints the ratios."""
    devices, turns = (200, 3) if quick() else (1000, 7)
    figures: dict[str, list[dict[str, float]]] = {PEEK: [], PEER: []}
    for _ in range(turns):
        for handler, found in figures.items():
            with websockets(handler) as served:
                served.arrive(1)
                arrived = served.arrive(devices)
                sent = medians([served.update(size=SIZE) for _ in range(5)])
                found.append({**arrived, "message": sent["CPU"]})
    typical = {name: medians(turns) for name, turns in figures.items()}
    ours = typical[PEEK]
    table(
        f"{devices} websockets are accepted, medians of {turns} turns",
        [
            "seconds",
            "CPU, ms each",
            "Peek's to it",
            "memory, kB each",
            "Peek's to it",
            "a message, us CPU",
            "Peek's to it",
        ],
        [
            [
                name,
                each["seconds"],
                each["CPU"] * 1000,
                ours["CPU"] / each["CPU"],
                each["memory"] / 1024,
                ours["memory"] / each["memory"],
                each["message"] * 1e6,
                ours["message"] / each["message"],
            ]
            for name, each in typical.items()
        ],
    )


if __name__ == "__main__":
    main()
