"""A server with meters behind a real site and a real port for services, on sockets of this machine; without a database."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import attrs
import trio

from peek_trio.frontend import PluginTrees, Site, serve_service_links, serve_site
from peek_trio.nursery.admission import admit_services
from peek_trio.security import Principal, Session, SignInRefused, anyone, services, signed_in
from peek_trio.transport import ActionRequest, ActionResult, Switchboard, rpc
from peek_trio.transport.wire import Hello, Peer
from peek_trio.tuples import TupleRegistry, TupleSelector, tuple_type
from tests.protocol import client

DEVICE = {"service": "device", "id": "d1", "name": "A meter", "site": "desktop"}
READING = "meters.Reading"
SECRET = "the secret of this server"  # a made-up one


@tuple_type(READING)
@attrs.frozen
class Reading:
    """A row."""

    id: int
    value: int
    note: str = ""


@tuple_type("meters.SetValue")
@attrs.frozen
class SetValue:
    """An action."""

    id: int
    value: int


@rpc(served_by="server", name="meters.add")
async def add(a: int, b: int) -> int:
    """The sum."""
    ...


@rpc(served_by="server", name="meters.echo")
async def echo(text: str) -> str:
    """Comes back."""
    ...


@rpc(served_by="server", name="meters.count")
def count(to: int) -> AsyncIterator[int]:
    """Counts."""
    ...


@rpc(served_by="agent", name="meters.read")
async def read_meter(number: int) -> int:
    """Reads a meter."""
    ...


class People:
    """One person, without a database."""

    ann = Principal("person", "ann", "Ann", frozenset({"user"}))

    async def sign_in(self, name: str, password: str) -> Session:
        if (name, password) != ("ann", "correct horse"):
            raise SignInRefused("The name or the password is not right.")
        return Session("token-of-ann", self.ann, datetime.now(UTC) + timedelta(days=1))

    async def resolve(self, token: str) -> Principal | None:
        return self.ann if token == "token-of-ann" else None  # a made-up one


class House:
    """A server with meters, and the ports of its site and of its service links."""

    def __init__(self, board: Switchboard) -> None:
        self.board = board
        self.site = self.links = 0
        self.values = {1: 5, 2: 7, 3: 9}
        self.notes = ""
        self.taken: list[Any] = []
        self.receipts: dict[str, ActionResult] = {}
        self.items_given = 0

    async def cookie(self) -> dict[str, str]:
        """The headers of Ann's browser."""
        return await client.signed_in(self.site, "ann", "correct horse")

    def open(self) -> None:
        """Offers everything."""
        scope = self.board.scope("meters")
        scope.serve(add, self._add, allow=signed_in)
        scope.serve(echo, self._echo, allow=anyone)
        scope.serve(count, self._count, allow=signed_in)
        scope.provide(Reading, self._read, allow=signed_in)
        scope.handle(SetValue, self._apply, allow=signed_in)
        scope.listen({"topic": "alarm"}, self._hear, allow=signed_in | services)

    def show(self, id: int, value: int) -> None:
        """A meter shows another value."""
        self.values[id] = value
        self.board.notify(READING)

    async def _add(self, a: int, b: int) -> int:
        return a + b

    async def _echo(self, text: str) -> str:
        return text

    async def _count(self, to: int) -> AsyncIterator[int]:
        for number in range(1, to + 1):
            self.items_given += 1
            yield number

    async def _read(self, selector: TupleSelector, principal: Principal) -> Sequence[object]:
        return [Reading(id, value, self.notes) for id, value in self.values.items()]

    async def _apply(self, request: ActionRequest) -> ActionResult:
        assert isinstance(request.action, SetValue)
        if request.id not in self.receipts:
            self.show(request.action.id, request.action.value)
            self.receipts[request.id] = ActionResult("applied", result=len(self.receipts) + 1)
        return self.receipts[request.id]

    async def _hear(self, rows: list[Any], peer: Peer | None) -> None:
        self.taken += rows


async def open_house(nursery: trio.Nursery, folder: Path) -> House:
    """A house whose site and whose port for services are open as long as the nursery is."""
    me = Hello("server", "server-1", "hq", "0.1.0")
    house = House(Switchboard(me, TupleRegistry(), principal=Principal.for_service("server", "server-1")))
    await nursery.start(house.board.run)
    house.open()
    people: Any = People()
    trees = PluginTrees("desktop", folder / "none")
    site = Site(name="desktop", board=house.board, authority=people, trees=trees, built=folder)
    house.site = await nursery.start(partial(serve_site, site, host="127.0.0.1", port=0))
    admit = admit_services(SECRET, "0.1.0")
    house.links = await nursery.start(partial(serve_service_links, house.board, admit, "127.0.0.1", 0))
    return house
