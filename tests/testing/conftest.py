"""A counter that everybody may watch and raise, for tests of the harness itself."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import attrs
import pytest
import trio

from peek_trio.security import Principal, signed_in
from peek_trio.testing import Platform, Service, platform
from peek_trio.transport import ActionRequest, ActionResult, rpc
from peek_trio.tuples import TupleSelector, tuple_type


@tuple_type("test.Count")
@attrs.frozen
class Count:
    """What the counter shows."""

    value: int


@tuple_type("test.Raise")
@attrs.frozen
class Raise:
    """Raises the counter."""

    by: int


@rpc(served_by="server", name="test.double")
async def double(number: int) -> int:
    """Twice the number."""
    ...


@rpc(served_by="server", name="test.think")
async def think(seconds: float) -> None:
    """Takes its time."""
    ...


@rpc(served_by="server", name="test.count_to")
def count_to(number: int) -> AsyncIterator[int]:
    """Counts."""
    ...


class Counter:
    """The counter, which outlives services, and the receipts of those who raised it."""

    def __init__(self) -> None:
        self.value = 0
        self.raised: list[int] = []
        self.heard: list[Any] = []
        self._receipts: dict[str, int] = {}

    def offer_at(self, server: Service) -> None:
        """Offers it on the server as it runs now."""
        scope = server.board.scope("test")

        async def read(selector: TupleSelector, principal: Principal) -> Sequence[object]:
            return [Count(self.value)]

        async def apply(request: ActionRequest) -> ActionResult:
            assert isinstance(request.action, Raise)
            if request.id not in self._receipts:
                self.value += request.action.by
                self.raised.append(request.action.by)
                self._receipts[request.id] = self.value
                server.board.notify("test.Count")
            return ActionResult("applied", result=self._receipts[request.id])

        async def hear(rows: list[Any], peer: Any) -> None:
            self.heard += rows

        async def counting(number: int) -> AsyncIterator[int]:
            for each in range(1, number + 1):
                yield each

        def doubled(number: int) -> int:
            return 2 * number

        scope.provide(Count, read, allow=signed_in)
        scope.handle(Raise, apply, allow=signed_in)
        scope.listen({"topic": "count"}, hear, allow=signed_in)
        scope.serve(double, doubled, allow=signed_in)
        scope.serve(think, trio.sleep, allow=signed_in)
        scope.serve(count_to, counting, allow=signed_in)


Running = Callable[..., AbstractAsyncContextManager[tuple[Platform, Counter]]]


@pytest.fixture
def counting() -> Running:
    """`async with counting("client", clients=2) as (peek, counter)`: a platform with a counter on its server."""

    @asynccontextmanager
    async def run(*services: str, **options: Any) -> AsyncIterator[tuple[Platform, Counter]]:
        async with platform(services=services, **options) as peek:
            counter = Counter()
            counter.offer_at(peek.server)
            yield peek, counter

    return run
