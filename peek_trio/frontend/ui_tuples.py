"""What a site's shell is told about plugins' pages: one `UiPlugin` row for each plugin with a part on the site, pushed when it changes.

Shells observe `peek.UiPlugin` with the selector `{"site": "mobile"}`. A row's `module` contains the hash of the plugin's whole tree, so
a changed address is all a shell needs to know that a page is to be mounted anew.
"""

from __future__ import annotations

import attrs

from peek_trio.tuples import tuple_type

__all__ = ["UiMenuItem", "UiPlugin"]


@tuple_type("peek.UiMenuItem")
@attrs.frozen
class UiMenuItem:
    """One entry of a site's menu. `path` is relative to the plugin's pages, `icon` names an icon of the platform."""

    title: str
    path: str
    icon: str


@tuple_type("peek.UiPlugin")
@attrs.frozen
class UiPlugin:
    """A plugin's pages on one site. `module` and `icon` are addresses on that site; `icon` is empty when there is none."""

    site: str
    plugin: str
    title: str
    version: str
    module: str
    icon: str
    show_home_link: bool
    menu: list[UiMenuItem]
    order: int
