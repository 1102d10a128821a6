"""child: a process with readiness, output, a lifeline, and a certain end. The children here are small real programs."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import attrs
import pytest
import trio

from peek_trio.nursery.child import ChildService, ServiceDied, describe_end

READY = """
import json, os, signal, sys, time
os.write(int(os.environ["PEEK_READY_FD"]), json.dumps(
    {"event": "ready", "service": "agent", "addresses": {"admin": "http://here"}}).encode() + b"\\n")
print("hello", flush=True)
"""
WAITS = "\nsignal.pause()\n"


@attrs.define
class Watched:
    """A child program and what was heard of it."""

    program: str
    lines: list[str] = attrs.field(factory=list)
    pids: list[int] = attrs.field(factory=list)
    ends: list[int] = attrs.field(factory=list)
    heard: trio.Event = attrs.field(factory=trio.Event)
    stop_within: float = 5.0

    def child(self) -> ChildService:
        return ChildService(
            "agent",
            [sys.executable, "-c", self.program],
            on_line=self._on_line,
            on_start=self.pids.append,
            on_ready=lambda addresses, seconds: None,
            on_end=self.ends.append,
            stop_within=self.stop_within,
        )

    def _on_line(self, line: str) -> None:
        self.lines.append(line)
        self.heard.set()


def is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    state = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0]
    return state in "ZX"


async def test_a_ready_child_reports_its_addresses_and_its_lines(nursery: trio.Nursery) -> None:
    watched = Watched(READY + WAITS)
    with trio.fail_after(20):
        addresses = await nursery.start(watched.child().run)
        await watched.heard.wait()
    assert addresses == {"admin": "http://here"}
    assert watched.lines == ["hello"]
    nursery.cancel_scope.cancel()


async def test_a_cancelled_child_is_terminated() -> None:
    watched = Watched(READY + WAITS)
    with trio.fail_after(20):
        async with trio.open_nursery() as nursery:
            await nursery.start(watched.child().run)
            nursery.cancel_scope.cancel()
    assert is_gone(watched.pids[0])


async def test_a_child_that_will_not_end_is_killed() -> None:
    deaf = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    watched = Watched(deaf + READY + WAITS, stop_within=0.2)
    with trio.fail_after(20):
        async with trio.open_nursery() as nursery:
            await nursery.start(watched.child().run)
            nursery.cancel_scope.cancel()
    assert is_gone(watched.pids[0])


async def test_what_a_killed_child_leaves_behind_is_ended_too() -> None:
    parent = "import subprocess; print(subprocess.Popen(['sleep', '1000']).pid, flush=True)\n"
    watched = Watched(parent + READY + WAITS)
    with trio.fail_after(20), pytest.RaisesGroup(ServiceDied, flatten_subgroups=True):
        async with trio.open_nursery() as nursery:
            await nursery.start(watched.child().run)
            await watched.heard.wait()
            os.kill(watched.pids[0], signal.SIGKILL)
    assert is_gone(int(watched.lines[0]))


async def test_a_child_that_ends_by_itself_is_a_death_with_its_exit_code() -> None:
    watched = Watched(READY + "sys.exit(3)")
    with (
        trio.fail_after(20),
        pytest.RaisesGroup(
            pytest.RaisesExc(ServiceDied, check=lambda died: died.returncode == 3), flatten_subgroups=True
        ),
    ):
        async with trio.open_nursery() as nursery:
            await nursery.start(watched.child().run)


async def test_a_child_that_dies_before_it_is_ready_has_said_why() -> None:
    watched = Watched("import sys; sys.exit('the port is taken')")
    with trio.fail_after(20), pytest.RaisesGroup(ServiceDied, flatten_subgroups=True):
        async with trio.open_nursery() as nursery:
            await nursery.start(watched.child().run)
    assert watched.lines == ["the port is taken"]


async def test_a_child_learns_that_its_supervisor_is_gone() -> None:
    waits_for_the_end = "\nos.read(int(os.environ['PEEK_LIFELINE_FD']), 1)"
    supervisor = f"""
import sys, trio
from peek_trio.nursery.child import ChildService
child = ChildService("agent", [sys.executable, "-c", {READY + waits_for_the_end!r}],
    on_line=lambda line: None, on_start=lambda pid: print(pid, flush=True), on_ready=lambda *_: None, on_end=lambda code: None)
async def main():
    async with trio.open_nursery() as nursery:
        await nursery.start(child.run)
trio.run(main)
"""
    process = await trio.lowlevel.open_process(
        [sys.executable, "-c", supervisor], stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]
    )
    with trio.fail_after(30):
        child = os.pidfd_open(int(await process.stdout.receive_some(20)))
        process.kill()
        await process.wait()
        await process.stdout.aclose()
        await trio.lowlevel.wait_readable(child)  # a pidfd is readable once its process has ended
    os.close(child)


@pytest.mark.parametrize(
    ("returncode", "words"),
    [(2, "exit code 2"), (-9, "killed by SIGKILL"), (-63, "killed by signal 63")],
)
def test_an_end_is_described_in_words(returncode: int, words: str) -> None:
    assert describe_end(returncode) == words
