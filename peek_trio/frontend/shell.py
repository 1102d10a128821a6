"""The page that every site begins with, its web app manifest and its icons.

The page is the same whatever plugins there are: plugin pages are found and loaded by the shell when it runs. It carries the import map,
which names the modules that shells and plugins share, and nothing else inline.
"""

from __future__ import annotations

import html
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import attrs

from peek_trio import __version__
from peek_trio.frontend.assets import Asset, content_type
from peek_trio.frontend.built import Build
from peek_trio.frontend.security_headers import content_security_policy

__all__ = ["NOT_BUILT", "Shell", "SiteName", "icons", "make_shell"]

SiteName = Literal["admin", "mobile", "desktop"]

_TITLES = {"admin": "Peek admin", "mobile": "Peek", "desktop": "Peek desktop"}
_LIGHT, _DARK = "#ffffff", "#141c22"  # the surface of the shells' headers
_PLUGIN_MODULES = {"@peek/plugin/": "/@plugin/"}
_ICONS = Path(__file__).parent / "icons"

NOT_BUILT = Asset.of(
    b"""<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Not built yet</title></head>
<body>
<h1>The web pages of this site are not built yet</h1>
<p>Peek Trio itself is running. Its pages are compiled once, in the folder that its source was copied to:</p>
<pre>nox -s build</pre>
<p>or, to build and install everything:</p>
<pre>pip install .</pre>
<p>This page can then be reloaded; nothing needs to be restarted.</p>
</body>
</html>
""",
    "text/html; charset=utf-8",
    immutable=False,
)
"""What a site answers while there is no build."""


@attrs.frozen
class Shell:
    """One site's fixed pages: `index` for every route of the shell, `files` by their address, and the policy for all of them."""

    index: Asset
    files: Mapping[str, Asset] = attrs.field(repr=False)
    policy: str


def make_shell(site: SiteName, build: Build | None) -> Shell:
    """The shell of `site` from its build; without one, a shell whose only page says how to build."""
    if build is None or site not in build.sites:
        return Shell(NOT_BUILT, {}, content_security_policy())
    importmap = _inline_json({"imports": {**build.importmap, **_PLUGIN_MODULES}})
    index = Asset.of(_index(site, build, importmap).encode(), content_type("index.html"), immutable=False)
    files = {**build.assets, "/manifest.webmanifest": _manifest(site)}
    if site in build.workers:
        files["/sw.js"] = build.workers[site]
    return Shell(index, files, content_security_policy([importmap]))


def icons() -> dict[str, Asset]:
    """The icons of every site by their address. Reads files: call it in a thread."""
    found = {
        f"/icons/{path.name}": path.read_bytes() for path in sorted(_ICONS.iterdir()) if path.suffix in (".svg", ".png")
    }
    found["/favicon.ico"] = found["/icons/icon-192.png"]
    return {
        url: Asset.of(body, content_type("icon.png" if url.endswith(".ico") else url), immutable=False)
        for url, body in found.items()
    }


def _index(site: SiteName, build: Build, importmap: str) -> str:
    part = build.sites[site]
    preloads = "\n".join(f'<link rel="modulepreload" href="{html.escape(url)}">' for url in part.preload)
    return f"""<!doctype html>
<html lang="en" data-site="{site}" data-version="{__version__}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover">
<title>{_TITLES[site]}</title>
<meta name="color-scheme" content="light dark">
<meta name="theme-color" media="(prefers-color-scheme: light)" content="{_LIGHT}">
<meta name="theme-color" media="(prefers-color-scheme: dark)" content="{_DARK}">
<link rel="manifest" href="/manifest.webmanifest">
<link rel="icon" href="/icons/icon.svg" type="image/svg+xml">
<link rel="apple-touch-icon" href="/icons/apple-touch-icon.png">
<script type="importmap">{importmap}</script>
{preloads}
<script type="module" src="{html.escape(part.entry)}"></script>
</head>
<body>
<noscript>This site needs JavaScript. Please allow it for this address and reload the page.</noscript>
</body>
</html>
"""


def _inline_json(data: object) -> str:
    # "<" could end the script element early; within a JSON string its escape means the same.
    return json.dumps(data, separators=(",", ":")).replace("<", "\\u003c")


def _manifest(site: SiteName) -> Asset:
    data = {
        "id": f"/?site={site}",
        "name": _TITLES[site],
        "short_name": _TITLES[site],
        "start_url": "/",
        "scope": "/",
        "display": "standalone",
        "theme_color": _DARK,
        "background_color": _DARK,
        "icons": [
            {"src": "/icons/icon.svg", "sizes": "any", "type": "image/svg+xml"},
            {"src": "/icons/icon-192.png", "sizes": "192x192", "type": "image/png"},
            {"src": "/icons/icon-512.png", "sizes": "512x512", "type": "image/png"},
            {"src": "/icons/icon-maskable-512.png", "sizes": "512x512", "type": "image/png", "purpose": "maskable"},
        ],
    }
    return Asset.of(json.dumps(data).encode(), content_type("manifest.webmanifest"), immutable=False)
