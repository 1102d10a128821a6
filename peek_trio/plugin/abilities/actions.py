"""`ctx.actions`: what people and services ask to be done, each exactly once."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import trio

from peek_trio.errors import Rejected
from peek_trio.plugin.parameters import Form, describe, form_of
from peek_trio.plugin.registrations import Registrations
from peek_trio.security import Policy
from peek_trio.transport import ActionRequest, ActionResult

__all__ = ["Actions"]

F = TypeVar("F", bound=Callable[..., Any])
Upgrade = TypeVar("Upgrade", bound=Callable[[dict[str, Any]], dict[str, Any]])
Apply = Callable[[ActionRequest], Awaitable[ActionResult]]

_DATABASE = ("session", "statements")


class Actions:
    """Actions. A device keeps an action while it is offline and sends it until it is answered; the handler's effect happens once."""

    def __init__(self, registrations: Registrations) -> None:
        self._registrations = registrations
        self._board = registrations.parts.board

    def handler(self, cls: type, *, allow: Policy, once: bool = True) -> Callable[[F], F]:
        """Decorates the function that does what an action of tuple class `cls` asks.

        `def f(action, session)` runs in a thread; the platform commits what it did together with the receipt, so that a resend is
        answered from the receipt. `def f(action, statements)` is the same with plain SQL instead of the ORM, several times as quick
        under load; it may be called twice for one effect, so it touches nothing but the database.

        A handler that reaches outside the database is `async def f(action)` and must say `once=False`. It runs again when a device that
        has not heard the answer sends again, which the answer says (`repeated`): make its effect one that may happen twice.

        Any may also take `principal`. What it returns travels to the sender as JSON; `raise Rejected("…")` refuses, with the sentence
        for the person. Raises PluginError at once when the function does not fit.
        """

        def register(fn: F) -> F:
            self._registrations.tuples(cls)
            self._registrations.scope.handle(cls, self._applier(fn, once), allow=allow, once=once)
            return fn

        return register

    def upgrade(self, cls: type, *, version: int) -> Callable[[Upgrade], Upgrade]:
        """Decorates the function that reads actions made in an older `version` of `cls`, by a page that has not been reloaded since.

        `def f(fields: dict) -> dict` makes of the fields of that version, as plain JSON, those of the next one; from there it goes on
        with the function for that one. Raises PeekError when the class has no such older version.
        """

        def register(fn: Upgrade) -> Upgrade:
            self._registrations.tuples(cls)
            self._registrations.scope.upgrade(cls, version, fn)
            return fn

        return register

    async def act(self, action: object, *, key: str = "", timeout: float = 30.0) -> ActionResult:
        """Ask for `action`. Actions of equal `key` are done in the order asked."""
        return await self._board.act(action, key=key, timeout=timeout)

    def _applier(self, fn: Callable[..., Any], once: bool) -> Apply:
        form = form_of(fn, given="action", extras=(*_DATABASE, "principal"), refuse=self._registrations.error)
        self._check(fn, form, once)
        if once:
            return self._exactly_once(fn, form)
        run = self._running(fn, form)

        async def apply(request: ActionRequest) -> ActionResult:
            try:
                return ActionResult("applied", encoded=self._encoded(fn, await run(request)))
            except Rejected as refusal:
                return ActionResult("rejected", str(refusal))

        return apply

    def _check(self, fn: Callable[..., Any], form: Form, once: bool) -> None:
        if (why := self._misfit(form, once)) is not None:
            raise self._registrations.error(f"{describe(fn)} {why}")
        for extra in form.extras.intersection(_DATABASE):
            self._registrations.database(f"The handler {describe(fn)} takes a {extra.removesuffix('s')} and")

    def _misfit(self, form: Form, once: bool) -> str | None:
        if form.extras.issuperset(_DATABASE):
            return "takes a session and statements; one of them is enough, and the other would not see what it does."
        if form.is_async and not form.extras.isdisjoint(_DATABASE):
            return "is async and takes a session; sessions block, so make it a plain function."
        if once and form.is_async:
            return "is async, so its effect cannot be committed together with the receipt; register it with once=False."
        if once and form.extras.isdisjoint(_DATABASE):
            return "takes no session, so its effect cannot be committed together with the receipt; take one, or say once=False."
        if not once and "statements" in form.extras:
            return "takes statements, which are for effects that happen once; take a session, or leave out once=False."
        return None

    def _exactly_once(self, fn: Callable[..., Any], form: Form) -> Apply:
        # An agent has no database and need not load its library.
        from peek_trio.plugin.abilities.keeping import apply_with_session, apply_with_statements

        database, name = self._registrations.database(f"The handler {describe(fn)}"), describe(fn)
        handed, apply_with = "session", apply_with_session
        if "statements" in form.extras:
            handed, apply_with = "statements", apply_with_statements

        async def apply(request: ActionRequest) -> ActionResult:
            def work(given: Any) -> bytes:
                arguments = form.arguments(**{handed: given}, principal=request.principal)
                return self._encoded(fn, fn(request.action, **arguments))

            return await apply_with(database, request, work, name)

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

    def _encoded(self, fn: Callable[..., Any], value: Any) -> bytes:
        if value is None:
            return b""
        annotation = inspect.signature(fn).return_annotation
        return self._registrations.parts.registry.codec.encode_value(
            value, Any if isinstance(annotation, str) or annotation is inspect.Signature.empty else annotation
        )
