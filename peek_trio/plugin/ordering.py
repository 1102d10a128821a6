"""In which order the enabled plugins start, and which cannot start at all and why. Plain data in, plain data out."""

from __future__ import annotations

from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter

import attrs

from peek_trio.plugin.manifest import Manifest

__all__ = ["Order", "order_plugins"]


@attrs.frozen
class Order:
    """`names` in an order in which each plugin follows those it requires, and for each other the sentence why it is `refused`."""

    names: tuple[str, ...]
    refused: Mapping[str, str]


def order_plugins(manifests: Mapping[str, Manifest], unusable: Mapping[str, str]) -> Order:
    """Order the plugins in `manifests` (all enabled). `unusable` are the enabled ones that have no manifest, with the reason."""
    refused = {
        name: reason for name, manifest in manifests.items() if (reason := _unmet(manifest, manifests, unusable))
    }
    refused |= _in_cycles({name: manifest for name, manifest in manifests.items() if name not in refused})
    while dependants := {
        name: f"It needs {failed}, which failed: {refused[failed]}"
        for name, manifest in manifests.items()
        if name not in refused
        for failed in manifest.requires_plugins
        if failed in refused
    }:
        refused |= dependants
    graph = {
        name: sorted(manifest.requires_plugins) for name, manifest in sorted(manifests.items()) if name not in refused
    }
    return Order(tuple(TopologicalSorter(graph).static_order()), {**unusable, **refused})


def _unmet(manifest: Manifest, manifests: Mapping[str, Manifest], unusable: Mapping[str, str]) -> str:
    for needed, versions in sorted(manifest.requires_plugins.items()):
        if needed in unusable:
            return f"It needs {needed}, which failed: {unusable[needed]}"
        if needed not in manifests:
            return f"It needs {needed}, which is not enabled; add it to plugin.enabled in config.json."
        if manifests[needed].version not in versions:
            return f"It needs {needed} {versions}, but version {manifests[needed].version} is installed."
    return ""


def _in_cycles(manifests: Mapping[str, Manifest]) -> dict[str, str]:
    """Those that require themselves, by way of others."""
    left = dict(manifests)
    refused: dict[str, str] = {}
    while True:
        graph = {
            name: [needed for needed in manifest.requires_plugins if needed in left] for name, manifest in left.items()
        }
        try:
            TopologicalSorter(graph).prepare()
        except CycleError as error:
            circle: list[str] = list(reversed(error.args[1]))
            for name in circle:
                refused[name] = f"It requires itself in a circle: {' requires '.join(circle)}."
                left.pop(name, None)
        else:
            return refused
