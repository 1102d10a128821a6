"""The configuration keys of each service, with their defaults and what each accepts.

A default instance is the schema: `filling.fill` walks it beside the JSON document. A field `connect_url` is the key
`connectUrl`; a field whose default is itself such an instance is a nested object, so `config.admin_site.port` is
`adminSite.port` in the file.
"""

import os
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import attrs

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


@attrs.frozen
class Kind:
    """What a key accepts: `expected` completes the sentence "… must be …"."""

    expected: str
    accepts: Callable[[object], bool]
    convert: Callable[[Any], Any] = lambda value: value


def _is_names(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) and name for name in value)


def _is_levels(value: object) -> bool:
    return isinstance(value, dict) and all(level in LEVELS for level in value.values())


def _is_integer(value: object, minimum: int, maximum: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and minimum <= value <= maximum


TEXT = Kind("a text", lambda value: isinstance(value, str))
HOST = Kind('a host name or address such as "127.0.0.1"', lambda value: isinstance(value, str) and value != "")
PORT = Kind("a port number from 0 to 65535 (0 takes any free one)", lambda value: _is_integer(value, 0, 65535))
SECONDS = Kind(
    "a number of seconds above 0",
    lambda value: isinstance(value, int | float) and not isinstance(value, bool) and value > 0,
    float,
)
COUNT = Kind("a whole number from 1 to 1024", lambda value: _is_integer(value, 1, 1024))
LEVEL = Kind("one of " + ", ".join(LEVELS), lambda value: value in LEVELS)
LEVEL_TABLE = Kind("an object of logger name and level, the level one of " + ", ".join(LEVELS), _is_levels, dict)
NAMES = Kind("a list of plugin names", _is_names, tuple)


def key(default: Any, kind: Kind) -> Any:
    """A key of one value."""
    return attrs.field(default=default, metadata={"kind": kind})


@attrs.frozen
class PluginConfig:
    """`plugin`: which of the installed plugins this service runs."""

    enabled: tuple[str, ...] = key((), NAMES)


@attrs.frozen
class LoggingConfig:
    """`logging`: the level of everything, and of single loggers (`{"peek_trio.transport": "DEBUG"}`)."""

    level: str = key("INFO", LEVEL)
    levels: Mapping[str, str] = attrs.field(factory=dict, metadata={"kind": LEVEL_TABLE})


@attrs.frozen
class Address:
    """Where something listens, or where it is found."""

    host: str = key("127.0.0.1", HOST)
    port: int = key(0, PORT)


@attrs.frozen
class DatabaseConfig:
    """`sqlalchemy`: an empty `connectUrl` means the embedded PostgreSQL (on a worker: the server's database)."""

    connect_url: str = key("", TEXT)
    slow_query_seconds: float = key(1.0, SECONDS)


@attrs.frozen
class WorkerPool:
    """`worker`: how many subprocesses run tasks. One core is left to the worker itself."""

    processes: int = key(max(1, (os.cpu_count() or 2) - 1), COUNT)


@attrs.frozen
class ServerConfig:
    """The centre: its database, its admin site, and the port that the other services dial."""

    plugin: PluginConfig = attrs.field(factory=PluginConfig)
    logging: LoggingConfig = attrs.field(factory=LoggingConfig)
    sqlalchemy: DatabaseConfig = attrs.field(factory=DatabaseConfig)
    server_link: Address = attrs.field(factory=partial(Address, port=8011))
    admin_site: Address = attrs.field(factory=partial(Address, port=8010))


@attrs.frozen
class ClientConfig:
    """Near the users: the mobile and desktop sites, and where the server is."""

    plugin: PluginConfig = attrs.field(factory=PluginConfig)
    logging: LoggingConfig = attrs.field(factory=LoggingConfig)
    peek_server: Address = attrs.field(factory=partial(Address, port=8011))
    mobile_site: Address = attrs.field(factory=partial(Address, port=8000))
    desktop_site: Address = attrs.field(factory=partial(Address, port=8002))


@attrs.frozen
class AgentConfig:
    """The satellite: nothing but where the server is."""

    plugin: PluginConfig = attrs.field(factory=PluginConfig)
    logging: LoggingConfig = attrs.field(factory=LoggingConfig)
    peek_server: Address = attrs.field(factory=partial(Address, port=8011))


@attrs.frozen
class WorkerConfig:
    """Heavy work: where the server is, how many processes, and a database address of its own if it needs one."""

    plugin: PluginConfig = attrs.field(factory=PluginConfig)
    logging: LoggingConfig = attrs.field(factory=LoggingConfig)
    sqlalchemy: DatabaseConfig = attrs.field(factory=DatabaseConfig)
    peek_server: Address = attrs.field(factory=partial(Address, port=8011))
    worker: WorkerPool = attrs.field(factory=WorkerPool)


ServiceConfig = ServerConfig | ClientConfig | AgentConfig | WorkerConfig
