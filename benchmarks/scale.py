"""Up to 10,000 devices on one client service: does what one device costs stay the same?

    python benchmarks/scale.py [--quick] [devices ...]

One client service, whole, and one process of devices that only count, on the same machine. At every size: how long the newest devices took
to arrive and what they cost, and how long one update of 100 tuples takes to reach all. Each device is one open file at either end:
`ulimit -n`.
"""

from __future__ import annotations

import sys

from load.report import medians, quick, table
from load.services import peek

SIZES = [100, 1000, 3000, 10_000]
UPDATES = 7


def main() -> None:
    """Measures at every size and prints how the costs compare with the first."""
    sizes = sorted(int(word) for word in sys.argv[1:] if word.isdigit()) or (SIZES[:2] if quick() else SIZES)
    rows = []
    with peek() as served:
        first = served.service.ask(do="settle")["memory"]
        for size in sizes:
            arrived = served.arrive(size - served.count)
            served.update()
            updates = medians([served.update() for _ in range(UPDATES)])
            rows.append(
                [
                    f"{size:,} devices",
                    arrived["CPU"] * 1000,
                    (arrived["resident"] - first) / size / 1024,
                    updates["seconds"],
                    updates["rate"],
                    updates["CPU"] * 1e6,
                ]
            )
    table(
        f"One client service, medians of {UPDATES} updates",
        ["an arrival, ms CPU", "memory, kB each", "update reaches all, s", "deliveries/s", "a delivery, us CPU"],
        rows,
    )


if __name__ == "__main__":
    main()
