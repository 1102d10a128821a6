"""Load a service's `config.json`, creating or completing it on the way."""

from collections.abc import Callable
from pathlib import Path
from typing import Literal, overload

import attrs

from peek_trio.config.document import read_document, write_document
from peek_trio.config.filling import fill
from peek_trio.config.homes import home_of
from peek_trio.config.keys import AgentConfig, ClientConfig, PluginConfig, ServerConfig, ServiceConfig, WorkerConfig
from peek_trio.config.plugins import installed_plugins
from peek_trio.errors import ConfigError

_CLASSES: dict[str, Callable[..., ServiceConfig]] = {
    "server": ServerConfig,
    "client": ClientConfig,
    "agent": AgentConfig,
    "worker": WorkerConfig,
}


@attrs.frozen
class Loaded:
    """A configuration, the file it came from, and what people should know about that file."""

    config: ServiceConfig
    file: Path
    warnings: tuple[str, ...]


def load_with_warnings(service: str, base: Path) -> Loaded:
    """Load `<base>/peek-<service>.home/config.json`.

    A file that is missing or lacks keys is written with the defaults filled in; the installed plugins are the default
    of `plugin.enabled`. Raises ConfigError when the file is broken, or cannot be created.
    """
    file = home_of(service, base) / "config.json"
    document = read_document(file)
    default = _CLASSES[service](plugin=PluginConfig(enabled=installed_plugins()))
    filled = fill(default, document or {}, str(file))
    warnings = list(filled.warnings)
    if filled.document != document:
        try:
            write_document(file, filled.document)
        except ConfigError as error:
            if document is None:
                raise
            warnings.append(f"{error} The defaults of the missing keys hold all the same.")
    return Loaded(filled.value, file, tuple(warnings))


@overload
def load(service: Literal["server"], base: Path) -> ServerConfig: ...
@overload
def load(service: Literal["client"], base: Path) -> ClientConfig: ...
@overload
def load(service: Literal["agent"], base: Path) -> AgentConfig: ...
@overload
def load(service: Literal["worker"], base: Path) -> WorkerConfig: ...
def load(service: str, base: Path) -> ServiceConfig:
    """The configuration of one service; see `load_with_warnings`, which also hands over the warnings."""
    return load_with_warnings(service, base).config
