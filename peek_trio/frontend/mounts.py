"""What plugins serve themselves on a site: ASGI applications and directories below `/<plugin>/`, each behind its policy.

A mount belongs to the plugin that made it and goes with it. The application finds who asks in `scope["peek.principal"]`; sign-in,
the policy and the origin of requests that change something have been checked before it is called.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import attrs

from peek_trio.errors import PluginError
from peek_trio.frontend.asgi import App, Receive, Scope, Send, answer_error, header
from peek_trio.frontend.directory import Directory
from peek_trio.frontend.origin import SAFE_METHODS, same_origin
from peek_trio.security import Policy, Principal

__all__ = ["HttpMounts", "Mount"]

_PLUGIN = re.compile(r"[a-z][a-z0-9_]*")
_PATH = re.compile(r"(/[A-Za-z0-9_.~-]+)*/?")
_RESERVED = frozenset({"api", "assets", "docs", "icons", "p", "vortex", "x"})


@attrs.frozen(eq=False)
class Mount:
    """One thing that a plugin serves at `prefix` ("/peek_plugin_x/reports") and below."""

    plugin: str
    prefix: str
    app: App
    policy: Policy

    async def serve(self, principal: Principal, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request of `principal`, or refuse it."""
        if scope["method"] not in SAFE_METHODS and not same_origin(
            header(scope, b"origin"), header(scope, b"host"), tls=scope["scheme"] == "https"
        ):
            return await answer_error(send, 403, "NotAllowed", "This request was made by a page of another site.")
        if not self.policy.allows(principal):
            if principal.kind == "nobody":
                return await answer_error(send, 401, "NotAllowed", "Sign in first.")
            return await answer_error(
                send, 403, "NotAllowed", f"{self.prefix} needs {self.policy.name}; you are {principal}."
            )
        scope["root_path"] = self.prefix
        scope["peek.principal"] = principal
        return await self.app(scope, receive, send)


class HttpMounts:
    """The mounts of the sites of one service."""

    def __init__(self) -> None:
        self._mounts: dict[str, list[Mount]] = {}

    def mount(self, plugin: str, path: str, what: App | Path, allow: Policy) -> Callable[[], None]:
        """Serve `what`, an ASGI application or a directory, at `/<plugin><path>` and below. Gives the function that takes it away.

        Raises PluginError when the path is not one, or is taken.
        """
        if not _PLUGIN.fullmatch(plugin) or plugin in _RESERVED:
            raise PluginError(f'"{plugin}" cannot be the name of a folder on a site.', plugin=plugin)
        if not path.startswith("/") or not _PATH.fullmatch(path) or ".." in path.split("/"):
            raise PluginError(f'{plugin} mounts "{path}", but a path must be like "/reports" or "/".', plugin=plugin)
        if isinstance(what, Path) and not what.is_dir():
            raise PluginError(f'{plugin} mounts {what} at "{path}", but there is no such directory.', plugin=plugin)
        prefix = f"/{plugin}{path}".rstrip("/")
        mounts = self._mounts.setdefault(plugin, [])
        if any(mount.prefix == prefix for mount in mounts):
            raise PluginError(
                f'{plugin} mounts "{path}" twice. Remove the first, or choose another path.', plugin=plugin
            )
        added = Mount(plugin, prefix, Directory(what) if isinstance(what, Path) else what, allow)
        mounts.append(added)
        mounts.sort(key=lambda mount: len(mount.prefix), reverse=True)

        def remove() -> None:
            if added in mounts:
                mounts.remove(added)

        return remove

    def find(self, path: str) -> Mount | None:
        """The mount that answers `path`: the one with the longest prefix."""
        plugin = path[1:].partition("/")[0]
        for mount in self._mounts.get(plugin, ()):
            if path == mount.prefix or path.startswith(f"{mount.prefix}/"):
                return mount
        return None
