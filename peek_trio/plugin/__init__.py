"""Plugins on one service: their manifests, their contexts, and the host that runs them."""

from peek_trio.plugin.contexts import AgentContext, ClientContext, Context, ServerContext, WorkerContext
from peek_trio.plugin.discovery import GivenPlugins, InstalledPlugins, PluginSource, worker_modules
from peek_trio.plugin.host import PluginHost
from peek_trio.plugin.manifest import Manifest, MenuEntry, StoragePart, WebPart
from peek_trio.plugin.parts import Mounts, ServiceParts, TaskCalls
from peek_trio.plugin.status import PluginStatus

__all__ = [
    "AgentContext",
    "ClientContext",
    "Context",
    "GivenPlugins",
    "InstalledPlugins",
    "Manifest",
    "MenuEntry",
    "Mounts",
    "PluginHost",
    "PluginSource",
    "PluginStatus",
    "ServerContext",
    "ServiceParts",
    "StoragePart",
    "TaskCalls",
    "WebPart",
    "WorkerContext",
    "worker_modules",
]
