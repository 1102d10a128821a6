"""A call of every service of a kind at once: the server passes it on to each of them, and their answers back as they come.

The asker is first told whom the server asks, so that it knows what is missing when its time is up. Bodies are not opened, and nothing here
waits: the deadlines are the asker's and the callees'.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from peek_trio.errors import BadRequest, Unavailable, to_wire
from peek_trio.security import Principal
from peek_trio.transport.exchange import Answering, Port
from peek_trio.transport.forward import forward
from peek_trio.transport.trace import trace_of
from peek_trio.transport.wire import Frame

__all__ = ["fan_out"]


def fan_out(origin: Port, frame: Frame, principal: Principal, onward: Sequence[Port]) -> None:
    """Passes the `call` of `origin` on to every port of `onward`, in the name of `principal`."""
    number, header = frame.header["i"], frame.header
    calling = _CallOfAll(origin, number, len(onward))
    try:
        origin.answer_begins(number, calling)
    except Unavailable as full:
        origin.tell_error(number, full)
        return
    origin.tell(Frame({"k": "item", "i": number}, json.dumps([port.peer.id for port in onward]).encode()))
    # One trace for all of them, and no window: each gives one result.
    each = {key: header[key] for key in ("k", "i", "m", "d") if key in header} | {"tr": trace_of(header)}
    for port in onward:
        forward(calling.branch(port.peer.id), Frame(each, frame.body), principal, port, to=None)
    calling.end_if_done()


class _CallOfAll:
    """The exchange of the asker, and how many answers it still awaits."""

    def __init__(self, origin: Port, number: int, awaited: int) -> None:
        self.origin, self.number, self.awaited = origin, number, awaited
        self._branches: list[_Branch] = []

    def branch(self, service: str) -> _Branch:
        branch = _Branch(self, service)
        self._branches.append(branch)
        return branch

    def cancel(self) -> None:
        for branch in self._branches:
            branch.cancel()

    def more(self, count: int) -> None:
        """There are as many answers as services; nobody needs to make room."""

    def end_if_done(self) -> None:
        if not self.awaited and self.origin.answer_ends(self.number, self):
            self.origin.tell(Frame({"k": "res", "i": self.number}, b"null"))


class _Branch:
    """The call of one service; `forward` takes it for the origin."""

    def __init__(self, calling: _CallOfAll, service: str) -> None:
        self._calling, self._service = calling, service
        self._passing: Answering | None = None

    def answer_begins(self, number: int, exchange: Answering) -> None:
        self._passing = exchange

    def answer_ends(self, number: int, exchange: Answering) -> bool:
        awaited, self._passing = self._passing is exchange, None
        return awaited

    def tell(self, frame: Frame) -> None:
        kind = frame.header["k"]
        if kind == "res":
            self._pass_back({}, frame.body)
        elif kind == "err":
            self._pass_back({"e": frame.header.get("e")}, b"")
        elif self._passing is not None:  # an item: whatever follows is not wanted
            self.cancel()
            self.tell_error(self._calling.number, BadRequest("It streams, so it cannot be asked of all at once."))

    def tell_error(self, number: int, error: BaseException) -> None:
        self._pass_back({"e": to_wire(error)}, b"")

    def cancel(self) -> None:
        if (passing := self._passing) is not None:
            self._passing = None
            passing.cancel()

    def _pass_back(self, answer: dict[str, object], body: bytes) -> None:
        calling = self._calling
        calling.awaited -= 1
        calling.origin.tell(Frame({"k": "item", "i": calling.number, "from": self._service, **answer}, body))
        calling.end_if_done()
