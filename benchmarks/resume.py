"""1000 devices come back after the client service was restarted, and nothing has changed meanwhile: what travels?

    python benchmarks/resume.py [--quick]

Every device watches 10 selectors of 100 tuples each. It says what it has of each, and is told that this is still the state. Bytes are
those on the sockets, websocket framing included; the hello, which is for all selectors together, is told apart. vortexpy sends everything
again.
"""

from __future__ import annotations

from load.report import quick, reach, table
from load.services import peek, vortex
from peers.environment import vortex_python

SELECTORS = 10


def main() -> None:
    """Measures both and prints the bytes."""
    devices = 100 if quick() else 1000
    with peek(selectors=SELECTORS) as served, peek(selectors=0) as greeting:
        first = served.arrive(devices)
        hello = greeting.arrive(devices)
        with peek() as again:
            served.move(again)
            back = served.arrive(devices)
            served.devices.ask(do="leave")
    rows = [
        ["Peek, the first time", *_each(first, hello)],
        ["Peek, back after a restart", *_each(back, hello)],
        ["Peek, the hello of a device", hello["sent"], hello["received"], hello["sent"] + hello["received"]],
    ]
    python = vortex_python()
    if python is not None:
        with vortex(python) as peer:
            told = peer.arrive(devices // 10)
            rows.append(["vortexpy, always", told["sent"], told["received"], told["sent"] + told["received"]])
    table(f"{devices} devices with {SELECTORS} selectors each: bytes for each selector", ["up", "down", "both"], rows)
    reach("bytes that are sent back for a selector", _each(back, hello)[1], at_most=200)


def _each(arrived: dict[str, float], hello: dict[str, float]) -> list[float]:
    up = (arrived["sent"] - hello["sent"]) / SELECTORS
    down = (arrived["received"] - hello["received"]) / SELECTORS
    return [up, down, up + down]


if __name__ == "__main__":
    main()
