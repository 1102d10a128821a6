"""A contract together with the function that serves it on this service, and how that function is run."""

from __future__ import annotations

import functools
import inspect
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from typing import Any, Literal, get_args

import attrs
import trio

from peek_trio.errors import CallError, DeadlineExceeded, NotAllowed, PeekError, Unavailable
from peek_trio.security import Policy, Principal
from peek_trio.transport.calls.contract import Contract
from peek_trio.transport.calls.fair import FairLimiter
from peek_trio.transport.edge import refusal
from peek_trio.transport.owner import Owner

__all__ = ["CallerKind", "Method"]

CallerKind = Literal["device", "client", "agent", "worker", "server", "operator"]
"""Where a call comes from: a service of that kind, or a device, which asks in the name of a person or of nobody."""


@attrs.frozen(eq=False)
class Method:
    """One method as it is served here. Made by `of`, which finds out how `fn` wants to be called."""

    contract: Contract[..., Any]
    fn: Callable[..., Any]
    allow: Policy
    owner: Owner
    takes_principal: bool
    in_thread: bool
    accept_from: frozenset[str] | None = None

    @classmethod
    def of(
        cls,
        contract: Contract[..., Any],
        fn: Callable[..., Any],
        allow: Policy,
        owner: Owner,
        accept_from: Collection[CallerKind] | None = None,
    ) -> Method:
        """Raises PeekError when `fn` cannot take the contract's arguments, or `accept_from` names what is no kind of caller.

        A sync `fn` runs in a thread. A parameter `principal` that the contract does not have receives the caller's principal.
        """
        if isinstance(accept_from, str) or not set(accept_from or ()) <= set(get_args(CallerKind)):
            raise PeekError(
                f"{contract.name} is to be accepted from {accept_from!r}; it must be some of {get_args(CallerKind)}."
            )
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
        in_thread = not is_async and not contract.streams
        kinds = None if accept_from is None else frozenset(accept_from)
        return cls(contract, fn, allow, owner, takes_principal, in_thread, kinds)

    def check(self, principal: Principal) -> None:
        """Raises NotAllowed unless `principal` may call this. What kind of caller it is, it has proved."""
        name = self.contract.name
        if self.accept_from is not None and self.accept_from.isdisjoint(
            principal.roles if principal.kind == "service" else _DEVICE
        ):
            accepted = " and ".join(sorted(self.accept_from)) or "nobody"
            raise NotAllowed(f"{name} is accepted from {accepted} only; you are {principal}.")
        if (no := refusal(self.allow, principal, f"Calling {name}")) is not None:
            raise no

    def keywords(self, arguments: Any, principal: Principal) -> dict[str, Any]:
        """What `fn` is called with, for the bound or decoded `arguments` of the contract."""
        keywords = self.contract.named(arguments)
        return {**keywords, "principal": principal} if self.takes_principal else keywords

    async def run_in_thread(self, keywords: dict[str, Any], principal: Principal, threads: FairLimiter) -> Any:
        """The result of a sync `fn`. The thread is waited for even when the call is cancelled: nothing is left running behind."""
        return await trio.to_thread.run_sync(functools.partial(self.fn, **keywords), limiter=threads.share(principal))

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
            return Unavailable(
                f"{self.owner.name}, which serves {self.contract.name}, stopped during the call. It may have been carried out.",
                sent=True,
            )
        within = "its deadline" if timeout is None else f"{timeout:g} s"
        return DeadlineExceeded(f"{self.contract.name} did not finish within {within}.")


_DEVICE = frozenset({"device"})
