"""The server service: the database, people, plugins' central parts, the admin site, and the links of all other services.

The admin site opens first, so that there is somebody to tell what is wrong; then the database is made ready, plugins
start, and only then may other services link. It stops in the reverse order.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import trio

from peek_trio import logs
from peek_trio.config import ServerConfig, overlay_directory
from peek_trio.frontend import HttpMounts, PluginTrees, Site, provide_ui, serve_service_links, serve_site, ui_sources
from peek_trio.nursery import platform_contracts as contracts
from peek_trio.nursery.activity_endpoints import serve_activity
from peek_trio.nursery.addresses import site_url
from peek_trio.nursery.admission import admit_services
from peek_trio.nursery.credentials import TOKEN_FILE
from peek_trio.nursery.housekeeping import forget_old_receipts
from peek_trio.nursery.identity import introduction, own_principal
from peek_trio.nursery.layers import layer
from peek_trio.nursery.overview_endpoints import (
    serve_database_state,
    serve_plugin_states,
    serve_services,
    serve_settings,
    serve_task_runs,
)
from peek_trio.nursery.people_endpoints import serve_people
from peek_trio.nursery.platform_tuples import Service
from peek_trio.nursery.revocation import Revocations
from peek_trio.nursery.server_database import server_database
from peek_trio.nursery.session_endpoints import serve_sessions
from peek_trio.nursery.traffic import serve_traffic
from peek_trio.plugin import PluginHost, PluginStatus, ServiceParts
from peek_trio.security import Principal, services_of
from peek_trio.security.people import People
from peek_trio.security.tokens import service_token
from peek_trio.storage import Database, SettingStore
from peek_trio.tasks import TaskCaller
from peek_trio.transport import Switchboard
from peek_trio.transport.wire import Hello
from peek_trio.tuples import TupleRegistry

Admit = Callable[[Hello], Awaitable[Principal]]


async def run_server(config: ServerConfig, home: Path, *, task_status: trio.TaskStatus[dict[str, str]]) -> None:
    """Run the server that lives in `home` until cancelled. Started with its addresses once all of it is ready."""
    secret = service_token(home / TOKEN_FILE)
    me = introduction("server", home)
    async with server_database(config.sqlalchemy, home) as database:
        server = Server(config, home, me, database)
        await server.run(admit_services(secret), task_status=task_status)


class Server:
    """The parts of the server, put together. What they register on the switchboard is there from the start."""

    def __init__(self, config: ServerConfig, home: Path, me: Hello, database: Database) -> None:
        self._config = config
        self._me = me
        self._database = database
        self._is_ready = False
        registry = TupleRegistry()
        self._board = board = Switchboard(me, registry, principal=own_principal(me))
        self._people = People(database)
        self._revocations = Revocations(board)
        self._mounts = HttpMounts()
        settings = SettingStore(database)
        tasks = TaskCaller(board, registry, on_change=lambda: board.notify("peek.TaskRun"))
        parts = ServiceParts(
            service="server",
            service_id=me.id,
            board=board,
            registry=registry,
            home=home,
            database=database,
            tasks=tasks,
            settings=settings,
            http=self._mounts,
        )
        self._plugins = PluginHost("server", config.plugin.enabled, parts, on_status=self._plugin_changed)
        sources = ui_sources("admin", self._plugins.manifests())
        self._trees = PluginTrees("admin", overlay_directory(home), sources)
        self._register(settings, tasks)

    def _register(self, settings: SettingStore, tasks: TaskCaller) -> None:
        board, scope = self._board, self._board.scope("peek")
        self._services = serve_services(board, scope)
        self._plugin_states = serve_plugin_states(board, scope, self._services)
        self._database_watch = serve_database_state(board, scope, self._database)
        serve_settings(board, scope, settings)
        serve_task_runs(scope, tasks)
        serve_traffic(board, scope)
        serve_people(board, scope, self._people)
        serve_activity(scope, self._database)
        serve_sessions(scope, self._people)
        provide_ui(board, scope, [self._trees])
        self._people.on_revoked.append(self._revocations.revoked)
        scope.serve(contracts.database_url, self._database_url, allow=services_of("worker"))

    async def run(self, admit: Admit, *, task_status: trio.TaskStatus[dict[str, str]]) -> None:
        """Open, prepare, start; until cancelled."""
        async with layer(self._board.run), layer(self._revocations.run), self._admin_site() as admin_address:
            await self._prepare_database()
            async with (
                layer(self._database.listen),
                layer(self._database_watch.run),
                layer(forget_old_receipts, self._database),
                layer(self._plugins.run),
                self._links(admit) as link_address,
            ):
                self._is_ready = True
                task_status.started({"admin": admin_address, "links": link_address})
                await trio.sleep_forever()

    @asynccontextmanager
    async def _admin_site(self) -> AsyncIterator[str]:
        site = Site(
            name="admin",
            board=self._board,
            authority=self._people,
            trees=self._trees,
            mounts=self._mounts,
            ready=lambda: self._is_ready,
        )
        at = self._config.admin_site
        async with layer(serve_site, site, host=at.host, port=at.port) as port:
            yield site_url(at.host, port)

    @asynccontextmanager
    async def _links(self, admit: Admit) -> AsyncIterator[str]:
        at, me = self._config.server_link, self._me
        async with layer(serve_service_links, self._board, admit, at.host, at.port) as port:
            address = f"{at.host}:{port}"
            now = datetime.now(UTC)
            self._services.came_up(Service(me.service, me.id, me.name, me.version, "up", now, at.host, address))
            yield address

    async def _prepare_database(self) -> None:
        with trio.move_on_after(1) as patience:
            await self._database.ready()
        if patience.cancelled_caught:
            logs.progress.info("waiting for the database; its log line says why")
            await self._database.ready()
        await self._database.migrate_platform()
        await self._people.ensure_first_admin()

    def _plugin_changed(self, status: PluginStatus) -> None:
        self._plugin_states.reported(self._me.id, self._plugins.statuses())
        self._board.notify("peek.Setting")  # plugins declare theirs as they start

    async def _database_url(self) -> str:
        return self._database.worker_url
