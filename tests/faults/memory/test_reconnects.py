"""The link breaks behind every frame there is: what the device sees in the end is what the server has, and nothing is done twice."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import attrs
import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st
from trio.testing import MockClock

from peek_trio.errors import Unavailable
from peek_trio.security import Principal, signed_in
from peek_trio.testing import Device, Platform, Service, Uplink, platform
from peek_trio.transport import ActionRequest, ActionResult, rpc
from peek_trio.tuples import TupleSelector, tuple_type


@tuple_type("test.Entry")
@attrs.frozen
class Entry:
    """One line of the book."""

    text: str


@tuple_type("test.Write")
@attrs.frozen
class Write:
    """Writes a line into the book."""

    text: str


@rpc(served_by="server")
async def length() -> int:
    """How many lines the book has."""
    ...


SEED = 1
"""Of the runs whose frames are counted: those that are cut are alike up to there."""


class Book:
    """A book in which every line counts, with the receipts of those who wrote in it; they are outside of any service."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._receipts: dict[tuple[str, str], int] = {}

    def open_at(self, server: Service) -> None:
        """Offers the book on the server as it runs now."""
        scope = server.board.scope("test")

        async def read(selector: TupleSelector, principal: Principal) -> list[Entry]:
            return [Entry(line) for line in self.lines]

        async def write(request: ActionRequest) -> ActionResult:
            key = (request.device, request.id)
            if key not in self._receipts:
                assert isinstance(request.action, Write)
                self.lines.append(request.action.text)
                self._receipts[key] = len(self.lines)
                server.board.notify("test.Entry")
            return ActionResult("applied", result=self._receipts[key])

        async def count() -> int:
            return len(self.lines)

        scope.provide(Entry, read, allow=signed_in)
        scope.handle(Write, write, allow=signed_in)
        scope.serve(length, count, allow=signed_in)


@asynccontextmanager
async def opened(*services: str, seed: int | None = None) -> AsyncIterator[tuple[Platform, Book]]:
    """A platform with a book on its server."""
    async with platform(services=services, seed=seed) as peek:
        book = Book()
        book.open_at(peek.server)
        yield peek, book


async def use(phone: Device, book: Book) -> None:
    """What a page does: it watches, it acts, it calls. In the end it has seen what there is, and what it was told was done is done once."""
    phone.link.plug_in()
    await phone.latest(Entry, within=120)
    for line in ("one", "two"):
        result = await phone.tap(Write(line))
        assert (result.status, book.lines[result.result - 1]) == ("applied", line)
    assert await called(phone) == 2
    await phone.sees(Entry, lambda rows: rows == [Entry("one"), Entry("two")], stale=False, within=120)
    assert book.lines == ["one", "two"]


async def called(phone: Device) -> int:
    """The length of the book; a call that a broken link took with it is made again."""
    while True:
        await phone.link.up()
        try:
            return await phone.call(length)
        except Unavailable:
            await trio.sleep(1)


async def frames_of(*services: str) -> dict[str, int]:
    """How many frames travel on each link when nothing goes wrong."""
    async with opened(*services, seed=SEED) as (peek, book):
        travelled = peek.record()
        await use(await peek.device(linked=False), book)
        links = {delivery.link for delivery in travelled}
        return {link: sum(len(each.kinds) for each in travelled if each.link == link) for link in links}


def boundaries(frames: int) -> range:
    """Every place where a link may break on which so many frames travel."""
    assert frames > 8  # hello, welcome, sub, state, act, ack, call, res
    return range(1, frames + 1)


@pytest.mark.parametrize("where", ["after", "before"])
@pytest.mark.parametrize("services", [(), ("client",)], ids=["to-the-server", "to-a-client"])
async def test_the_link_of_a_phone_breaks_at_any_frame(
    services: Sequence[str], where: str, autojump_clock: MockClock
) -> None:
    for frame in boundaries((await frames_of(*services))["device-1"]):
        async with opened(*services, seed=SEED) as (peek, book):
            phone = await peek.device(linked=False)
            phone.link.cut(**{where: frame})
            await use(phone, book)
            await phone.link.was_cut()
            assert len(phone.link.came_up_at) <= 2


@pytest.mark.parametrize("towards", ["server", "device"])
async def test_the_link_of_a_phone_breaks_twice(towards: str, autojump_clock: MockClock) -> None:
    for first, second in itertools.product(range(1, 6), repeat=2):
        async with opened("client") as (peek, book):
            phone = await peek.device(linked=False)
            phone.link.cut(before=first, towards=towards)
            async with trio.open_nursery() as nursery:
                nursery.start_soon(cut_again, phone.link, second)
                await use(phone, book)
            assert phone.link.cuts == 2


async def cut_again(link: Uplink, frame: int) -> None:
    await link.was_cut()
    link.cut(before=frame)


@pytest.mark.parametrize("where", ["after", "before"])
async def test_the_link_between_client_and_server_breaks_at_any_frame(where: str, autojump_clock: MockClock) -> None:
    for frame in boundaries((await frames_of("client"))["client-1"]):
        async with opened("client", seed=SEED) as (peek, book):
            phone = await peek.device(linked=False)
            peek.client.link.cut(**{where: frame})
            await use(phone, book)
            await peek.client.link.was_cut()
            assert len(phone.link.came_up_at) == 1


Step = tuple[str, int]
STEPS = st.tuples(
    st.sampled_from(
        [
            "write",
            "cut phone",
            "cut client",
            "delay",
            "reorder",
            "tunnel",
            "hang",
            "restart server",
            "restart client",
            "wait",
        ]
    ),
    st.integers(1, 6),
)


@settings(max_examples=40, deadline=None)
@given(steps=st.lists(STEPS, max_size=12), seed=st.integers(0, 1000))
def test_whatever_goes_wrong_in_whatever_order(steps: Sequence[Step], seed: int) -> None:
    trio.run(live_through, steps, seed, clock=MockClock(autojump_threshold=0))


async def live_through(steps: Sequence[Step], seed: int) -> None:
    """Two phones write while things go wrong; then all is well again, and must be so for everybody."""
    async with opened("client", seed=seed) as (peek, book):
        phones = await peek.devices(2)
        told: list[str] = []
        written: list[str] = []

        async def write(phone: Device, line: str) -> None:
            result = await phone.tap(Write(line))
            assert result.status == "applied"
            told.append(line)

        for phone in phones:
            await phone.latest(Entry)
        async with trio.open_nursery() as writing:
            for kind, number in steps:
                phone = phones[number % 2]
                if kind == "write":
                    written.append(f"line {len(written)}")
                    writing.start_soon(write, phone, written[-1])
                else:
                    await go_wrong(kind, number, peek, phone, book)
                await trio.sleep(0.01)
            for link in (*(phone.link for phone in phones), peek.client.link):
                link.restore()
            writing.cancel_scope.deadline = trio.current_time() + 150
        assert sorted(told) == sorted(written)
        for phone in phones:
            await phone.sees(Entry, lambda rows: [row.text for row in rows] == book.lines, stale=False, within=60)
        assert sorted(book.lines) == sorted(written)


async def go_wrong(kind: str, number: int, peek: Platform, phone: Device, book: Book) -> None:
    if kind == "cut phone":
        phone.link.cut(before=number)
    elif kind == "cut client":
        peek.client.link.cut(before=number)
    elif kind == "delay":
        phone.link.delay(number / 10, up_to=number)
    elif kind == "reorder":
        peek.reorder([phone, peek.client], within=number / 10)
    elif kind == "tunnel":
        phone.link.black_hole()
    elif kind == "hang":
        phone.link.stop_reading()
    elif kind == "restart server":
        await peek.server.kill()
        await trio.sleep(number)
        await peek.server.start()
        book.open_at(peek.server)
    elif kind == "restart client":
        await peek.client.restart()
    else:
        await trio.sleep(5 * number)
