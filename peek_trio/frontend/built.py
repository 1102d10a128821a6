"""The compiled frontends, as `nox -s build` or the wheel leaves them in `peek_trio/frontend/built`.

`build.json` says what there is: the import map, each site's entry point and the files. They are read whole into memory. A site looks
for a newer build now and then, so that frontends built while it runs are served without a restart.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import attrs
import msgspec

from peek_trio.errors import ConfigError
from peek_trio.frontend.assets import Asset, content_type

__all__ = ["BUILT", "Build", "SiteBuild", "load_build"]

BUILT = Path(__file__).parent / "built"
"""Where the compiled frontends are in an installed Peek Trio."""


class SiteBuild(msgspec.Struct, rename="camel"):
    """One site in `build.json`: the address of its entry module, of what is loaded with it, and the file of its service worker."""

    entry: str
    preload: list[str] = []
    service_worker: str = ""


class _Description(msgspec.Struct):
    """The whole of `build.json`."""

    importmap: dict[str, str]
    sites: dict[str, SiteBuild]
    files: dict[str, str]


@attrs.frozen
class Build:
    """Compiled frontends in memory. `assets` has every file by its address; `made` tells one build from another."""

    importmap: Mapping[str, str]
    sites: Mapping[str, SiteBuild]
    assets: Mapping[str, Asset] = attrs.field(repr=False)
    workers: Mapping[str, Asset] = attrs.field(repr=False)
    made: int


def load_build(directory: Path = BUILT, *, unless: int | None = None) -> Build | None:
    """The compiled frontends in `directory`, or None when there are none, or only the build that `unless` (its `made`) names.

    Raises ConfigError, naming the file, when they are there and cannot be used. Reads files: call it in a thread.
    """
    description = directory / "build.json"
    try:
        made = description.stat().st_mtime_ns
        if made == unless:
            return None
        content = msgspec.json.decode(description.read_bytes(), type=_Description)
    except FileNotFoundError:
        return None
    except (msgspec.MsgspecError, OSError) as error:
        raise ConfigError(f"{description}: the frontends cannot be used: {error}. Build them again.") from error
    assets = {url: _asset(directory, name, immutable=url.startswith("/assets/")) for url, name in content.files.items()}
    workers = {
        site: _asset(directory, part.service_worker, immutable=False)
        for site, part in content.sites.items()
        if part.service_worker
    }
    return Build(content.importmap, content.sites, assets, workers, made)


def _asset(directory: Path, name: str, *, immutable: bool) -> Asset:
    try:
        return Asset.of((directory / name).read_bytes(), content_type(name), immutable=immutable)
    except OSError as error:
        raise ConfigError(
            f"{directory / 'build.json'} names {name}, which cannot be read: {error.strerror}. Build again."
        ) from error
