"""The whole platform as a user starts it, and a real browser in front of it. Needs an installed Chromium: `nox -s e2e`."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.e2e.running import SHIPPED, Platform
from tests.whole.homes import Homes
from tests.whole.running import running

CHROMIUM_ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def platform() -> Iterator[Platform]:
    homes = Homes(*SHIPPED)
    try:
        with running(homes) as up:
            yield Platform(homes, up.ready())
    finally:
        homes.remove()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    executable = os.environ.get("PEEK_BROWSER") or shutil.which("chromium")
    if executable is None:
        pytest.fail("no Chromium was found; `nox -s e2e` says how to get one")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=executable, args=CHROMIUM_ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A fresh profile, not signed in."""
    fresh = browser.new_context(viewport={"width": 1440, "height": 900})
    fresh.set_default_timeout(15_000)
    yield fresh
    fresh.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A page that fails its test when the browser reports an error in it."""
    faults: list[str] = []
    one = context.new_page()
    one.on("pageerror", lambda error: faults.append(str(error)))
    yield one
    assert not faults, faults


@pytest.fixture
def signed_in(page: Page, platform: Platform) -> Page:
    """A page of the administrator, signed in by a one-time link; the cookie is good for all three sites."""
    page.goto(platform.sign_in_link())
    page.get_by_role("heading", name="Overview").wait_for()
    return page
