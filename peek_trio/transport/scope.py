"""Everything one plugin has registered on a service, and its end.

A `Scope` is how a plugin puts functions behind methods, types and filts. Closing it takes all of them away at once, cancels what they are
doing and answers for it; nothing else needs to remember what belonged to whom.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any

from peek_trio.errors import PeekError, TupleError
from peek_trio.security import Policy, services
from peek_trio.transport.action import Apply, Handler
from peek_trio.transport.calls.contract import Contract
from peek_trio.transport.calls.method import CallerKind, Method
from peek_trio.transport.loader import Loader
from peek_trio.transport.message import Hear, Listener
from peek_trio.transport.observables.provided import Provider, Read
from peek_trio.transport.owner import Owner
from peek_trio.transport.upgrades import Upgrade
from peek_trio.tuples import tuple_name

if TYPE_CHECKING:
    from peek_trio.transport.switchboard import Switchboard

__all__ = ["Scope"]


class Scope:
    """What `owner` registers on a switchboard. Made by `Switchboard.scope`; every method raises PeekError once it is closed.

    A name that somebody else has registered is a PeekError that names both. Tuple classes that nobody has registered yet are registered
    for the owner.
    """

    def __init__(self, board: Switchboard, owner: str) -> None:
        self._board = board
        self._owner = Owner(owner)
        self._removers: list[Callable[[], None]] = []

    def serve(
        self,
        contract: Contract[..., Any],
        fn: Callable[..., Any],
        *,
        allow: Policy = services,
        accept_from: Collection[CallerKind] | None = None,
    ) -> None:
        """Serves `contract` with `fn`: an async function, a sync one (run in a thread), or an async generator for one that streams.

        `accept_from` names the kinds of callers whose calls are accepted, on top of `allow`; None for every kind.
        """
        self._check_open()
        if contract.served_by != self._board.me.service:
            raise PeekError(
                f"{contract.name} is served by the {contract.served_by}, not by the {self._board.me.service}."
            )
        self._keep(self._board.methods.add(Method.of(contract, fn, allow, self._owner, accept_from)))

    def provide(self, cls: type, read: Read, *, allow: Policy) -> None:
        """Answers selectors of the tuple class `cls` with what `read` returns."""
        name = self._known(cls)
        self._keep(self._board.provide(Provider(cls, name, read, allow, self._owner)))

    def handle(self, action_cls: type, apply: Apply, *, allow: Policy, once: bool = True) -> None:
        """Applies actions of the tuple class `action_cls`. Without `once`, `apply` keeps no receipts: a resend is applied again."""
        name = self._known(action_cls)
        self._keep(self._board.actions.add(Handler(name, apply, allow, self._owner, once)))

    def upgrade(self, action_cls: type, version: int, upgrade: Upgrade) -> None:
        """Reads actions that were made in the form of an older `version`; `upgrade` makes of their fields those of the next one."""
        name = self._known(action_cls)
        self._keep(self._board.actions.upgrades.add(action_cls, name, version, upgrade, self._owner))

    def load(self, cls: type, loader: Loader, *, allow: Policy) -> None:
        """Lets admin pages list and edit the rows of `cls`. Only on the server."""
        name = self._known(cls)
        if self._board.loaders is None:
            raise PeekError(
                f"{self._owner.name} cannot load {name} on the {self._board.me.service}: loaders live on the server."
            )
        self._keep(self._board.loaders.add(name, cls, loader, allow, self._owner))

    def listen(self, filt: Mapping[str, Any], handler: Hear, *, allow: Policy) -> None:
        """Takes every message whose filt contains `filt`."""
        self._check_open()
        self._keep(self._board.messages.add(Listener(dict(filt), handler, allow, self._owner)))

    def close(self) -> None:
        """Takes everything away and cancels what is running. Callers in flight get Unavailable, actions `retry`. Idempotent."""
        for remove in reversed(self._removers):
            remove()
        self._removers.clear()
        self._owner.close()

    def _keep(self, remover: Callable[[], None]) -> None:
        self._removers.append(remover)

    def _known(self, cls: type) -> str:
        self._check_open()
        name = tuple_name(cls)
        registry = self._board.registry
        try:
            known = registry.get(name)
        except TupleError:
            registry.add(cls, owner=self._owner.name)
        else:
            if known is not cls:
                raise PeekError(f"{self._owner.name} uses another class for {name} than the one that is registered.")
        return name

    def _check_open(self) -> None:
        if self._owner.closed:
            raise PeekError(f"{self._owner.name} has stopped and cannot register anything.")
