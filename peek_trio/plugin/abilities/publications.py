"""What plugins on one service offer each other: `ctx.publish(api)` and `ctx.api("other_plugin", ItsApi)`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

from peek_trio.plugin.manifest import Manifest
from peek_trio.plugin.registrations import Registrations

__all__ = ["Publications"]

A = TypeVar("A")


class Publications:
    """The API objects of the running plugins of one service."""

    def __init__(self) -> None:
        self._apis: dict[str, object] = {}

    def publish(self, registrations: Registrations, api: object) -> None:
        """Offer `api` as the plugin's, in place of an earlier one, until the plugin stops."""
        self._apis[registrations.plugin] = api
        registrations.on_close(self._taker(registrations.plugin, api))

    def get(self, registrations: Registrations, manifest: Manifest, plugin: str, kind: Callable[..., A]) -> A:
        """The API of `plugin`, asked for by the plugin of `manifest`. Raises PluginError with what to do."""
        if plugin not in manifest.requires_plugins:
            raise registrations.error(
                f'To use {plugin}, name it under "requiresPlugins" in the manifest of {manifest.name}.'
            )
        if not isinstance(
            kind, type
        ):  # typed as a callable, because a type checker takes a Protocol for that but not for a type
            raise registrations.error(f"What {plugin} publishes is asked for by its class, not by {kind!r}.")
        api = self._apis.get(plugin)
        if api is None:
            raise registrations.error(f"{plugin} publishes no API on the {registrations.parts.service} service.")
        if not isinstance(api, kind):
            raise registrations.error(
                f"{plugin} publishes a {type(api).__qualname__} on the {registrations.parts.service} service, not a {kind.__qualname__}."
            )
        return cast(A, api)

    def _taker(self, plugin: str, api: object) -> Callable[[], None]:
        def take_away() -> None:
            if self._apis.get(plugin) is api:
                del self._apis[plugin]

        return take_away
