"""A server, client services and devices on links that carry one frame at a time, when the test says so, and break when it says so.

The services are real switchboards. A device is written from `docs/protocol.md` alone, and trusts nothing: whatever it is told must follow
from what it has.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from datetime import datetime
from typing import Any
from zlib import decompress

import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from peek_trio.errors import LinkLost
from peek_trio.security import Principal, signed_in
from peek_trio.transport import Scope, Switchboard
from peek_trio.transport.observables.snapshot import Snapshot, includes
from peek_trio.transport.wire import Frame, Hello, Peer, pack, unpack
from peek_trio.tuples import TupleRegistry, TupleSelector, digest
from tests.transport.network import JOE, Reading

SELECTOR = TupleSelector("test.Reading", {"meter": "a"})


class End:
    """One end of a link: what `wire.Link` is to a switchboard, without a stream."""

    def __init__(self, peer: Peer) -> None:
        self.peer = peer
        self.other: End
        self.queue: deque[Frame] = deque()
        self.slots: dict[Hashable, Frame] = {}
        self.take: Callable[[Frame], None] = lambda frame: None
        self.over = trio.Event()

    async def run(self, take: Callable[[Frame], None], *, crowded: Callable[[], bool] = lambda: False) -> None:
        self.take = take
        await self.over.wait()
        raise LinkLost("It broke.")

    async def send(self, frame: Frame) -> None:
        self.send_nowait(frame)

    def send_nowait(self, frame: Frame) -> None:
        if self.over.is_set():
            raise LinkLost("It broke.")
        self.queue.append(frame)

    def post(self, slot: Hashable, frame: Frame) -> bool:
        if self.over.is_set():
            return False
        self.slots[slot] = frame
        return True

    def waiting(self, slot: Hashable) -> bool:
        return slot in self.slots

    def withdraw(self, slot: Hashable) -> None:
        self.slots.pop(slot, None)

    def close(self, code: int = 1000, reason: str = "") -> None:
        self.over.set()
        self.other.over.set()

    def cross(self) -> bool:
        """One frame reaches the other end; False when none waits."""
        if self.over.is_set() or not (self.queue or self.slots):
            return False
        frame = self.queue.popleft() if self.queue else self.slots.pop(next(iter(self.slots)))
        (frame,) = unpack(pack([frame]))
        self.other.take(frame)
        return True


def link_of(upper: Peer, lower: Peer) -> tuple[End, End]:
    """The two ends of a link; each has the other's peer."""
    up, down = End(lower), End(upper)
    up.other, down.other = down, up
    return up, down


class Rows:
    """What a device has: rows as they were encoded, in order, and the name of the state that they are."""

    def __init__(self, kind: str, rows: list[Any], epoch: str, revision: int, mark: str) -> None:
        self.kind, self.rows, self.epoch, self.revision, self.digest = kind, rows, epoch, revision, mark

    def check(self) -> None:
        text = json.dumps({"t": self.kind, "rows": self.rows}, separators=(",", ":"))
        assert digest(text.encode()) == self.digest, "the rows are not those that the digest names"


class SteppedDevice:
    """Watches the selector. `gaps` is how many changes it was neither told of nor told that it missed, in its present subscription."""

    def __init__(self) -> None:
        self.known: Rows | None = None
        self.stale = ""
        self.error = ""
        self.end: End | None = None
        self.number = 0
        self.gaps = 0
        self.fresh = False  # whether anything came in the present subscription
        self.seen = ""  # the snapshot that its rows were read in
        self.awaited: set[int] = set()  # transactions of its own that it has not seen yet

    def linked(self, end: End) -> None:
        """There is a link: subscribes with what is known."""
        self.end = end
        end.take = self.take
        self.subscribe()

    def subscribe(self) -> None:
        assert self.end is not None
        self.number += 1
        self.fresh, self.error = False, ""
        header: dict[str, Any] = {"k": "sub", "i": self.number, "t": SELECTOR.type, "s": dict(SELECTOR.selector)}
        if self.known is not None:
            header["have"] = [self.known.epoch, self.known.digest]
        self.end.send_nowait(Frame(header))

    def unsubscribe(self) -> None:
        assert self.end is not None
        self.end.send_nowait(Frame({"k": "unsub", "i": self.number}))
        self.number += 1

    def take(self, frame: Frame) -> None:
        header = frame.header
        if header["i"] != self.number:
            return
        if header["k"] == "err":
            self.error = header["e"]["message"]
            return
        before, skipped = self.known, header.get("skip", 0)
        self.known = self.read(frame, header)
        self.known.check()
        if before is not None and self.fresh and before.epoch == self.known.epoch:
            missed = self.known.revision - before.revision - bool(self.known.revision != before.revision)
            assert skipped <= missed
            self.gaps += missed - skipped
        datetime.fromisoformat(header["at"])
        first, self.seen = not self.fresh, header["seen"]
        self.fresh, self.stale = True, header.get("stale", {}).get("reason", "")
        self.awaited = {tx for tx in self.awaited if not includes(self.seen, tx)}
        if first:
            for tx in sorted(self.awaited):
                self.ask(tx)

    def wrote(self, tx: int) -> None:
        """A transaction of its own is committed: it wants to see it."""
        if includes(self.seen, tx):
            return
        self.awaited.add(tx)
        if self.fresh and self.end is not None:
            self.ask(tx)

    def ask(self, tx: int) -> None:
        assert self.end is not None
        self.end.send_nowait(Frame({"k": "see", "i": self.number, "tx": str(tx)}))

    def read(self, frame: Frame, header: dict[str, Any]) -> Rows:
        version = header["epoch"], header["rev"], header["dig"]
        match header["k"]:
            case "state":
                payload = json.loads(decompress(frame.body) if header.get("z") else frame.body)
                assert "parts" not in header, "a device never asked for both"
                return Rows(payload["t"], payload["rows"], *version)
            case "same":
                assert self.known is not None
                assert self.known.digest == header["dig"], "a `same` for what this device does not have"
                return Rows(self.known.kind, self.known.rows, *version)
            case "delta":
                assert self.known is not None
                assert self.known.digest == header["base"], "a `delta` for what this device does not have"
                rows, start = list(self.known.rows), 0
                for size, compressed in header["parts"]:
                    part = frame.body[start : start + size]
                    start += size
                    change = json.loads(decompress(part) if compressed else part)
                    assert change["t"] == self.known.kind
                    for position in reversed(change["gone"]):
                        del rows[position]
                    for position, row in change["rows"]:
                        rows.insert(position, row)
                assert start == len(frame.body)
                return Rows(self.known.kind, rows, *version)
        raise AssertionError(f"a {header['k']} answers no subscription")


class World:
    """One server, `clients` client services and one device on each of them, and one device on the server itself.

    Links are numbered: first those of the client services, then those of the devices in the same order, the server's own device last.
    Call everything from within `nursery`'s run, on a MockClock that does not jump by itself.
    """

    def __init__(self, nursery: trio.Nursery, clock: MockClock, clients: int = 2) -> None:
        self._nursery, self._clock = nursery, clock
        self.rows: list[Reading] = [Reading(f"meter {number}", number) for number in range(12)]
        self.clients = clients
        self.boards: list[Switchboard] = []  # the server first
        self.lives: list[trio.CancelScope] = []
        self.scope: Scope | None = None
        self.devices = [SteppedDevice() for _ in range(clients + 1)]
        self.links: list[tuple[End, End] | None] = [None] * (2 * clients + 1)
        self.past = [self.rows]
        self.next_tx = 100
        self.running: dict[int, int] = {}  # transactions that are not committed yet, and whose they are
        self.crossed = 0
        self.undisturbed = True  # whether no service ever lost its server, or the server its plugin

    async def start(self) -> None:
        for place in range(self.clients + 1):
            self.boards.append(await self._board(place))
        await self.start_plugin()
        for number in range(len(self.links)):
            await self.link(number)
        await self.settle()

    async def _board(self, place: int) -> Switchboard:
        registry = TupleRegistry()
        registry.add(Reading, owner="test")
        me = Hello("client", f"client-{place}") if place else Hello("server", "server-1")
        board = Switchboard(me, registry, principal=Principal.for_service(me.service, me.id))
        life = trio.CancelScope()
        self.lives[place : place + 1] = [life]

        async def run(task_status: trio.TaskStatus[None]) -> None:
            with life:
                await board.run(task_status=task_status)

        await self._nursery.start(run)
        return board

    # What happens

    async def change(self, rows: Sequence[Reading]) -> None:
        """The rows are others, and the plugin says so."""
        self.past.append(self.rows)
        self.rows = list(rows)
        self.boards[0].notify(SELECTOR)
        await wait_all_tasks_blocked()

    async def begin(self, device: int) -> None:
        """A transaction of a device begins."""
        self.running[self.next_tx] = device
        self.next_tx += 1

    async def commit(self, which: int) -> None:
        """One of those that run is committed. It changes no row that anybody watches, and nobody is notified."""
        if self.running:
            tx = sorted(self.running)[which % len(self.running)]
            self.devices[self.running.pop(tx)].wrote(tx)
            await wait_all_tasks_blocked()

    async def start_plugin(self) -> None:
        if self.scope is None:
            self.scope = self.boards[0].scope("the plugin")
            self.scope.provide(Reading, self._read, allow=signed_in)
            await wait_all_tasks_blocked()

    async def stop_plugin(self) -> None:
        self.undisturbed = False
        if self.scope is not None:
            self.scope.close()
        self.scope = None
        await wait_all_tasks_blocked()

    async def restart_server(self) -> None:
        """The server and its plugin begin a new life; nobody is linked to it."""
        for number in [*range(self.clients), len(self.links) - 1]:
            await self.cut(number)
        await self._restart(0)
        self.scope = None
        await self.start_plugin()

    async def restart_client(self, client: int) -> None:
        """A client service begins a new life."""
        await self.cut(client)
        await self.cut(self.clients + client)
        await self._restart(1 + client)

    async def _restart(self, place: int) -> None:
        self.lives[place].cancel()
        await wait_all_tasks_blocked()
        self.boards[place] = await self._board(place)

    async def link(self, number: int) -> None:
        """Makes a link that is missing."""
        if self.links[number] is not None:
            return
        server, own = self.boards[0], number == 2 * self.clients
        if number < self.clients:
            client = self.boards[1 + number]
            ends = link_of(_peer(server), _peer(client))
            self._nursery.start_soon(_serve, server, ends[0], False)
            self._nursery.start_soon(_serve, client, ends[1], True)
        else:
            device = number - self.clients
            board = server if own else self.boards[1 + device]
            ends = link_of(_peer(board), Peer("device", f"device-{device}", "", JOE))
            self._nursery.start_soon(_serve, board, ends[0], False)
            self.devices[device].linked(ends[1])
        self.links[number] = ends
        await wait_all_tasks_blocked()

    async def cut(self, number: int) -> None:
        """Breaks a link; what is under way on it is lost."""
        ends, self.links[number] = self.links[number], None
        if ends is None:
            return
        ends[0].close()
        if number < self.clients:
            self.undisturbed = False
        else:
            self.devices[number - self.clients].end = None
        await wait_all_tasks_blocked()

    async def cross(self, number: int, down: bool) -> bool:
        """One frame crosses a link, away from the server or towards it."""
        ends = self.links[number]
        if ends is None or not ends[0 if down else 1].cross():
            return False
        self.crossed += 1
        await wait_all_tasks_blocked()
        return True

    async def watch_anew(self, device: int) -> None:
        """A device ends its subscription and begins another, with what it has."""
        if self.devices[device].end is not None:
            self.devices[device].unsubscribe()
            self.devices[device].subscribe()
            await wait_all_tasks_blocked()

    async def settle(self) -> None:
        """Everything that is under way arrives."""
        moved = True
        while moved:
            moved = False
            for number in range(len(self.links)):
                for down in (False, True):
                    while await self.cross(number, down):
                        moved = True

    async def wait(self, seconds: float) -> None:
        """Time passes."""
        self._clock.jump(seconds)
        await wait_all_tasks_blocked()

    async def heal(self) -> None:
        """Everything works again, and there is time for every retry."""
        await self.start_plugin()
        for number in range(len(self.links)):
            await self.link(number)
        for _ in range(4):
            await self.settle()
            for device in self.devices:
                if device.error:
                    device.subscribe()
            await self.wait(70)
        await self.settle()

    def check(self) -> None:
        """Every device has the rows of the server, and knows that they are live."""
        rows = [{"meter": row.meter, "value": row.value} for row in self.rows]
        for number, device in enumerate(self.devices):
            assert device.error == ""
            assert device.stale == ""
            assert device.known is not None
            assert device.known.rows == rows
            assert not device.awaited, "it was not told that its write is there"
            if number == self.clients or self.undisturbed:
                assert device.gaps == 0, "a change was neither told nor counted"

    async def _read(self, selector: TupleSelector, principal: Principal) -> Snapshot:
        running = sorted(self.running)
        first = running[0] if running else self.next_tx
        return Snapshot(self.rows, f"{first}:{self.next_tx}:{','.join(map(str, running))}")


def _peer(board: Switchboard) -> Peer:
    return Peer(board.me.service, board.me.id, "", board.principal)


async def _serve(board: Switchboard, end: End, upstream: bool) -> None:
    try:
        await board.serve_link(end, upstream=upstream)  # type: ignore[arg-type]  # it has all of a link that a switchboard uses
    except LinkLost:
        return
