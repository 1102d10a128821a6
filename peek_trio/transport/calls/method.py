"""A contract together with the function that serves it on this service, and how that function is run."""

from __future__ import annotations

import functools
import inspect
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import attrs
import trio

from peek_trio.errors import CallError, DeadlineExceeded, PeekError, Unavailable
from peek_trio.security import Policy, Principal
from peek_trio.transport.calls.contract import Contract
from peek_trio.transport.owner import Owner

__all__ = ["Method"]


@attrs.frozen(eq=False)
class Method:
    """One method as it is served here. Made by `of`, which finds out how `fn` wants to be called."""

    contract: Contract[..., Any]
    fn: Callable[..., Any]
    allow: Policy
    owner: Owner
    takes_principal: bool
    in_thread: bool

    @classmethod
    def of(cls, contract: Contract[..., Any], fn: Callable[..., Any], allow: Policy, owner: Owner) -> Method:
        """Raises PeekError when `fn` cannot take the contract's arguments.

        A sync `fn` runs in a thread. A parameter `principal` that the contract does not have receives the caller's principal.
        """
        wanted = contract.signature.parameters
        try:
            signature = inspect.signature(fn)
        except (TypeError, ValueError) as error:
            raise PeekError(f"{fn!r} cannot serve {contract.name}: its parameters are unknown.") from error
        takes_principal = "principal" in signature.parameters and "principal" not in wanted
        try:
            signature.bind(**dict.fromkeys((*wanted, "principal") if takes_principal else wanted))
        except TypeError as error:
            raise PeekError(f"{fn!r} cannot serve {contract.name}{contract.signature}: {error}.") from error
        is_async = inspect.iscoroutinefunction(fn) or inspect.isasyncgenfunction(fn)
        return cls(contract, fn, allow, owner, takes_principal, in_thread=not is_async and not contract.streams)

    def keywords(self, arguments: Any, principal: Principal) -> dict[str, Any]:
        """What `fn` is called with, for the bound or decoded `arguments` of the contract."""
        keywords = self.contract.named(arguments)
        if self.takes_principal:
            keywords["principal"] = principal
        return keywords

    async def run(self, keywords: dict[str, Any], threads: trio.CapacityLimiter) -> Any:
        """The result of `fn`. A thread is waited for even when the call is cancelled: nothing is left running behind."""
        if not self.in_thread:
            return await self.fn(**keywords)
        return await trio.to_thread.run_sync(functools.partial(self.fn, **keywords), limiter=threads)

    @asynccontextmanager
    async def items(self, keywords: dict[str, Any]) -> AsyncIterator[AsyncIterator[Any]]:
        """The items of a `fn` that streams: an async generator function, or an async function that returns one."""
        items: Any = self.fn(**keywords)
        if inspect.isawaitable(items):
            items = await items
        try:
            yield items
        finally:
            try:
                await items.aclose()
            except* GeneratorExit:
                pass  # a generator that yields within a nursery hands its own end back in a group

    def cut_short(self, timeout: float | None) -> CallError:
        """Why a call was cancelled before it was done, other than by its caller."""
        if self.owner.closed:
            return Unavailable(f"{self.owner.name}, which serves {self.contract.name}, stopped during the call.")
        within = "its deadline" if timeout is None else f"{timeout:g} s"
        return DeadlineExceeded(f"{self.contract.name} did not finish within {within}.")
