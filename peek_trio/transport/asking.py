"""How code on a service has actions applied and messages taken. (How it calls is in `calls/calling.py`.)

Each finds its way at the moment of asking: this service itself, a peer that is connected, or the server further up.
"""

from __future__ import annotations

import itertools
import uuid
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

import trio

from peek_trio.errors import DeadlineExceeded, PeekError, RemoteError, Unavailable
from peek_trio.security import Principal
from peek_trio.transport.action import RETRY_AFTER, ActionRequest, ActionResult, Actions, Waiting, read_ack
from peek_trio.transport.calls.caller import ask, seconds_left
from peek_trio.transport.directory import Directory, absent
from peek_trio.transport.exchange import Port
from peek_trio.transport.message import Messages
from peek_trio.transport.trace import present_trace
from peek_trio.tuples import TupleRegistry, tuple_name

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
        self._id = service_id
        self._principal = principal
        self._registry = registry
        self._directory = directory
        self._actions, self._messages = actions, messages
        self._sequences: dict[str, Iterator[int]] = defaultdict(partial(itertools.count, 1))

    def request(self, action: object, *, key: str) -> ActionRequest:
        """See `Switchboard.request`."""
        made = datetime.now(UTC)
        name, body = tuple_name(type(action)), self._registry.codec.encode_one(action)
        seq = next(self._sequences[key])
        return ActionRequest(action, uuid.uuid4().hex, self._id, key, seq, made, self._principal, name, body)

    async def act(self, request: ActionRequest, *, timeout: float) -> ActionResult:
        """See `Switchboard.send`."""
        name = request.type
        if self._actions.handles(name):
            return await self._act_here(name, request, timeout)
        port = self._directory.upstream
        if port is None:
            return self._actions.unhandled(name) if self._directory.is_top else _not_now(absent("server"))
        header = {"k": "act", "i": 0, "t": name, "id": request.id, "dev": request.device, "seq": request.seq}
        header |= {"key": request.key, "made": request.made.isoformat()}
        codec = self._registry.codec
        try:
            answer = await ask(port, header, request.body, timeout=seconds_left(timeout), what=f"Applying {name}")
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
        header: dict[str, Any] = {"k": "msg", "i": 0, "f": dict(filt), "tr": present_trace()}
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

        self._actions.take(Waiting(answer, present_trace()), name, request, lambda: request.action)
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


def _not_now(why: str) -> ActionResult:
    return ActionResult("retry", why, after=RETRY_AFTER)
