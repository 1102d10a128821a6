"""Calls between parts of the same service: same policy, deadline and errors as over a link, without the wire."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import trio

from peek_trio.errors import PeekError, RemoteError, sentence_of
from peek_trio.security import Principal
from peek_trio.transport.calls.method import Method
from peek_trio.transport.calls.methods import Spawn
from peek_trio.transport.edge import core_of

__all__ = ["call_nearby", "stream_nearby"]

log = logging.getLogger(__name__)


async def call_nearby(
    method: Method, arguments: Any, principal: Principal, *, timeout: float, threads: trio.CapacityLimiter
) -> Any:
    """The result of `method`. Raises what a call over a link would raise."""
    with trio.CancelScope(deadline=trio.current_time() + timeout) as scope:
        method.owner.running.add(scope)
        try:
            return await method.run(method.keywords(arguments, principal), threads)
        except Exception as error:
            if (seen := _as_seen_from_afar(error)) is error:
                raise
            raise seen from error
        finally:
            method.owner.running.discard(scope)
    raise method.cut_short(timeout)


@asynccontextmanager
async def stream_nearby(
    method: Method, arguments: Any, principal: Principal, *, timeout: float, spawn: Spawn
) -> AsyncIterator[AsyncIterator[Any]]:
    """The items of `method`, which streams. `timeout` is for the whole stream. Leaving the context cancels the callee.

    The callee runs in a task of its own, as it would for a caller far away: a generator that opens a nursery must not be resumed within
    somebody else's cancel scopes.
    """
    send, receive = trio.open_memory_channel[Any](0)
    scope = trio.CancelScope(deadline=trio.current_time() + timeout)
    items = _Items(receive)
    method.owner.running.add(scope)
    spawn(_pump, method, method.keywords(arguments, principal), timeout, scope, send, items)
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
) -> None:
    try:
        with scope:
            async with method.items(keywords) as source:
                async for item in source:
                    await send.send(item)
        if scope.cancelled_caught:
            items.error = method.cut_short(timeout)
    except trio.BrokenResourceError:
        log.debug("The consumer of %s left.", method.contract.name)
    except Exception as error:  # noqa: BLE001  # the edge of a plugin; whoever consumes the items raises it
        items.error = _as_seen_from_afar(error)
    finally:
        send.close()
        method.owner.running.discard(scope)


class _Items:
    """The items that `_pump` sends, then its error if there was one."""

    def __init__(self, receive: trio.MemoryReceiveChannel[Any]) -> None:
        self.error: PeekError | None = None
        self._receive = receive

    def __aiter__(self) -> AsyncIterator[Any]:
        return self

    async def __anext__(self) -> Any:
        try:
            return await self._receive.receive()
        except trio.EndOfChannel:
            raise self.error or StopAsyncIteration from None


def _as_seen_from_afar(raised: Exception) -> PeekError:
    error = core_of(raised)
    return error if isinstance(error, PeekError) else RemoteError(sentence_of(error))
