"""How code on a service has actions applied and messages taken. (How it calls is in `calls/calling.py`.)

Each finds its way at the moment of asking: this service itself, a peer that is connected, or the server further up.
"""

from __future__ import annotations

import secrets
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import attrs
import trio

from peek_trio.errors import DeadlineExceeded, PeekError, RemoteError, Unavailable
from peek_trio.security import Principal
from peek_trio.transport.action import RETRY_AFTER, Actions, Waiting
from peek_trio.transport.acts import ActionRequest, ActionResult, act_header, read_ack
from peek_trio.transport.calls.caller import ask, seconds_left
from peek_trio.transport.directory import Directory, absent
from peek_trio.transport.exchange import Port
from peek_trio.transport.message import Messages
from peek_trio.transport.trace import present_trace
from peek_trio.tuples import TupleRegistry, tuple_name, tuple_version

__all__ = ["Asker", "ask_all"]


class Asker:
    """Asks in the name of one service: `principal` as far as its own endpoints are concerned, its link's identity elsewhere."""

    def __init__(
        self,
        service_id: str,
        principal: Principal,
        registry: TupleRegistry,
        directory: Directory,
        actions: Actions,
        messages: Messages,
    ) -> None:
        self._principal = principal
        self._registry = registry
        self._directory = directory
        self._actions, self._messages = actions, messages
        # Numbers begin anew with every life of a service, so each is a device of its own.
        self._device = f"{service_id}.{secrets.token_hex(4)}"
        self._numbers: Counter[str] = Counter()

    def request(self, action: object, *, key: str) -> ActionRequest:
        """See `Switchboard.request`."""
        cls = type(action)
        name, body = tuple_name(cls), self._registry.codec.encode_one(action)
        self._numbers[key] += 1
        return ActionRequest(
            action,
            uuid.uuid4().hex,
            self._device,
            key,
            self._numbers[key],
            datetime.now(UTC),
            self._principal,
            name,
            body,
            tuple_version(cls),
        )

    async def act(self, action: object, *, key: str, timeout: float) -> ActionResult:
        """See `Switchboard.act`."""
        name = tuple_name(type(action))
        if self._directory.upstream is None and not self._actions.handles(name) and not self._directory.is_top:
            return _not_now(absent("server"))  # before it has a number, which the server would miss
        return await self.send(self.request(action, key=key), timeout=timeout)

    async def send(self, request: ActionRequest, *, timeout: float) -> ActionResult:
        """See `Switchboard.send`."""
        until = trio.current_time() + timeout
        while True:
            result = await self._sent(request, until - trio.current_time())
            if result.status != "retry" or result.expected is None or trio.current_time() >= until:
                return result
            self._numbers[request.key] = max(self._numbers[request.key], result.expected - 1) + 1
            request = attrs.evolve(request, seq=self._numbers[request.key])

    async def _sent(self, request: ActionRequest, timeout: float) -> ActionResult:
        what = f"Applying {request.type}"
        port = self._directory.upstream
        if self._actions.handles(request.type) or (port is None and self._directory.is_top):
            return await self._act_here(request, timeout)
        if port is None:
            return _not_now(absent("server"))
        try:
            answer = await ask(port, act_header(request), request.body, timeout=seconds_left(timeout), what=what)
        except Unavailable as lost:
            return _not_now(str(lost))
        return read_ack(self._registry.codec, answer)

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
        header: dict[str, Any] = {"k": "msg", "i": 0, "f": dict(filt), "tr": present_trace()}
        ports = self._directory.all(to) if to is not None else []
        if not ports:
            if upstream is None:
                raise Unavailable(absent(to or "server"))
            ports = [upstream]
            if to is not None:
                header["to"] = to
        return await ask_all(ports, header, body, timeout=seconds)

    async def _act_here(self, request: ActionRequest, timeout: float) -> ActionResult:
        answered = trio.Event()
        results: list[ActionResult] = []

        def answer(result: ActionResult) -> None:
            results.append(result)
            answered.set()

        self._actions.take(Waiting(answer, present_trace()), request, lambda: request.action)
        with trio.move_on_after(timeout):
            await answered.wait()
        if not results:
            raise DeadlineExceeded(f"Applying {request.type} took longer than {timeout:g} s.")
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


def _not_now(why: str) -> ActionResult:
    return ActionResult("retry", why, after=RETRY_AFTER)
