"""A site's fixed pages and files as they are served now: the shell, the compiled modules, the icons. Follows a newer build by itself."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path

import trio

from peek_trio.errors import ConfigError
from peek_trio.frontend.asgi import Header
from peek_trio.frontend.assets import Asset
from peek_trio.frontend.built import BUILT, Build, load_build
from peek_trio.frontend.security_headers import security_headers
from peek_trio.frontend.shell import SiteName, icons, make_shell

__all__ = ["Pages"]

CHECK_INTERVAL = 2.0
"""Seconds between two looks for a newer build."""

log = logging.getLogger(__name__)


class Pages:
    """The pages of `site` from the build in `directory`, which need not exist yet."""

    def __init__(self, site: SiteName, directory: Path = BUILT) -> None:
        self._site = site
        self._directory = directory
        self._build: Build | None = None
        self._previous: Mapping[str, Asset] = {}
        self._icons: Mapping[str, Asset] = {}
        self._shell = make_shell(site, None)
        self.headers: list[Header] = security_headers(self._shell.policy)
        """The headers for every answer of the site, its content security policy among them."""

    @property
    def built(self) -> bool:
        """Whether there is a build of this site."""
        return self._build is not None and self._site in self._build.sites

    @property
    def index(self) -> Asset:
        """The page that every route of the shell begins with."""
        return self._shell.index

    def find(self, path: str) -> Asset | None:
        """The file at this address, of this build or, for pages that are open, of the one before."""
        return self._shell.files.get(path) or self._icons.get(path) or self._previous.get(path)

    async def load(self) -> None:
        """Read the icons and the build, if there is one."""
        self._icons = await trio.to_thread.run_sync(icons)
        await self.refresh()
        if not self.built:
            log.warning("The %s site has no pages: %s holds no build. Run `nox -s build`.", self._site, self._directory)

    async def run(self) -> None:
        """Follow newer builds until cancelled."""
        while True:
            await trio.sleep(CHECK_INTERVAL)
            await self.refresh()

    async def refresh(self) -> None:
        """Take a newer build, if there is one. One that cannot be used is reported, and the pages stay as they are."""
        made = self._build.made if self._build is not None else None
        try:
            build = await trio.to_thread.run_sync(lambda: load_build(self._directory, unless=made))
        except ConfigError as error:
            log.error("%s", error)
            return
        if build is None:
            return
        self._previous = self._build.assets if self._build is not None else {}
        self._build = build
        self._shell = make_shell(self._site, build)
        self.headers = security_headers(self._shell.policy)
