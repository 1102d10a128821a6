"""A server and its client service with an endpoint of every kind, and peers of every kind that may send them any bytes."""

from __future__ import annotations

import itertools
import logging
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from typing import Any

import trio

from peek_trio.errors import LinkLost
from peek_trio.security import Policy, Principal, anyone
from peek_trio.transport import ActionRequest, ActionResult, Switchboard, rpc
from peek_trio.transport.wire import Frame, Hello, Limits, Link, MemoryStream, Peer, memory_stream_pair, pack, unpack
from peek_trio.transport.wire.frames import packed
from peek_trio.transport.wire.parts import cut
from peek_trio.tuples import TupleSelector
from tests.fuzz.tuples import EVERYTHING, Everything, registry

__all__ = ["ATTACKERS", "DOCUMENTED", "FRAMES", "Attack", "World"]

DOCUMENTED = {1002, 1003, 1009}
"""How a link may end for what its peer has sent."""

MALLORY = Principal("person", "mallory", roles=frozenset({"user"}))
MADE = "2026-01-01T00:00:00+00:00"
TRACE = "0123456789abcdef"


@rpc(served_by="server")
async def echo(text: str, row: Everything | None = None) -> str:
    """Comes back."""
    ...


@rpc(served_by="server")
def count(to: int) -> AsyncIterator[int]:
    """Counts."""
    ...


async def echoed(text: str, row: Everything | None = None) -> str:
    return text


async def counted(to: int) -> AsyncIterator[int]:
    for number in range(min(to, 20)):
        yield number


async def read(selector: TupleSelector, principal: Principal) -> Sequence[object]:
    return EVERYTHING[:2]


async def apply(request: ActionRequest) -> ActionResult:
    return ActionResult("applied", result=5)


async def hear(rows: list[Any], peer: Peer | None) -> None:
    pass


def _frames() -> list[Frame]:
    codec = registry().codec
    rows, row = codec.encode(EVERYTHING[:3]), codec.encode_one(EVERYTHING[0])
    joe = MALLORY.to_wire()
    act = {"k": "act", "t": "fuzz.Everything", "id": "a1", "dev": "d1", "seq": 1, "key": "", "made": MADE, "tr": TRACE}
    large = packed(Frame({"k": "call", "i": 9, "m": echo.name, "d": 5.0}, b'{"text":"' + b"x" * 150_000 + b'"}'))
    parts = [head + piece for head, piece in cut(large, 1)]
    state = {"t": "fuzz.Everything", "epoch": "e", "rev": 1, "dig": "d", "at": MADE}
    return [
        Frame({"k": "call", "i": 1, "m": echo.name, "d": 5.0, "tr": TRACE}, b'{"text":"hello"}'),
        Frame({"k": "call", "i": 2, "m": echo.name, "d": 5.0, "p": joe}, b'{"text":"hello","row":' + row + b"}"),
        Frame({"k": "call", "i": 3, "m": count.name, "d": 5.0, "w": 2}, b'{"to":10}'),
        Frame({"k": "call", "i": 4, "m": echo.name, "d": 5.0, "to": "server", "tr": TRACE}, b'{"text":"hello"}'),
        Frame({"k": "call", "i": 5, "m": echo.name, "d": 5.0, "to": "agent", "all": 1}, b'{"text":"hello"}'),
        Frame(
            {"k": "call", "i": 6, "m": "peek.loader_list", "d": 5.0}, b'{"type":"fuzz.Everything","offset":0,"limit":5}'
        ),
        Frame({"k": "more", "i": 3, "n": 5}),
        Frame({"k": "cancel", "i": 3}),
        Frame({"k": "sub", "i": 10, "t": "fuzz.Everything", "s": {"name": "x"}, "tr": TRACE}),
        Frame({"k": "sub", "i": 11, "t": "fuzz.Everything", "s": {}, "have": ["e", "d"], "both": 1, "p": joe}),
        Frame({"k": "see", "i": 11, "tx": "41"}),
        Frame({"k": "unsub", "i": 10}),
        Frame(act, row),
        Frame({**act, "i": 12, "p": joe, "v": 2}, row),
        Frame({"k": "msg", "i": 13, "f": {"what": "fuzz"}, "tr": TRACE}, rows),
        Frame({"k": "msg", "i": 14, "f": {"what": "fuzz"}, "to": "client"}, rows),
        Frame({"k": "ping", "n": 1}),
        Frame({"k": "pong", "n": 1, "spread": 1.5}),
        Frame({"k": "res", "i": 1}, b"5"),
        Frame({"k": "item", "i": 1}, b"5"),
        Frame({"k": "err", "i": 1, "e": {"type": "BadRequest", "message": "No.", "path": "$.a"}}),
        Frame({"k": "ack", "i": 1, "status": "applied", "tx": "41", "repeated": True}, b"5"),
        Frame({"k": "ack", "i": 1, "status": "retry", "after": 1.0, "missing": [1, 2], "expected": 3}),
        Frame({"k": "state", "i": 1, **state}, rows),
        Frame({"k": "state", "i": 1, **state, "dig": "d2", "base": "d", "parts": [[10, 0]]}, rows + b" " * 10),
        Frame(
            {"k": "delta", "i": 1, **state, "base": "d", "parts": [[40, 0]]},
            b'{"t":"fuzz.Everything","gone":[0],"rows":[]}',
        ),
        Frame({"k": "same", "i": 1, **state, "seen": "40:42:41", "stale": {"since": MADE, "reason": "away"}}),
        Frame({"k": "hello", "protocol": 1, "service": "device", "id": "x", "site": "desktop"}),
        Frame({"k": "welcome", "protocol": 1, "service": "server", "id": "x", "principal": joe, "time": MADE}),
        *(unpack(part)[0] for part in parts),
        Frame({"k": "part", "c": 2, "size": 90, "end": 1}, pack([Frame({"k": "cancel", "i": 3})]).ljust(90)),
    ]


FRAMES = _frames()
"""One of every kind, all of them right."""

ATTACKERS = ("device at the client", "device at the server", "agent", "client", "server")


class World:
    """The boards, and everything in their logs that should not be there."""

    def __init__(self) -> None:
        self.complaints: list[str] = []
        self._ids = itertools.count()
        self._boards: dict[str, Switchboard] = {}

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Open until cancelled."""
        handler = _Complaints(self.complaints)
        logging.getLogger().addHandler(handler)
        try:
            async with trio.open_nursery() as nursery:
                self._nursery = nursery
                for name, service in (("server", "server"), ("client", "client"), ("orphan", "client")):
                    me = Hello(service, f"{name}-1", version="1")
                    board = Switchboard(me, registry(), principal=Principal.for_service(service, me.id))
                    await nursery.start(board.run)
                    self._boards[name] = board
                self._register(anyone)
                await self._link_client()
                nursery.start_soon(self._watch)
                task_status.started()
        finally:
            logging.getLogger().removeHandler(handler)

    async def attack(self, who: str) -> Attack:
        """A fresh link of one of the `ATTACKERS`."""
        id = f"hostile-{next(self._ids)}"
        match who:
            case "device at the client" | "device at the server":
                board, service, principal = self._boards[who.rpartition(" ")[2]], "device", MALLORY
            case "server":
                board, service, principal = self._boards["orphan"], who, Principal.for_service(who, id)
            case _:
                board, service, principal = self._boards["server"], who, Principal.for_service(who, id)
        limits = Limits.DEVICE if service == "device" else Limits.SERVICE
        ours, theirs = memory_stream_pair()
        link = Link(ours, Peer(service, id, "", principal), principal=board.principal, receive_limits=limits)
        attack = Attack(theirs)
        self._nursery.start_soon(attack.hear)
        self._nursery.start_soon(self._serve, board, link, service == "server")
        return attack

    async def honest_answer(self) -> str:
        """The kind of frame with which an honest device at the client service is answered."""
        with trio.fail_after(20):
            attack = await self.attack("device at the client")
            await attack.send(pack([Frame({"k": "call", "i": 1, "m": echo.name, "d": 10.0}, b'{"text":"hello"}')]))
            await attack.answered.wait()
            attack.stream.cut()
        return next(iter(attack.answers))

    def _register(self, allow: Policy) -> None:
        for name in ("server", "client"):
            scope = self._boards[name].scope("fuzz")
            if name == "server":
                scope.serve(echo, echoed, allow=allow)
                scope.serve(count, counted, allow=allow)
                scope.provide(Everything, read, allow=allow)
                scope.handle(Everything, apply, allow=allow)
            scope.listen({"what": "fuzz"}, hear, allow=allow)

    async def _link_client(self) -> None:
        upper, lower = memory_stream_pair()
        server, client = self._boards["server"], self._boards["client"]
        me, you = Principal.for_service("server", "server-1"), Principal.for_service("client", "client-1")
        self._nursery.start_soon(
            self._serve, server, Link(upper, Peer("client", "client-1", "", you), principal=me), False
        )
        self._nursery.start_soon(
            self._serve, client, Link(lower, Peer("server", "server-1", "", me), principal=you), True
        )

    async def _watch(self) -> None:
        """So that the service whose server is hostile has something to ask of it."""
        async with self._boards["orphan"].observe(TupleSelector.of(Everything)):
            await trio.sleep_forever()

    async def _serve(self, board: Switchboard, link: Link, upstream: bool) -> None:
        with suppress(LinkLost):
            await board.serve_link(link, upstream=upstream)


class Attack:
    """The hostile end of one link."""

    def __init__(self, stream: MemoryStream) -> None:
        self.stream = stream
        self.code: int | None = None
        self.reason = ""
        self.answers: Counter[str] = Counter()
        self.answered = trio.Event()

    async def send(self, message: bytes) -> bool:
        """Sends a message; False when the link has ended, for a reason that `code` and `reason` say."""
        with suppress(LinkLost):
            await self.stream.send(message)
        await trio.lowlevel.checkpoint()
        return self.code is None

    async def hear(self) -> None:
        """Counts what is answered, by kind and by type of error."""
        try:
            while True:
                for frame in unpack(await self.stream.receive()):
                    self.answers[frame.kind] += 1
                    self.answered.set()
                    if frame.kind == "err":
                        self.answers[frame.header["e"]["type"]] += 1
        except LinkLost as lost:
            self.code, self.reason = lost.code, lost.reason


class _Complaints(logging.Handler):
    """Keeps what a service logs about a fault of its own."""

    def __init__(self, complaints: list[str]) -> None:
        super().__init__(logging.WARNING)
        self._complaints = complaints

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info or record.levelno >= logging.ERROR:
            self._complaints.append(logging.Formatter().format(record))
