"""`ctx.http`: a plugin's own pages and files on the web sites of its service."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

from peek_trio.plugin.registrations import Registrations
from peek_trio.security import Policy

__all__ = ["AsgiApp", "Http"]

Message = MutableMapping[str, Any]
AsgiApp = Callable[
    [MutableMapping[str, Any], Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Awaitable[None]
]


class Http:
    """What a plugin serves below `/<plugin>/` of the service's sites."""

    def __init__(self, registrations: Registrations) -> None:
        self._registrations = registrations

    def mount(self, path: str, app: AsgiApp, *, allow: Policy) -> None:
        """Serve an ASGI application below `/<plugin><path>` to those whom `allow` lets. `path` begins with "/"."""
        self._add(path, app, allow)

    def files(self, path: str, directory: Path, *, allow: Policy) -> None:
        """Serve the files of a directory below `/<plugin><path>`. Raises PluginError when there is no such directory."""
        if not directory.is_dir():
            raise self._registrations.error(f"There is no directory {directory} to serve.")
        self._add(path, directory, allow)

    def _add(self, path: str, what: AsgiApp | Path, allow: Policy) -> None:
        mounts = self._registrations.parts.http
        if mounts is None:
            raise self._registrations.error(f"The {self._registrations.parts.service} service has no web site here.")
        if not path.startswith("/"):
            raise self._registrations.error(f'The path {path!r} must begin with "/".')
        self._registrations.on_close(mounts.mount(self._registrations.plugin, path, what, allow))
