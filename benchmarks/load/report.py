"""What a benchmark prints: medians of turns, in a table, with a word on the machine."""

from __future__ import annotations

import os
import statistics
import sys
from collections.abc import Iterable, Mapping, Sequence

__all__ = ["medians", "quick", "reach", "table"]

Turn = Mapping[str, float]


def quick() -> bool:
    """Whether seconds matter more than figures: `--quick`."""
    return "--quick" in sys.argv[1:]


def medians(turns: Sequence[Turn]) -> dict[str, float]:
    """The median of each figure over all turns."""
    return {name: statistics.median(turn[name] for turn in turns) for name in turns[0]}


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Prints rows under their columns; the first column to the left, figures to the right."""
    lines = [["", *columns], *([_text(cell) for cell in row] for row in rows)]
    widths = [max(len(line[place]) for line in lines) for place in range(len(columns) + 1)]
    print(f"\n{title}  [{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}]")
    for line in lines:
        cells = [
            line[0].ljust(widths[0]),
            *(cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True)),
        ]
        print("  " + "   ".join(cells).rstrip())
    sys.stdout.flush()


def reach(what: str, figure: float, *, at_least: float | None = None, at_most: float | None = None) -> None:
    """Prints a figure beside what it is meant to reach."""
    bound = at_least if at_most is None else at_most
    assert bound is not None
    reached = figure >= bound if at_most is None else figure <= bound
    wanted = f"{'at least' if at_most is None else 'at most'} {bound:g}"
    print(f"  {'reached' if reached else 'MISSED '}   {what}: {_text(float(figure))} ({wanted})", flush=True)


def _text(cell: object) -> str:
    if not isinstance(cell, float):
        return str(cell)
    if cell >= 100:
        return f"{cell:,.0f}"
    return f"{cell:.1f}" if cell >= 10 else f"{cell:.2f}"
