"""The face of Peek Trio for plugin authors: everything a plugin may import, and nothing else.

A name is fetched from its room when it is first asked for. An agent therefore never pays for the database, nor a command for the
web sites, although both import this package. Imports point down: cli → nursery → frontend, tasks, plugin → transport → security
→ storage → tuples; `tests/test_layers.py` keeps it so, and `tests/test_face.py` pins the names below.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from peek_trio.errors import (
        BadRequest,
        CallError,
        ConfigError,
        Conflict,
        DatabaseUnavailable,
        DeadlineExceeded,
        LinkError,
        LinkLost,
        MigrationError,
        NoSuchEndpoint,
        NotAllowed,
        PeekError,
        PluginError,
        Rejected,
        RemoteError,
        StorageError,
        StorageFull,
        TaskDied,
        TaskError,
        TaskFailed,
        TaskTimeout,
        TupleError,
        Unavailable,
    )
    from peek_trio.hookspecs import hookimpl
    from peek_trio.plugin import AgentContext, ClientContext, ServerContext, WorkerContext
    from peek_trio.security import Policy, Principal, admin, anyone, role, services, services_of, signed_in
    from peek_trio.storage import BinaryPieces, Statements
    from peek_trio.tasks import TaskContext, TaskProgress, task
    from peek_trio.transport import Contract, ObservedState, rpc
    from peek_trio.transport.wire import Peer
    from peek_trio.tuples import BigInt, TravelsAs, TupleSelector, tuple_type

__version__ = "0.1.0"

_ROOMS = {
    "errors": (
        "BadRequest CallError ConfigError Conflict DatabaseUnavailable DeadlineExceeded LinkError LinkLost MigrationError "
        "NoSuchEndpoint NotAllowed PeekError PluginError Rejected RemoteError StorageError StorageFull TaskDied TaskError TaskFailed "
        "TaskTimeout TupleError Unavailable"
    ),
    "hookspecs": "hookimpl",
    "plugin": "AgentContext ClientContext ServerContext WorkerContext",
    "security": "Policy Principal admin anyone role services services_of signed_in",
    "storage": "BinaryPieces Statements",
    "tasks": "TaskContext TaskProgress task",
    "transport": "Contract ObservedState rpc",
    "transport.wire": "Peer",
    "tuples": "BigInt TravelsAs TupleSelector tuple_type",
}

_ROOM_OF = {name: room for room, names in _ROOMS.items() for name in names.split()}

__all__ = [
    "AgentContext",
    "BadRequest",
    "BigInt",
    "BinaryPieces",
    "CallError",
    "ClientContext",
    "ConfigError",
    "Conflict",
    "Contract",
    "DatabaseUnavailable",
    "DeadlineExceeded",
    "LinkError",
    "LinkLost",
    "MigrationError",
    "NoSuchEndpoint",
    "NotAllowed",
    "ObservedState",
    "PeekError",
    "Peer",
    "PluginError",
    "Policy",
    "Principal",
    "Rejected",
    "RemoteError",
    "ServerContext",
    "Statements",
    "StorageError",
    "StorageFull",
    "TaskContext",
    "TaskDied",
    "TaskError",
    "TaskFailed",
    "TaskProgress",
    "TaskTimeout",
    "TravelsAs",
    "TupleError",
    "TupleSelector",
    "Unavailable",
    "WorkerContext",
    "admin",
    "anyone",
    "hookimpl",
    "role",
    "rpc",
    "services",
    "services_of",
    "signed_in",
    "task",
    "tuple_type",
]


def __getattr__(name: str) -> Any:
    """Fetch a public name from its room, once."""
    if name not in _ROOM_OF:
        raise AttributeError(f"module 'peek_trio' has no attribute {name!r}")
    value = getattr(import_module(f"peek_trio.{_ROOM_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
