"""Up to 10,000 devices on one client service: does what one device costs stay the same?

    python benchmarks/scale.py [--quick] [devices ...]

One client service, whole, and one process of devices that only count, on the same machine. At every size: how long the newest devices took
to arrive and what they cost, and how long one update of 100 tuples takes to reach all. Each device is one open file at either end:
`ulimit -n`.
"""

from __future__ import annotations

import sys

from load.report import medians, quick, reach, table
from load.services import Served, peek

SIZES = [100, 1000, 3000, 10_000]
UPDATES = 7


def main() -> None:
    """Measures at every size and prints how the costs compare with the first."""
    sizes = sorted(int(word) for word in sys.argv[1:] if word.isdigit()) or (SIZES[:2] if quick() else SIZES)
    with peek() as served:
        empty = served.service.ask(do="settle")["memory"]
        figures = {size: _at(size, served, empty) for size in sizes}
    table(
        f"One client service, medians of {UPDATES} updates",
        ["an arrival, ms CPU", "memory, kB each", "update reaches all, s", "deliveries/s", "a delivery, us CPU"],
        [
            [
                f"{size:,} devices",
                each["arrival"] * 1000,
                each["memory"] / 1024,
                each["seconds"],
                each["rate"],
                each["CPU"] * 1e6,
            ]
            for size, each in figures.items()
        ],
    )
    fewest, most = figures[sizes[0]], figures[sizes[-1]]
    reach("seconds until an update has reached all", most["seconds"], at_most=2)
    reach("CPU of a delivery among the most devices to one among the fewest", most["CPU"] / fewest["CPU"], at_most=1.2)


def _at(size: int, served: Served, empty: float) -> dict[str, float]:
    """So many devices; `empty` is the memory of the service without any."""
    arrived = served.arrive(size - served.count)
    served.update()
    updates = medians([served.update() for _ in range(UPDATES)])
    return {**updates, "arrival": arrived["CPU"], "memory": (arrived["resident"] - empty) / size}


if __name__ == "__main__":
    main()
