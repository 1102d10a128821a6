"""The four contexts: all that a plugin sees of the service it runs on.

Four types, so that what a service cannot do is a mistake the type checker finds. What a plugin registers through its context is its
own and is gone when it stops.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import trio

from peek_trio.plugin.abilities.actions import Actions
from peek_trio.plugin.abilities.http import Http
from peek_trio.plugin.abilities.loaders import Loaders
from peek_trio.plugin.abilities.messages import Messages
from peek_trio.plugin.abilities.observables import Observables
from peek_trio.plugin.abilities.publications import Publications
from peek_trio.plugin.abilities.rpc import Rpc
from peek_trio.plugin.abilities.settings import Settings
from peek_trio.plugin.manifest import Manifest
from peek_trio.plugin.parts import TaskCalls
from peek_trio.plugin.registrations import Registrations

if TYPE_CHECKING:
    from peek_trio.storage import PluginStorage

__all__ = ["AgentContext", "ClientContext", "Context", "ServerContext", "WorkerContext", "context_for"]

A = TypeVar("A")


class Context:
    """What every service gives a plugin."""

    manifest: Manifest
    """What the plugin says about itself."""
    nursery: trio.Nursery
    """For the plugin's own tasks. One that fails has the plugin stopped and started again."""
    log: logging.Logger
    """The plugin's logger, `peek_trio.plugin.<name>`."""
    rpc: Rpc
    observables: Observables
    actions: Actions
    messages: Messages

    def __init__(
        self, manifest: Manifest, registrations: Registrations, publications: Publications, nursery: trio.Nursery
    ) -> None:
        self.manifest = manifest
        self.nursery = nursery
        self.log = logging.getLogger(f"peek_trio.plugin.{manifest.name}")
        self.rpc = Rpc(registrations)
        self.observables = Observables(registrations)
        self.actions = Actions(registrations)
        self.messages = Messages(registrations)
        self._registrations = registrations
        self._publications = publications

    @property
    def name(self) -> str:
        """The plugin's package name."""
        return self.manifest.name

    @property
    def service(self) -> str:
        """The kind of service: "server", "client", "agent" or "worker"."""
        return self._registrations.parts.service

    @property
    def service_id(self) -> str:
        """The id of this one service."""
        return self._registrations.parts.service_id

    @cached_property
    def files(self) -> Path:
        """The plugin's own directory on this service. It outlives restarts and upgrades."""
        directory = self._registrations.parts.home / "plugin_data" / self.name
        directory.mkdir(parents=True, exist_ok=True)
        return directory

    def tuples(self, *classes: type) -> None:
        """Register tuple classes. Those given to providers, handlers, loaders and calls are registered by that already."""
        self._registrations.tuples(*classes)

    def publish(self, api: object) -> None:
        """Offer `api` to the plugins on this service that require this one, until this one stops."""
        self._publications.publish(self._registrations, api)

    def api(self, plugin: str, kind: Callable[..., A]) -> A:
        """What `plugin` has published on this service, checked to be a `kind` (a class, or a runtime-checkable Protocol).

        Raises PluginError when it is not among the manifest's "requiresPlugins", publishes nothing here, or something else. When the other
        plugin is restarted the object refers to its old instance; ask again for each piece of work if that matters.
        """
        return self._publications.get(self._registrations, self.manifest, plugin, kind)


class ServerContext(Context):
    """On the server: the database, editable tables, settings, tasks on workers, and the admin site."""

    loaders: Loaders
    settings: Settings
    http: Http

    def __init__(
        self, manifest: Manifest, registrations: Registrations, publications: Publications, nursery: trio.Nursery
    ) -> None:
        super().__init__(manifest, registrations, publications, nursery)
        self.loaders = Loaders(registrations)
        self.settings = Settings(registrations, nursery, self.log)
        self.http = Http(registrations)

    @cached_property
    def storage(self) -> PluginStorage:
        """The plugin's way to the database. Raises PluginError when the service runs without one."""
        return _storage(self._registrations, self.manifest)

    @property
    def tasks(self) -> TaskCalls:
        """Runs marked functions on a worker. Raises PluginError when this service cannot."""
        if self._registrations.parts.tasks is None:
            raise self._registrations.error("This server runs without tasks.")
        return self._registrations.parts.tasks


class ClientContext(Context):
    """On a client service: the mobile and desktop sites. Live data and actions are relayed to the server by the platform itself."""

    http: Http

    def __init__(
        self, manifest: Manifest, registrations: Registrations, publications: Publications, nursery: trio.Nursery
    ) -> None:
        super().__init__(manifest, registrations, publications, nursery)
        self.http = Http(registrations)


class AgentContext(Context):
    """On an agent, near the systems it talks to: what every service has, and no more."""


class WorkerContext(Context):
    """On a worker: the database. Heavy work belongs in `@task` functions, which run in subprocesses."""

    @cached_property
    def storage(self) -> PluginStorage:
        """The plugin's way to the database. Raises PluginError when the service runs without one."""
        return _storage(self._registrations, self.manifest)


ContextMaker = Callable[[Manifest, Registrations, Publications, trio.Nursery], Context]

_CONTEXTS: dict[str, ContextMaker] = {
    "server": ServerContext,
    "client": ClientContext,
    "agent": AgentContext,
    "worker": WorkerContext,
}


def context_for(service: str) -> ContextMaker:
    """The class of context that plugins get on a kind of service."""
    return _CONTEXTS[service]


def _storage(registrations: Registrations, manifest: Manifest) -> PluginStorage:
    from peek_trio.storage import PluginStorage  # a service without a database need not load its library

    return PluginStorage(registrations.database(f"The storage of {manifest.name}"), manifest.schema)
