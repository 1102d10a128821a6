"""How parts of the platform talk: links (`peek_trio.transport.wire`), and on them calls, observables, actions, loaders and messages.

A service has one `Switchboard`. A plugin registers what it offers through a `Scope` of it, and uses what others offer through the
switchboard itself.
"""

from peek_trio.transport.action import Keeper
from peek_trio.transport.acts import ActionRequest, ActionResult, ActionStatus
from peek_trio.transport.calls.answers import Answer
from peek_trio.transport.calls.contract import Contract, ServiceKind, rpc
from peek_trio.transport.calls.method import CallerKind
from peek_trio.transport.loader import Loader, LoaderPage, loader_delete, loader_list, loader_save
from peek_trio.transport.observables.observer import Observation
from peek_trio.transport.observables.state import ObservedState, StaleInfo
from peek_trio.transport.scope import Scope
from peek_trio.transport.switchboard import Switchboard

__all__ = [
    "ActionRequest",
    "ActionResult",
    "ActionStatus",
    "Answer",
    "CallerKind",
    "Contract",
    "Keeper",
    "Loader",
    "LoaderPage",
    "Observation",
    "ObservedState",
    "Scope",
    "ServiceKind",
    "StaleInfo",
    "Switchboard",
    "loader_delete",
    "loader_list",
    "loader_save",
    "rpc",
]
