"""A web site of the platform, whole: one port with its pages, plugin trees, API, mounts and websocket.

`serve_site` owns everything that a site does while it is open. The server has one site (admin), a client service two (mobile, desktop).
"""

from __future__ import annotations

import logging
import ssl
from collections.abc import Callable
from pathlib import Path

import attrs
import trio

from peek_trio.frontend.built import BUILT
from peek_trio.frontend.device_links import DeviceLinks
from peek_trio.frontend.front_door import FrontDoor
from peek_trio.frontend.hypercorn_guard import HttpServer
from peek_trio.frontend.incoming_links import IncomingLinks
from peek_trio.frontend.listener import closing_listeners, open_listeners
from peek_trio.frontend.live_sessions import LiveSessions
from peek_trio.frontend.mounts import HttpMounts
from peek_trio.frontend.pages import Pages
from peek_trio.frontend.plugin_trees import PluginTrees
from peek_trio.frontend.routes import Routes
from peek_trio.frontend.session_api import ApiParts, session_api
from peek_trio.frontend.shell import SiteName
from peek_trio.security import SessionAuthority
from peek_trio.transport import Switchboard

__all__ = ["Site", "serve_site"]

log = logging.getLogger(__name__)


def _always() -> bool:
    return True


@attrs.frozen(kw_only=True)
class Site:
    """What a site is made of.

    `board` is the switchboard of the service behind it, `authority` who knows the sessions. `ready` says whether the service can do its
    work (`/api/health`). `platform` is the name that shells show. One `mounts` may serve several sites.
    """

    name: SiteName
    board: Switchboard
    authority: SessionAuthority
    trees: PluginTrees
    mounts: HttpMounts = attrs.field(factory=HttpMounts)
    ready: Callable[[], bool] = _always
    platform: str = "Peek Trio"
    built: Path = BUILT


async def serve_site(
    site: Site,
    *,
    host: str,
    port: int,
    ssl_context: ssl.SSLContext | None = None,
    task_status: trio.TaskStatus[int] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve `site` until cancelled; started with the port once it is open (`port` 0 takes any free one).

    When cancelled, websockets are closed first (1001), then answers in progress have three seconds. Raises ConfigError when the port
    cannot be had.
    """
    listeners = await open_listeners(host, port)
    live = LiveSessions(site.authority)
    pages = Pages(site.name, site.built)
    api = session_api(
        ApiParts(
            site.name, site.board.me.service, site.platform, site.board.me.version, site.authority, live, site.ready
        ),
    )
    http = HttpServer(Routes(pages, site.trees, site.mounts, api, site.authority), lambda: pages.headers)
    links = IncomingLinks(site.board)
    devices = DeviceLinks(site.name, links, site.authority, live)

    async def finish() -> None:
        links.finish()
        await http.finish()

    door = FrontDoor(vortex=devices.serve, http=http.serve, finish=finish, ssl_context=ssl_context)
    async with closing_listeners(listeners), trio.open_nursery() as nursery:
        await pages.load()
        await nursery.start(site.trees.run)
        nursery.start_soon(pages.run)
        nursery.start_soon(live.watch)
        nursery.start_soon(door.run, listeners)
        bound: int = listeners[0].socket.getsockname()[1]
        log.info("The %s site is open at %s://%s:%d", site.name, "https" if ssl_context else "http", host, bound)
        task_status.started(bound)
