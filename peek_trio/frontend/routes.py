"""Who answers which address of a site: one ASGI application that hands each request to the files, the trees, the API or a plugin's mount.

The most frequent come first: a file in memory is one look in a table.
"""

from __future__ import annotations

from peek_trio.errors import PeekError, to_wire
from peek_trio.frontend.asgi import App, Receive, Scope, Send, answer, answer_json, answer_text, header, redirect
from peek_trio.frontend.assets import serve_asset
from peek_trio.frontend.cookies import session_token
from peek_trio.frontend.mounts import HttpMounts, Mount
from peek_trio.frontend.pages import Pages
from peek_trio.frontend.plugin_trees import PluginTrees
from peek_trio.frontend.shell import NOT_BUILT
from peek_trio.security import NOBODY, Principal, SessionAuthority

__all__ = ["Routes"]


class Routes:
    """The addresses of one site."""

    def __init__(
        self, pages: Pages, trees: PluginTrees, mounts: HttpMounts, api: App, authority: SessionAuthority
    ) -> None:
        self._pages = pages
        self._trees = trees
        self._mounts = mounts
        self._api = api
        self._authority = authority

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        asset = self._pages.find(path)
        if asset is not None:
            return await serve_asset(asset, scope, send)
        match path.split("/", 2)[1:]:
            case ["p", rest]:
                return await self._plugin_file(rest, scope, send)
            case ["@plugin", rest]:
                return await self._plugin_module(rest, send)
            case ["api", *_]:
                return await self._api(scope, receive, send)
            case ["assets" | "icons", *_]:
                return await answer_text(send, 404, "There is no such file.")
            case ["vortex"]:
                return await answer_text(
                    send, 426, "Here is a websocket, and nothing to read.", [(b"upgrade", b"websocket")]
                )
        mount = self._mounts.find(path)
        if mount is not None:
            return await self._mounted(mount, scope, receive, send)
        return await self._page(path, scope, send)

    async def _plugin_file(self, rest: str, scope: Scope, send: Send) -> None:
        plugin, _, within = rest.partition("/")
        tree_hash, _, name = within.partition("/")
        asset = self._trees.find(plugin, tree_hash, name)
        if asset is None:
            return await answer_text(
                send, 404, "There is no such file, or it is of an older version that is no longer kept."
            )
        return await serve_asset(asset, scope, send)

    async def _plugin_module(self, rest: str, send: Send) -> None:
        plugin, _, name = rest.partition("/")
        location = self._trees.public_module(plugin, name)
        if location is None:
            return await answer_text(send, 404, f"The plugin {plugin!r} offers no module {name!r} on this site.")
        return await redirect(send, location)

    async def _mounted(self, mount: Mount, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            principal = await self._principal(scope)
        except PeekError as error:
            if not mount.policy.allows(NOBODY):
                return await answer_json(send, 503, {"error": to_wire(error)})
            principal = NOBODY
        return await mount.serve(principal, scope, receive, send)

    async def _principal(self, scope: Scope) -> Principal:
        token = session_token(header(scope, b"cookie"))
        return (await self._authority.resolve(token) if token else None) or NOBODY

    async def _page(self, path: str, scope: Scope, send: Send) -> None:
        """The shell finds its way by the address itself, so every address that is not a file's is the same page."""
        if "." in path.rpartition("/")[2] and not path.startswith("/x/"):
            return await answer_text(send, 404, "There is no such file.")
        if scope["method"] not in ("GET", "HEAD"):
            return await answer_text(send, 405, "This page can only be read.", [(b"allow", b"GET, HEAD")])
        if not self._pages.built:
            headers = [(b"content-type", b"text/html; charset=utf-8"), (b"cache-control", b"no-store")]
            return await answer(send, 503, headers, NOT_BUILT.body)
        return await serve_asset(self._pages.index, scope, send)
