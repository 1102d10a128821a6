"""How code on a service calls what others serve: one of them, a stream, or all of a kind.

Each call finds its way when it is made: this service itself, a peer that is connected, or the server further up. One that is idempotent
finds it again when it was lost.
"""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from typing import Any, Generic, ParamSpec, TypeVar, cast

import trio

from peek_trio.errors import PeekError, Unavailable
from peek_trio.security import Principal
from peek_trio.transport.calls.answers import Answer, Gathered, gather
from peek_trio.transport.calls.caller import ask, seconds_left, stream
from peek_trio.transport.calls.contract import Contract
from peek_trio.transport.calls.methods import Methods, Spawn
from peek_trio.transport.calls.nearby import call_nearby, stream_nearby
from peek_trio.transport.directory import Directory, absent
from peek_trio.transport.exchange import Port
from peek_trio.transport.jitter import full_jitter
from peek_trio.transport.trace import present_trace
from peek_trio.tuples import TupleRegistry

__all__ = ["Calling"]

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")

FIRST_WAIT, LONGEST_WAIT = 0.2, 5.0
"""Seconds, the bounds of the wait before an idempotent call is made again."""


class Calling:
    """Calls in the name of one service: `principal` as far as its own methods are concerned, its link's identity elsewhere."""

    def __init__(
        self, principal: Principal, registry: TupleRegistry, directory: Directory, methods: Methods, spawn: Spawn
    ) -> None:
        self._principal = principal
        self._registry = registry
        self._directory = directory
        self._methods = methods
        self._spawn = spawn

    def caller(self, contract: Contract[P, R], *, to: str | None, timeout: float) -> Callable[P, Awaitable[R]]:
        """See `Switchboard.caller`."""
        target = to or contract.served_by

        run = self._insist if contract.idempotent else self._call

        # A plain function: one coroutine less for every call to go through.
        def call(*args: P.args, **kwargs: P.kwargs) -> Awaitable[R]:
            return run(contract, target, timeout, args, kwargs)

        return call

    def streamer(
        self, contract: Contract[P, AsyncIterator[T]], *, to: str | None, timeout: float
    ) -> Callable[P, AbstractAsyncContextManager[AsyncIterator[T]]]:
        """See `Switchboard.streamer`."""
        target, name = to or contract.served_by, contract.name

        @asynccontextmanager
        async def open_stream(*args: P.args, **kwargs: P.kwargs) -> AsyncIterator[AsyncIterator[T]]:
            if not contract.streams:
                raise PeekError(f"{name} does not stream: use a caller, not a streamer.")
            arguments = contract.bind(*args, **kwargs)
            seconds = seconds_left(timeout)
            port = self._directory.way(target)
            if port is None:
                async with stream_nearby(
                    self._methods, name, arguments, self._principal, timeout=seconds, spawn=self._spawn
                ) as nearby:
                    yield nearby
                return
            codec = self._registry.codec
            body = contract.encode_arguments(codec, arguments)
            header = _header(name, seconds, target, port)
            async with stream(port, header, body, timeout=seconds, what=f"Calling {name}") as bodies:
                yield _Decoded(bodies, partial(contract.decode_result, codec))

        return open_stream

    def call_all(
        self, contract: Contract[P, R], *, to: str | None, timeout: float
    ) -> Callable[P, Awaitable[list[Answer[R]]]]:
        """See `Switchboard.call_all`."""
        target = to or contract.served_by

        async def call(*args: P.args, **kwargs: P.kwargs) -> list[Answer[R]]:
            if contract.streams:
                raise PeekError(f"{contract.name} streams, so it cannot be called of all at once.")
            if target == "server" or (self._directory.is_top and target in self._directory.own):
                return [await self._call_server(contract, target, timeout, args, kwargs)]
            body = contract.encode_arguments(self._registry.codec, contract.bind(*args, **kwargs))
            gathered = await self._gather(contract.name, target, body, seconds_left(timeout))
            return [self._answer(contract, *answer) for answer in gathered]

        return call

    async def _call(
        self,
        contract: Contract[..., R],
        target: str,
        timeout: float,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        failed: set[str] | None = None,
    ) -> R:
        """Calls once. `failed` are the ids of services to pass over as long as there are others; one that is unavailable is added."""
        name = contract.name
        if contract.streams:
            raise PeekError(f"{name} streams: use a streamer, not a caller.")
        arguments = contract.bind(*args, **kwargs)
        seconds = seconds_left(timeout)
        port = self._directory.way(target, avoid=failed or ())
        if port is None:
            result = await call_nearby(self._methods, name, arguments, self._principal, timeout=seconds)
            return cast(R, result)
        codec = self._registry.codec
        body = contract.encode_arguments(codec, arguments)
        header = _header(name, seconds, target, port)
        try:
            answer = await ask(port, header, body, timeout=seconds, what=f"Calling {name}")
        except Unavailable:
            if failed is not None:
                failed.add(port.peer.id)
            raise
        return cast(R, contract.decode_result(codec, answer.body))

    async def _insist(
        self,
        contract: Contract[..., R],
        target: str,
        timeout: float,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> R:
        """Calls until there is an answer, or no time for another wait."""
        deadline = trio.current_time() + seconds_left(timeout)
        failed: set[str] = set()
        for failures in itertools.count(1):
            try:
                left = deadline - trio.current_time()
                return await self._call(contract, target, left, args, kwargs, failed)
            except Unavailable:
                wait = full_jitter(failures, first=FIRST_WAIT, longest=LONGEST_WAIT)
                if trio.current_time() + wait >= deadline:
                    raise
            await trio.sleep(wait)
        raise AssertionError("unreachable: there is always a next time")

    async def _call_server(
        self,
        contract: Contract[..., R],
        target: str,
        timeout: float,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> Answer[R]:
        port = self._directory.way(target)
        service = self._directory.own[1] if port is None else port.peer.id
        try:
            value: R = await self._call(contract, target, timeout, args, kwargs)
        except PeekError as error:
            return Answer(service, error)
        return Answer(service, value=value)

    async def _gather(self, name: str, target: str, body: bytes, seconds: float) -> list[Gathered]:
        """Calls all that `target` names: from here at the top, else the server does it."""
        what = f"Calling {name}"
        if not self._directory.is_top:
            port = self._directory.upstream
            if port is None:
                raise Unavailable(absent("server"))
            header = {"k": "call", "m": name, "d": round(seconds, 3), "to": target}
            return await gather(port, header, body, timeout=seconds, what=what)
        trace, ports = present_trace(), self._directory.all(target)
        gathered: dict[str, bytes | PeekError] = {port.peer.id: b"" for port in ports}

        async def tell(port: Port) -> None:
            header = _header(name, seconds, target, port) | {"tr": trace}
            try:
                gathered[port.peer.id] = (await ask(port, header, body, timeout=seconds, what=what)).body
            except PeekError as error:
                gathered[port.peer.id] = error

        async with trio.open_nursery() as nursery:
            for port in ports:
                nursery.start_soon(tell, port)
        return list(gathered.items())

    def _answer(self, contract: Contract[..., R], service: str, outcome: bytes | PeekError) -> Answer[R]:
        if isinstance(outcome, PeekError):
            return Answer(service, outcome)
        try:
            value: R = contract.decode_result(self._registry.codec, outcome)
        except PeekError as error:
            return Answer(service, error)
        return Answer(service, value=value)


class _Decoded(Generic[T]):
    """The items of a stream, decoded as they are taken."""

    def __init__(self, bodies: AsyncIterator[bytes], decode: Callable[[bytes], T]) -> None:
        self._bodies, self._decode = bodies, decode

    def __aiter__(self) -> AsyncIterator[T]:
        return self

    async def __anext__(self) -> T:
        return self._decode(await anext(self._bodies))


def _header(name: str, seconds: float, target: str, port: Port) -> dict[str, Any]:
    header = {"k": "call", "i": 0, "m": name, "d": seconds}
    if target != port.peer.service and target != port.peer.id:
        header["to"] = target
    return header
