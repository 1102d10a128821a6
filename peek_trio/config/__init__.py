"""A service's configuration: one JSON file in its home, typed here.

`load` creates the file on the first start, fills in keys that are missing, leaves what people wrote as it is, and says
in one sentence what is wrong and where. The keys themselves are declared in `keys`; docs/admin.md explains them.
"""

from peek_trio.config.homes import HOME_VARIABLE, SERVICES, base_directory, home_of, overlay_directory, service_id
from peek_trio.config.keys import (
    Address,
    AgentConfig,
    ClientConfig,
    DatabaseConfig,
    LoggingConfig,
    PluginConfig,
    ServerConfig,
    ServiceConfig,
    WorkerConfig,
    WorkerPool,
)
from peek_trio.config.loading import Loaded, load, load_with_warnings
from peek_trio.config.plugins import installed_plugins

__all__ = [
    "HOME_VARIABLE",
    "SERVICES",
    "Address",
    "AgentConfig",
    "ClientConfig",
    "DatabaseConfig",
    "Loaded",
    "LoggingConfig",
    "PluginConfig",
    "ServerConfig",
    "ServiceConfig",
    "WorkerConfig",
    "WorkerPool",
    "base_directory",
    "home_of",
    "installed_plugins",
    "load",
    "load_with_warnings",
    "overlay_directory",
    "service_id",
]
