"""`ctx.rpc`: calls to other services, and calls served here."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import AbstractAsyncContextManager
from typing import Any, ParamSpec, TypeVar

from peek_trio.plugin.registrations import Registrations
from peek_trio.security import Policy, services
from peek_trio.transport import Answer, CallerKind, Contract
from peek_trio.transport.wire import Peer

__all__ = ["Rpc"]

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")


class Rpc:
    """Typed calls between services. A contract (`@rpc`) is declared once; this serves it or calls it."""

    def __init__(self, registrations: Registrations) -> None:
        self._registrations = registrations
        self._board = registrations.parts.board

    def serve(
        self,
        contract: Contract[P, R],
        fn: Callable[..., Any],
        *,
        allow: Policy = services,
        accept_from: Collection[CallerKind] | None = None,
    ) -> None:
        """Answer calls of `contract` with `fn`, for those whom `allow` lets. A plain function runs in a thread, an async one here.

        `accept_from={"agent"}` accepts calls only of such services, or with "device" of people's devices, on top of `allow`. A parameter
        `principal` that the contract lacks receives who is calling. Raises PluginError when the contract belongs to another service.
        """
        here = self._registrations.parts.service
        if contract.served_by != here:
            raise self._registrations.error(
                f"{contract.name} is served by the {contract.served_by} service; this is the {here}."
            )
        self._registrations.scope.serve(contract, fn, allow=allow, accept_from=accept_from)

    def caller(
        self, contract: Contract[P, R], *, to: str | None = None, timeout: float = 30.0
    ) -> Callable[P, Awaitable[R]]:
        """A function that calls `contract` and gives its result, within `timeout` seconds.

        `to` is the id of one service; else any connected service of the right kind answers, each in its turn. The function raises
        CallError of the fitting kind: Unavailable when none is connected or the link is lost (its `sent` says whether the call may have
        been done), DeadlineExceeded, NotAllowed, Rejected, RemoteError. Where others are Unavailable an idempotent contract is called
        again until the time is up.
        """
        return self._board.caller(contract, to=to, timeout=timeout)

    def call_all(
        self, contract: Contract[P, R], *, to: str | None = None, timeout: float = 30.0
    ) -> Callable[P, Awaitable[list[Answer[R]]]]:
        """A function that calls `contract` on every connected service of its kind (or of the kind `to`), within `timeout` seconds for all.

        It gives one `Answer` for each: `service` is its id, `value` the result or, if there is none, raises `error`. Somebody's failure is
        in their answer; the function raises only when nobody could be asked, Unavailable when the server is not connected.
        """
        return self._board.call_all(contract, to=to, timeout=timeout)

    def stream(
        self, contract: Contract[P, AsyncIterator[T]], *, to: str | None = None, timeout: float = 30.0
    ) -> Callable[P, AbstractAsyncContextManager[AsyncIterator[T]]]:
        """Like `caller`, for a contract that gives an async iterator: `async with stream(1, 2) as items`. Leaving the block cancels it."""
        return self._board.streamer(contract, to=to, timeout=timeout)

    def peers(self, kind: str | None = None) -> list[Peer]:
        """Who is linked to this service just now, of one kind ("agent") or all."""
        return [peer for peer in self._board.peers() if kind in (None, peer.service)]
