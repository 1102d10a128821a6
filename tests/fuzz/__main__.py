"""A million wrong frames, tuples and handshakes, half of them through links into running switchboards.

    python -m tests.fuzz [COUNT] [SEED]

Prints the seed, what was refused and how, and what the process used of memory before and after. Ends with 1 when anything but a
documented error came of it, when the services no longer answer, or when memory grew.
"""

from __future__ import annotations

import gc
import secrets
import sys
import time
from collections import Counter
from functools import partial

import psutil
import trio

from tests.fuzz.mutations import Mutator
from tests.fuzz.targets import TARGETS
from tests.fuzz.world import ATTACKERS, DOCUMENTED, FRAMES, World

COUNT = 1_000_000
WARM = 0.2
"""The share after which memory is looked at first: caches and pools have filled by then."""
GROWTH = 32 * 2**20
"""Bytes that the process may grow after that."""


class Run:
    """One run and what came of it."""

    def __init__(self, count: int, seed: int) -> None:
        self._count = count
        self._mutator = Mutator(seed)
        self._memory: list[int] = []
        self.refusals: Counter[str] = Counter()
        self.faults: list[str] = []

    async def run(self) -> None:
        """Do it all, in rounds, so that everything has had its turn when memory is looked at."""
        world = World()
        async with trio.open_nursery() as nursery:
            await nursery.start(world.run)
            self._look_at_memory()
            done = 0
            while done < self._count:
                for step in (*(partial(self._through_a_link, world, who) for who in ATTACKERS), self._into_functions):
                    done += await step(max(1, min(self._count // 100, 2000)))
                if len(self._memory) == 1 and done > WARM * self._count:
                    self._look_at_memory()
            self._look_at_memory()
            if await world.honest_answer() != "res":
                self.faults.append("an honest device gets no answer any more")
            nursery.cancel_scope.cancel()
        self.faults += world.complaints
        if self._memory[-1] - self._memory[-2] > GROWTH:
            self.faults.append(f"memory grew: {self.memory}")

    @property
    def memory(self) -> str:
        """What the process used at the beginning, when it was warm, and in the end."""
        return " → ".join(f"{used / 2**20:.0f} MiB" for used in self._memory)

    async def _through_a_link(self, world: World, who: str, count: int) -> int:
        attack = await world.attack(who)
        for _ in range(count):
            message = self._mutator.message(FRAMES)
            if not await attack.send(message):
                self.refusals[f"{who}: {attack.code}"] += 1
                if attack.code not in DOCUMENTED:
                    self.faults.append(f"{who} was sent away with {attack.code} {attack.reason} for {message[:500]!r}")
                attack = await world.attack(who)
        attack.stream.cut()
        return count

    async def _into_functions(self, count: int) -> int:
        for target in TARGETS:
            for _ in range(count // 2):
                try:
                    self.refusals[f"{target.name}: {target.attack(self._mutator)}"] += 1
                except AssertionError as fault:
                    self.faults.append(f"{fault}: {fault.__cause__!r}")
            await trio.lowlevel.checkpoint()
        return count // 2 * len(TARGETS)

    def _look_at_memory(self) -> None:
        gc.collect()
        self._memory.append(psutil.Process().memory_info().rss)


def main(count: int = COUNT, seed: int | None = None) -> int:
    """Run and tell; the exit code."""
    seed = secrets.randbits(32) if seed is None else seed
    say(f"{count} wrong messages, seed {seed}")
    begun, run = time.monotonic(), Run(count, seed)
    trio.run(run.run)
    for what, times in sorted(run.refusals.items()):
        say(f"{times:>9}  {what}")
    say(f"memory {run.memory}; {time.monotonic() - begun:.0f} s")
    for fault in run.faults[:20]:
        say(f"FAULT {fault}")
    say(f"{len(run.faults)} faults")
    return 1 if run.faults else 0


def say(line: str) -> None:
    """To whoever started this."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
