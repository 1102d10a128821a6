"""Calls between parts of the same service: same policy, deadline and errors as over a link, without the wire."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import trio

from peek_trio.errors import PeekError
from peek_trio.logs import current_trace
from peek_trio.security import Principal
from peek_trio.transport.calls.method import Method
from peek_trio.transport.calls.methods import Methods, Spawn
from peek_trio.transport.edge import FAULTS, failure
from peek_trio.transport.trace import log_request, present_trace, requests

__all__ = ["call_nearby", "stream_nearby"]

log = logging.getLogger(__name__)


async def call_nearby(methods: Methods, name: str, arguments: Any, principal: Principal, *, timeout: float) -> Any:
    """The result of the method `name`. Raises what a call over a link would raise."""
    method = methods.allowed(name, principal)
    began, trace = trio.current_time(), present_trace()
    outcome: object = "given up"
    token = current_trace.set(trace)
    try:
        with trio.CancelScope(deadline=began + timeout) as scope:
            method.owner.running.add(scope)
            try:
                keywords = method.keywords(arguments, principal)
                if method.in_thread:
                    value = await method.run_in_thread(keywords, principal, methods.threads)
                else:
                    value = await method.fn(**keywords)
                outcome = "answered"
                return value
            except FAULTS as raised:
                outcome = error = _told(raised, method, methods.service, trace)
                if error is raised:
                    raise
                raise error from raised
            finally:
                method.owner.running.discard(scope)
        outcome = late = method.cut_short(timeout)
        raise late
    finally:
        current_trace.reset(token)
        if requests.isEnabledFor(logging.DEBUG):
            log_request("Answered", {"k": "call", "m": name}, None, began, outcome, trace)


@asynccontextmanager
async def stream_nearby(
    methods: Methods, name: str, arguments: Any, principal: Principal, *, timeout: float, spawn: Spawn
) -> AsyncIterator[AsyncIterator[Any]]:
    """The items of the method `name`, which streams. `timeout` is for the whole stream. Leaving the context cancels the callee.

    The callee runs in a task of its own, as it would for a caller far away: a generator that opens a nursery must not be resumed within
    somebody else's cancel scopes.
    """
    method = methods.allowed(name, principal)
    send, receive = trio.open_memory_channel[Any](0)
    scope = trio.CancelScope(deadline=trio.current_time() + timeout)
    items = _Items(receive, present_trace())
    method.owner.running.add(scope)
    spawn(_pump, method, method.keywords(arguments, principal), timeout, scope, send, items, methods.service)
    try:
        yield items
    finally:
        receive.close()
        scope.cancel()


async def _pump(
    method: Method,
    keywords: dict[str, Any],
    timeout: float,
    scope: trio.CancelScope,
    send: trio.MemorySendChannel[Any],
    items: _Items,
    service: str,
) -> None:
    current_trace.set(items.trace)  # this task is for this stream alone
    began = trio.current_time()
    try:
        with scope:
            async with method.items(keywords) as source:
                async for item in source:
                    await send.send(item)
        if scope.cancelled_caught:
            items.error = method.cut_short(timeout)
    except trio.BrokenResourceError:
        log.debug("The consumer of %s left.", method.contract.name)
    except FAULTS as raised:  # the edge of a plugin; whoever consumes the items raises it
        items.error = _told(raised, method, service, items.trace)
    finally:
        send.close()
        method.owner.running.discard(scope)
        if requests.isEnabledFor(logging.DEBUG):
            header = {"k": "call", "m": method.contract.name}
            log_request("Answered", header, None, began, items.error or "answered", items.trace)


class _Items:
    """The items that `_pump` sends, then its error if there was one."""

    def __init__(self, receive: trio.MemoryReceiveChannel[Any], trace: str) -> None:
        self.error: PeekError | None = None
        self.trace = trace
        self._receive = receive

    def __aiter__(self) -> AsyncIterator[Any]:
        return self

    async def __anext__(self) -> Any:
        try:
            return await self._receive.receive()
        except trio.EndOfChannel:
            raise self.error or StopAsyncIteration from None


def _told(raised: BaseException, method: Method, service: str, trace: str) -> PeekError:
    return failure(raised, f"Serving {method.contract.name}", service=service, trace=trace)
