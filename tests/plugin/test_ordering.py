"""Plugins start after those they require; what cannot start is told why, and takes only its dependants with it."""

from __future__ import annotations

from pathlib import Path

from packaging.specifiers import SpecifierSet

from peek_trio.plugin.manifest import Manifest
from peek_trio.plugin.ordering import order_plugins


def plugins(**requires: dict[str, str]) -> dict[str, Manifest]:
    return {
        name: Manifest(
            name=name,
            title=name,
            version="1.0",
            root=Path(),
            requires_plugins={needed: SpecifierSet(versions) for needed, versions in needs.items()},
        )
        for name, needs in requires.items()
    }


def test_a_plugin_follows_those_it_requires() -> None:
    order = order_plugins(plugins(a={"b": ""}, b={"c": ">=1"}, c={}), {})

    assert order.names == ("c", "b", "a")
    assert not order.refused


def test_a_missing_requirement_is_named() -> None:
    order = order_plugins(plugins(a={"gone": ""}, b={}), {})

    assert order.names == ("b",)
    assert order.refused["a"] == "It needs gone, which is not enabled; add it to plugin.enabled in config.json."


def test_a_wrong_version_is_named() -> None:
    order = order_plugins(plugins(a={"b": ">=2"}, b={}), {})

    assert order.refused == {"a": "It needs b >=2, but version 1.0 is installed."}


def test_a_refusal_reaches_every_dependant() -> None:
    order = order_plugins(plugins(a={"b": ""}, b={"c": ""}, d={}), {"c": "It is broken."})

    assert order.names == ("d",)
    assert order.refused["b"] == "It needs c, which failed: It is broken."
    assert order.refused["a"].startswith("It needs b, which failed: ")
    assert order.refused["c"] == "It is broken."


def test_only_those_in_a_circle_and_their_dependants_are_refused() -> None:
    order = order_plugins(plugins(a={"b": ""}, b={"a": ""}, c={"a": ""}, d={}, e={"e": ""}), {})

    assert order.names == ("d",)
    assert order.refused["a"].startswith("It requires itself in a circle: ")
    assert order.refused["b"].startswith("It requires itself in a circle: ")
    assert order.refused["c"].startswith("It needs a, which failed: ")
    assert order.refused["e"] == "It requires itself in a circle: e requires e."
