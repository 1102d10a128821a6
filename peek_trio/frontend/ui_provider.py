"""Tells shells about plugins' pages: provides `peek.UiPlugin` on the service's switchboard and follows the sites' trees."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from peek_trio.errors import BadRequest
from peek_trio.frontend.plugin_trees import PluginTrees
from peek_trio.frontend.ui_tuples import UiPlugin
from peek_trio.security import Principal, signed_in
from peek_trio.transport import Scope, Switchboard
from peek_trio.tuples import TupleSelector

__all__ = ["provide_ui"]


def provide_ui(board: Switchboard, scope: Scope, trees: Sequence[PluginTrees]) -> Callable[[], None]:
    """Provide the rows of these sites' trees to everybody signed in, and push them when they change.

    The selector is `{"site": name}`. The provider belongs to `scope`; the function given back ends the following of changes.
    """
    by_site = {tree.site: tree for tree in trees}

    async def read(selector: TupleSelector, principal: Principal) -> Sequence[object]:
        site = selector.selector.get("site")
        if site not in by_site:
            raise BadRequest(
                f"The selector of peek.UiPlugin needs a site that this service has: {', '.join(sorted(by_site))}."
            )
        return by_site[site].rows()

    def follow(site: str) -> Callable[[], None]:
        selector = TupleSelector.of(UiPlugin, site=site)
        return by_site[site].on_change(lambda: board.notify(selector))

    scope.provide(UiPlugin, read, allow=signed_in)
    removers = [follow(site) for site in by_site]

    def remove() -> None:
        for remover in removers:
            remover()

    return remove
