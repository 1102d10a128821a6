"""The gauges that these tests watch and set, in whatever goes wrong."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from peek_trio.testing import platform

PLUGINS = Path(__file__).parent / "plugins"


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The gauges as they are in the world outside, all at rest."""
    monkeypatch.syspath_prepend(str(PLUGINS))
    yield importlib.import_module("peek_plugin_gauges.world").world
    for module in [module for module in sys.modules if module.partition(".")[0] == "peek_plugin_gauges"]:
        del sys.modules[module]


@pytest.fixture
def gauges(world: Any) -> Callable[..., Any]:
    """`async with gauges("client", clients=2) as peek` runs the plugin of the gauges on the server and the named services."""
    return lambda *services, **options: platform(plugins=["peek_plugin_gauges"], services=services, **options)
