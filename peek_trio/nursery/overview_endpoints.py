"""The overview as administrators see it: services, plugins, the database, settings and tasks, each a tuple that updates by itself."""

from collections.abc import Callable, Sequence
from typing import Any

from peek_trio.nursery import platform_contracts as contracts
from peek_trio.nursery.database_watch import DatabaseWatch
from peek_trio.nursery.overview import PluginOverview, ServiceOverview
from peek_trio.nursery.platform_tuples import DatabaseState, Service
from peek_trio.plugin import PluginStatus
from peek_trio.security import Principal, admin, services
from peek_trio.storage import Database, Setting, SettingStore
from peek_trio.tasks import TaskCaller, TaskRun
from peek_trio.transport import Scope, Switchboard
from peek_trio.tuples import TupleSelector


def serve_services(board: Switchboard, scope: Scope) -> ServiceOverview:
    """Show which services are there, following the links of `board`."""
    overview = ServiceOverview()

    def look(*_: object) -> None:
        overview.connected(
            peer for peer in board.peers() if peer.principal.kind == "service" and peer.service != "operator"
        )

    board.on_peers(look)
    look()
    overview.on_change = lambda: board.notify("peek.Service")
    _show(scope, Service, overview.rows)
    return overview


def serve_plugin_states(board: Switchboard, scope: Scope, seen: ServiceOverview) -> PluginOverview:
    """Show how plugins are doing everywhere; every service reports its own, and a forgotten one takes its plugins along."""
    overview = PluginOverview(on_change=lambda: board.notify("peek.PluginState"))

    seen.on_forgotten = overview.forget

    async def report(plugins: list[PluginStatus], principal: Principal) -> None:
        overview.reported(principal.name, plugins)

    _show(scope, PluginStatus, overview.rows)
    scope.serve(contracts.report_plugins, report, allow=services)
    return overview


def serve_settings(board: Switchboard, scope: Scope, settings: SettingStore) -> None:
    """Show the settings that plugins have declared, and let administrators change them."""

    async def read(selector: TupleSelector, principal: Principal) -> Sequence[Setting]:
        return await settings.all()

    async def save(plugin: str, key: str, value: Any) -> None:
        await settings.put(plugin, key, value)
        board.notify("peek.Setting")

    scope.provide(Setting, read, allow=admin)
    scope.serve(contracts.save_setting, save, allow=admin)


def serve_database_state(board: Switchboard, scope: Scope, database: Database) -> DatabaseWatch:
    """Show how the database is; it has to be `run` for that."""
    watch = DatabaseWatch(database, on_change=lambda: board.notify("peek.DatabaseState"))
    _show(scope, DatabaseState, watch.rows)
    return watch


def serve_task_runs(scope: Scope, tasks: TaskCaller) -> None:
    """Show the tasks that plugins had done."""
    _show(scope, TaskRun, tasks.runs)


def _show(scope: Scope, cls: type, rows: Callable[[], Sequence[object]]) -> None:
    async def read(selector: TupleSelector, principal: Principal) -> Sequence[object]:
        return rows()

    scope.provide(cls, read, allow=admin)
