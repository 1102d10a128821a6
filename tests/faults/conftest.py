"""One running platform for all tests here that leave it as they found it, or see that it recovers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.whole.device import sign_in
from tests.whole.homes import Homes
from tests.whole.running import Running, running


@pytest.fixture(scope="session")
def platform() -> Iterator[Running]:
    """`up`, ready, with the noop and the tutorial plugin."""
    homes = Homes("peek_plugin_noop", "peek_plugin_tutorial")
    try:
        with running(homes) as up:
            yield up.ready()
        assert homes.processes() == {}
    finally:
        homes.remove()


@pytest.fixture(scope="session")
def cookie(platform: Running) -> str:
    """The session of the administrator."""
    return sign_in(platform.homes)


@pytest.fixture
def homes() -> Iterator[Homes]:
    """Homes for one test, without plugins."""
    one = Homes()
    yield one
    one.remove()
