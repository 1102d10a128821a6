"""The shipped plugins on a running `up`, as the browser tests see it."""

from __future__ import annotations

import re

import attrs

from tests.whole.homes import Homes
from tests.whole.running import Running

SHIPPED = ("peek_plugin_host_metrics", "peek_plugin_noop", "peek_plugin_tutorial")


@attrs.frozen
class Platform:
    """Where the sites are, and what the command line can do for a test."""

    homes: Homes
    up: Running

    def url(self, site: str, path: str = "/") -> str:
        return f"http://127.0.0.1:{getattr(self.homes, site)}{path}"

    def sign_in_link(self) -> str:
        """A new one-time link for the first administrator."""
        said = self.homes.command("people", "link", "admin")
        found = re.search(r"http\S+#code=\S+", said.stdout)
        assert found, said.stderr
        return found.group()
