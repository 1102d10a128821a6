"""`ctx.actions`: what people and services ask to be done, each exactly once."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar

import trio

from peek_trio.errors import Rejected
from peek_trio.plugin.parameters import Form, describe, form_of
from peek_trio.plugin.registrations import Registrations
from peek_trio.security import Policy
from peek_trio.transport import ActionRequest, ActionResult

if TYPE_CHECKING:
    from peek_trio.storage import Claim

__all__ = ["Actions"]

F = TypeVar("F", bound=Callable[..., Any])
Apply = Callable[[ActionRequest], Awaitable[ActionResult]]


class Actions:
    """Actions. A device keeps an action while it is offline and sends it until it is answered; the handler's effect happens once."""

    def __init__(self, registrations: Registrations) -> None:
        self._registrations = registrations
        self._board = registrations.parts.board

    def handler(self, cls: type, *, allow: Policy, once: bool = True) -> Callable[[F], F]:
        """Decorates the function that does what an action of tuple class `cls` asks.

        `def f(action, session)` runs in a thread; the platform commits what it did together with the receipt, so that a resend is
        answered from the receipt. A handler that reaches outside the database is `async def f(action)` and must say `once=False`: a
        resend may then do it again. Either may also take `principal`. What it returns travels to the sender as JSON; `raise
        Rejected("…")` refuses, with the sentence for the person. Raises PluginError at once when the function does not fit.
        """

        def register(fn: F) -> F:
            self._registrations.tuples(cls)
            self._registrations.scope.handle(cls, self._applier(fn, once), allow=allow)
            return fn

        return register

    async def act(self, action: object, *, key: str = "", timeout: float = 30.0) -> ActionResult:
        """Ask for `action`. Actions of equal `key` are done in the order asked."""
        return await self._board.act(action, key=key, timeout=timeout)

    def _applier(self, fn: Callable[..., Any], once: bool) -> Apply:
        form = form_of(fn, given="action", extras=("session", "principal"), refuse=self._registrations.error)
        self._check(fn, form, once)
        if once:
            return self._exactly_once(fn, form)
        run = self._running(fn, form)

        async def apply(request: ActionRequest) -> ActionResult:
            try:
                return self._applied(fn, await run(request))
            except Rejected as refusal:
                return ActionResult("rejected", str(refusal))

        return apply

    def _check(self, fn: Callable[..., Any], form: Form, once: bool) -> None:
        name = describe(fn)
        if form.is_async and "session" in form.extras:
            raise self._registrations.error(
                f"{name} is async and takes a session; sessions block, so make it a plain function."
            )
        if once and form.is_async:
            raise self._registrations.error(
                f"{name} is async, so its effect cannot be committed together with the receipt; register it with once=False."
            )
        if once and "session" not in form.extras:
            raise self._registrations.error(
                f"{name} takes no session, so its effect cannot be committed together with the receipt; take one, or say once=False."
            )
        if "session" in form.extras:
            self._registrations.database(f"The handler {name} takes a session and")

    def _exactly_once(self, fn: Callable[..., Any], form: Form) -> Apply:
        from peek_trio.storage import OutOfOrder  # an agent has no database and need not load its library

        database = self._registrations.database(f"The handler {describe(fn)}")

        async def apply(request: ActionRequest) -> ActionResult:
            def work(session: Any) -> bytes:
                arguments = form.arguments(session=session, principal=request.principal)
                return self._encoded(fn, fn(request.action, **arguments))

            try:
                receipt = await database.apply_once(_claim(request), work, name=describe(fn))
            except OutOfOrder as passed:
                return ActionResult("retry", str(passed), after=0.0, expected=passed.expected)
            return ActionResult(
                receipt.status,
                receipt.message,
                encoded=receipt.result,
                tx=receipt.tx,
                repeated=receipt.repeated,
                missing=receipt.missing,
            )

        return apply

    def _running(self, fn: Callable[..., Any], form: Form) -> Callable[[ActionRequest], Awaitable[Any]]:
        if form.is_async:
            return lambda request: fn(request.action, **form.arguments(principal=request.principal))
        if "session" not in form.extras:
            return lambda request: trio.to_thread.run_sync(
                lambda: fn(request.action, **form.arguments(principal=request.principal))
            )
        database = self._registrations.database(f"The handler {describe(fn)}")
        return lambda request: database.run(
            lambda session: fn(request.action, **form.arguments(session=session, principal=request.principal))
        )

    def _applied(self, fn: Callable[..., Any], value: Any) -> ActionResult:
        return ActionResult("applied", encoded=self._encoded(fn, value))

    def _encoded(self, fn: Callable[..., Any], value: Any) -> bytes:
        if value is None:
            return b""
        annotation = inspect.signature(fn).return_annotation
        return self._registrations.parts.registry.codec.encode_value(
            value, Any if isinstance(annotation, str) or annotation is inspect.Signature.empty else annotation
        )


def _claim(request: ActionRequest) -> Claim:
    from peek_trio.storage import Claim

    who = f"{request.principal.kind} {request.principal.name}"
    return Claim(
        request.device,
        request.id,
        request.key,
        request.seq,
        request.made,
        who=who,
        type=request.type,
        body=request.body,
    )
