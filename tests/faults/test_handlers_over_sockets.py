"""Handlers that fail in every way that Python knows, called over real websockets: the request fails, and no link does."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import attrs
import pytest
import trio

from peek_trio.errors import RemoteError, TupleError
from peek_trio.security import Principal, anyone
from peek_trio.transport import ActionRequest, ActionResult, Switchboard, rpc
from peek_trio.transport.wire import Peer
from peek_trio.tuples import TupleSelector
from tests.transport.network import ANN, JOE, Connection, Network, Reading, SetValue


class WithoutWords(Exception):
    """An error that cannot even be told."""

    def __str__(self) -> str:
        raise RuntimeError("no words")

    __repr__ = __str__


def overflow() -> int:
    return overflow()


def a_group() -> None:
    raise ExceptionGroup("several", [ValueError("one"), ExceptionGroup("more", [KeyError("two")])])


def raising(error: BaseException) -> Callable[[], None]:
    def fail() -> None:
        raise error

    return fail


FAILURES: dict[str, Callable[[], Any]] = {
    "an ordinary one": raising(ValueError("It broke.")),
    "a group": a_group,
    "no end of recursion": overflow,
    "an error without words": raising(WithoutWords()),
    "a megabyte of words": raising(ValueError("word " * 200_000)),
    "words that are no text": raising(ValueError("\ud800\0\x1b[2J")),
    "a stop of iteration": raising(StopIteration(5)),
    "a stop of async iteration": raising(StopAsyncIteration()),
    "the end of a generator": raising(GeneratorExit()),
    "an assertion": raising(AssertionError()),
    "a lost socket": raising(trio.BrokenResourceError("not ours")),
    "a timeout of its own": raising(trio.TooSlowError()),
    "an exit": raising(SystemExit(3)),
}
UNSENDABLE: dict[str, Callable[[], Any]] = {
    "a value that is no JSON": lambda: object(),
    "a float that is none": lambda: float("nan"),
}
FAILURES |= UNSENDABLE


@rpc(served_by="server")
async def fail(how: str) -> Any:
    """Fails."""
    ...


@rpc(served_by="server")
async def fail_in_thread(how: str) -> Any:
    """Fails in a thread."""
    ...


@rpc(served_by="server")
def fail_late(how: str) -> AsyncIterator[int]:
    """Fails after its first item."""
    ...


@rpc(served_by="server")
async def echo(text: str) -> str:
    """Comes back."""
    ...


async def failed(how: str) -> Any:
    return FAILURES[how]()


def failed_in_thread(how: str) -> Any:
    return FAILURES[how]()


async def failed_late(how: str) -> AsyncIterator[int]:
    yield 1
    yield FAILURES[how]()


async def echoed(text: str) -> str:
    return text


async def apply(request: ActionRequest) -> ActionResult:
    assert isinstance(request.action, SetValue)
    return ActionResult("applied", result=FAILURES[request.action.meter]())


async def read(selector: TupleSelector, principal: Principal) -> Sequence[object]:
    meter = selector.selector["meter"]
    return [Reading(meter, 5 if meter == "fine" else FAILURES[meter]())]


async def hear(rows: list[Any], peer: Peer | None) -> None:
    FAILURES[rows[0].meter]()


@attrs.define
class House:
    """A server, a client service and two devices, all linked over websockets of this machine."""

    joe: Switchboard
    ann: Switchboard
    links: list[Connection]

    async def stands(self) -> None:
        """Every link is the one it was, and everything is answered."""
        for device in (self.joe, self.ann):
            assert await device.caller(echo, timeout=10)("hello") == "hello"
        async with self.ann.observe(TupleSelector.of(Reading, meter="fine")) as states:
            assert (await anext(states)).rows == [Reading("fine", 5)]
        assert not any(link.upper.closed or link.lower.closed for link in self.links)


@pytest.fixture
async def house(nursery: trio.Nursery, caplog: pytest.LogCaptureFixture) -> House:
    caplog.set_level(logging.CRITICAL)
    network = Network(nursery, "websocket")
    server, client = await network.board("server"), await network.board("client")
    joe, ann = await network.board("device", "joe's"), await network.board("device", "ann's")
    links = [
        await network.link(server, client),
        await network.link(client, joe, JOE),
        await network.link(client, ann, ANN),
    ]
    scope = server.scope("p")
    for contract, function in (
        (fail, failed),
        (fail_in_thread, failed_in_thread),
        (fail_late, failed_late),
        (echo, echoed),
    ):
        scope.serve(contract, function, allow=anyone)
    scope.handle(SetValue, apply, allow=anyone)
    scope.provide(Reading, read, allow=anyone)
    scope.listen({"topic": "meter"}, hear, allow=anyone)
    return House(joe, ann, links)


FAILED = (RemoteError, TupleError)  # the latter when it is the result that cannot travel

EVERY_WAY = pytest.mark.parametrize("how", FAILURES)


@EVERY_WAY
async def test_whatever_a_handler_raises_costs_one_request(house: House, how: str) -> None:
    with trio.fail_after(20):
        with pytest.raises(FAILED):
            await house.joe.caller(fail, timeout=10)(how)
        with pytest.raises(FAILED):
            await house.joe.caller(fail_in_thread, timeout=10)(how)
        async with house.joe.streamer(fail_late, timeout=10)(how) as items:
            assert await anext(items) == 1
            with pytest.raises(FAILED):
                await anext(items)
        # An action that was applied stays so, whatever becomes of its result.
        outcome = "applied" if how in UNSENDABLE else "retry"
        assert (await house.joe.act(SetValue(how, 1), timeout=10)).status == outcome
        async with house.joe.observe(TupleSelector.of(Reading, meter=how)) as states:
            with pytest.raises(FAILED):
                await anext(states)
        if FAILURES[how].__name__ == "fail":
            with pytest.raises(FAILED):
                await house.joe.send_message({"topic": "meter"}, [Reading(how, 1)], timeout=10)
        await house.stands()
