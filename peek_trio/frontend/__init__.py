"""The web sites: one port each, with pages, plugins' trees, the session API, plugins' mounts and the websocket; and the services' port."""

from peek_trio.frontend.mounts import HttpMounts
from peek_trio.frontend.plugin_trees import PluginTrees
from peek_trio.frontend.service_links import serve_service_links
from peek_trio.frontend.shell import SiteName
from peek_trio.frontend.site import Site, serve_site
from peek_trio.frontend.ui_provider import provide_ui
from peek_trio.frontend.ui_sources import UiSource, ui_sources
from peek_trio.frontend.ui_tuples import UiMenuItem, UiPlugin

__all__ = [
    "HttpMounts",
    "PluginTrees",
    "Site",
    "SiteName",
    "UiMenuItem",
    "UiPlugin",
    "UiSource",
    "provide_ui",
    "serve_service_links",
    "serve_site",
    "ui_sources",
]
