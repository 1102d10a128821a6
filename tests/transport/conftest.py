"""Boards and links for the tests of this room."""

from __future__ import annotations

import pytest
import trio

from tests.transport.network import Network


@pytest.fixture
async def network(nursery: trio.Nursery) -> Network:
    """Boards linked over memory."""
    return Network(nursery)


@pytest.fixture(params=["memory", "websocket"])
async def any_network(request: pytest.FixtureRequest, nursery: trio.Nursery) -> Network:
    """Boards linked over each transport in turn."""
    return Network(nursery, request.param)
