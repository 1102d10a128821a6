"""What a service gives its plugins to work with. The host hands it in; a plugin sees it only through its context.

The rooms beside this one (tasks, frontend) are known here by what they must do, not by who they are.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, TypeVarTuple

import attrs

from peek_trio.security import Policy
from peek_trio.transport import Switchboard
from peek_trio.tuples import TupleRegistry

if TYPE_CHECKING:
    from peek_trio.storage import Database, SettingStore

__all__ = ["Mounts", "ServiceParts", "TaskCalls"]

R = TypeVar("R")
Ts = TypeVarTuple("Ts")


class Mounts(Protocol):
    """The web site(s) of the service, as far as plugins add to them."""

    def mount(self, plugin: str, path: str, what: Any, allow: Policy) -> Callable[[], None]:
        """Serve an ASGI application or a directory (a Path) below `/<plugin><path>`. Gives the function that takes it away."""
        ...


class TaskCalls(Protocol):
    """Runs marked functions in the subprocesses of a worker."""

    async def call(
        self,
        fn: Callable[[Any, *Ts], R],
        *args: *Ts,
        timeout: float,
        on_progress: Callable[[Any], None] | None = None,
        asked_by: str = "",
    ) -> R:
        """Run `fn(task_context, *args)` and give what it returns."""
        ...


@attrs.frozen(kw_only=True)
class ServiceParts:
    """The parts of one service.

    `service` is its kind, `service_id` its id, `home` its directory. `database`, `settings` and `tasks` are the server's (a worker
    has `database` too), `http` belongs to services with web sites; elsewhere they are None.
    """

    service: str
    service_id: str
    board: Switchboard
    registry: TupleRegistry
    home: Path
    database: Database | None = None
    tasks: TaskCalls | None = None
    settings: SettingStore | None = None
    http: Mounts | None = None
