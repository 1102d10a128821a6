"""How code on a service uses what others serve: calls, streams, actions and messages.

Each finds its way at the moment of asking: this service itself, a peer that is connected, or the server further up.
"""

from __future__ import annotations

import itertools
import uuid
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Any, Generic, ParamSpec, TypeVar, cast

import trio

from peek_trio.errors import DeadlineExceeded, PeekError, RemoteError, Unavailable
from peek_trio.security import Principal
from peek_trio.transport.action import RETRY_AFTER, ActionRequest, ActionResult, Actions, Waiting, read_ack
from peek_trio.transport.calls.caller import ask, seconds_left, stream
from peek_trio.transport.calls.contract import Contract
from peek_trio.transport.calls.methods import Methods, Spawn
from peek_trio.transport.calls.nearby import call_nearby, stream_nearby
from peek_trio.transport.directory import Directory, absent
from peek_trio.transport.exchange import Port
from peek_trio.transport.message import Messages
from peek_trio.tuples import TupleRegistry, tuple_name

__all__ = ["Asker"]

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")


class Asker:
    """Asks in the name of one service: `principal` as far as its own endpoints are concerned, its link's identity elsewhere."""

    def __init__(
        self,
        service_id: str,
        principal: Principal,
        registry: TupleRegistry,
        directory: Directory,
        methods: Methods,
        actions: Actions,
        messages: Messages,
        spawn: Spawn,
    ) -> None:
        self._id = service_id
        self._spawn = spawn
        self._principal = principal
        self._registry = registry
        self._directory = directory
        self._methods, self._actions, self._messages = methods, actions, messages
        self._sequences: dict[str, Iterator[int]] = defaultdict(partial(itertools.count, 1))

    def caller(self, contract: Contract[P, R], *, to: str | None, timeout: float) -> Callable[P, Any]:
        """See `Switchboard.caller`."""
        target, name = to or contract.served_by, contract.name
        what = f"Calling {name}"

        async def call(*args: P.args, **kwargs: P.kwargs) -> R:
            if contract.streams:
                raise PeekError(f"{name} streams: use a streamer, not a caller.")
            arguments = contract.bind(*args, **kwargs)
            seconds = seconds_left(timeout)
            port = self._directory.way(target)
            if port is None:
                method = self._methods.allowed(name, self._principal)
                result = await call_nearby(
                    method, arguments, self._principal, timeout=seconds, threads=self._methods.threads
                )
                return cast(R, result)
            codec = self._registry.codec
            body = contract.encode_arguments(codec, arguments)
            answer = await ask(port, _call_header(name, seconds, target, port), body, timeout=seconds, what=what)
            return cast(R, contract.decode_result(codec, answer.body))

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
                method = self._methods.allowed(name, self._principal)
                async with stream_nearby(
                    method, arguments, self._principal, timeout=seconds, spawn=self._spawn
                ) as nearby:
                    yield nearby
                return
            codec = self._registry.codec
            body = contract.encode_arguments(codec, arguments)
            header = _call_header(name, seconds, target, port)
            async with stream(port, header, body, timeout=seconds, what=f"Calling {name}") as bodies:
                yield _Decoded(bodies, partial(contract.decode_result, codec))

        return open_stream

    async def act(self, action: object, *, key: str, timeout: float) -> ActionResult:
        """See `Switchboard.act`."""
        name = tuple_name(type(action))
        sequence, made = next(self._sequences[key]), datetime.now(UTC)
        request = ActionRequest(action, uuid.uuid4().hex, self._id, key, sequence, made, self._principal)
        if self._actions.handles(name):
            return await self._act_here(name, request, timeout)
        port = self._directory.upstream
        if port is None:
            return self._actions.unhandled(name) if self._directory.is_top else _not_now(absent("server"))
        header = {"k": "act", "i": 0, "t": name, "id": request.id, "dev": self._id, "seq": sequence, "key": key}
        header["made"] = made.isoformat()
        codec = self._registry.codec
        body = codec.encode_one(action)
        try:
            answer = await ask(port, header, body, timeout=seconds_left(timeout), what=f"Applying {name}")
        except Unavailable as lost:
            return _not_now(str(lost))
        return read_ack(codec, answer)

    async def send_message(
        self, filt: Mapping[str, Any], rows: Sequence[object], *, to: str | None, timeout: float
    ) -> int:
        """See `Switchboard.send_message`."""
        upstream = self._directory.upstream
        here = to in self._directory.own if to is not None else self._directory.is_top or self._messages.heard(filt)
        seconds = seconds_left(timeout)
        if here:
            return await self._messages.deliver_here(filt, rows, self._principal, seconds)
        body = self._registry.codec.encode(rows)
        header: dict[str, Any] = {"k": "msg", "i": 0, "f": dict(filt)}
        ports = self._directory.all(to) if to is not None else []
        if not ports:
            if upstream is None:
                raise Unavailable(absent(to or "server"))
            ports = [upstream]
            if to is not None:
                header["to"] = to
        return await ask_all(ports, header, body, timeout=seconds)

    async def _act_here(self, name: str, request: ActionRequest, timeout: float) -> ActionResult:
        answered = trio.Event()
        results: list[ActionResult] = []

        def answer(result: ActionResult) -> None:
            results.append(result)
            answered.set()

        self._actions.take(Waiting(answer), name, request, lambda: request.action)
        with trio.move_on_after(timeout):
            await answered.wait()
        if not results:
            raise DeadlineExceeded(f"Applying {name} took longer than {timeout:g} s.")
        return results[0]


async def ask_all(ports: Sequence[Port], header: dict[str, Any], body: bytes, *, timeout: float) -> int:
    """Sends a message to every port; the sum of how many took it. Raises the first error when nobody did."""
    errors: list[Exception] = []
    taken = 0

    async def tell(port: Port) -> None:
        nonlocal taken
        try:
            answer = await ask(port, dict(header), body, timeout=timeout, what="The message")
            taken += int(answer.body)
        except (PeekError, ValueError) as error:
            errors.append(
                error if isinstance(error, PeekError) else RemoteError("A message was answered without a count.")
            )

    async with trio.open_nursery() as nursery:
        for port in ports:
            nursery.start_soon(tell, port)
    if len(errors) == len(ports):
        raise errors[0]
    return taken


class _Decoded(Generic[T]):
    """The items of a stream, decoded as they are taken."""

    def __init__(self, bodies: AsyncIterator[bytes], decode: Callable[[bytes], T]) -> None:
        self._bodies, self._decode = bodies, decode

    def __aiter__(self) -> AsyncIterator[T]:
        return self

    async def __anext__(self) -> T:
        return self._decode(await anext(self._bodies))


def _call_header(name: str, seconds: float, target: str, port: Port) -> dict[str, Any]:
    header = {"k": "call", "i": 0, "m": name, "d": round(seconds, 3)}
    if target != port.peer.service and target != port.peer.id:
        header["to"] = target
    return header


def _not_now(why: str) -> ActionResult:
    return ActionResult("retry", why, after=RETRY_AFTER)
