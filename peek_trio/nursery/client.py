"""The client service: the mobile and desktop sites, relayed live data, and sessions that the server vouches for."""

from contextlib import AsyncExitStack
from pathlib import Path

import trio

from peek_trio.config import Address, ClientConfig, overlay_directory
from peek_trio.frontend import HttpMounts, PluginTrees, Site, SiteName, provide_ui, serve_site, ui_sources
from peek_trio.nursery.addresses import site_url
from peek_trio.nursery.layers import layer
from peek_trio.nursery.platform_contracts import sessions_ended
from peek_trio.nursery.remote_authority import RemoteAuthority
from peek_trio.nursery.satellite import ReportedPlugins, Satellite, satellite
from peek_trio.plugin import ServiceParts
from peek_trio.security import services_of

_RECONNECT = 1012


async def run_client(config: ClientConfig, home: Path, *, task_status: trio.TaskStatus[dict[str, str]]) -> None:
    """Run the client service that lives in `home` until cancelled. Started with the addresses of its two sites."""
    listening: dict[SiteName, Address] = {"mobile": config.mobile_site, "desktop": config.desktop_site}
    async with satellite("client", home, config) as client, AsyncExitStack() as stack:
        authority = RemoteAuthority(client.board)
        _close_links_when_sessions_end(client, authority)
        mounts = HttpMounts()
        parts = ServiceParts(
            service="client",
            service_id=client.me.id,
            board=client.board,
            registry=client.registry,
            home=home,
            http=mounts,
        )
        plugins = ReportedPlugins(client, config.plugin.enabled, parts)
        manifests = plugins.host.manifests()
        trees = {name: PluginTrees(name, overlay_directory(home), ui_sources(name, manifests)) for name in listening}
        provide_ui(client.board, client.board.scope("peek.ui"), list(trees.values()))
        addresses: dict[str, str] = {}
        for name, at in listening.items():
            site = Site(
                name=name,
                board=client.board,
                authority=authority,
                trees=trees[name],
                mounts=mounts,
                ready=client.upstream.is_up,
            )
            port = await stack.enter_async_context(layer(serve_site, site, host=at.host, port=at.port))
            addresses[name] = site_url(at.host, port)
        async with layer(plugins.run):
            task_status.started(addresses)
            await trio.sleep_forever()


def _close_links_when_sessions_end(client: Satellite, authority: RemoteAuthority) -> None:
    """Devices of somebody whose sessions have ended dial anew, and find out whether they may."""

    async def ended(name: str) -> None:
        authority.forget_person(name)
        client.board.disconnect(
            lambda peer: peer.principal.kind == "person" and peer.principal.name == name,
            _RECONNECT,
            "What you may do has changed; connecting anew.",
        )

    client.board.scope("peek.sessions").serve(sessions_ended, ended, allow=services_of("server"))
