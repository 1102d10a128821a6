"""Every page as it looks: accessible by WCAG 2.2 AA in both themes, no sideways scrolling on any screen, an empty console."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.e2e.running import Platform

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

AXE = Path(__file__).parents[2] / "frontends/node_modules/axe-core/axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
SIZES = [(360, 740), (820, 1180), (1440, 900), (2560, 1440)]
PLUGIN_PAGES = [f"/x/peek_plugin_{name}" for name in ("host_metrics", "tutorial", "noop")]
PAGES = [
    *(("admin", path) for path in ("/", "/plugins", "/tasks", "/people", "/activity", "/settings", *PLUGIN_PAGES)),
    *((site, path) for site in ("desktop", "mobile") for path in ("/", *PLUGIN_PAGES)),
]


@pytest.fixture(params=["light", "dark"])
def themed(request: pytest.FixtureRequest, browser: Browser, platform: Platform) -> Iterator[tuple[Page, list[str]]]:
    """A signed-in page in one theme, and what it wrote to the console."""
    context = browser.new_context(color_scheme=request.param, viewport={"width": 1440, "height": 900})
    context.set_default_timeout(15_000)
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(platform.sign_in_link())
    page.get_by_role("heading", name="Overview").wait_for()
    yield page, said
    context.close()


def open_settled(page: Page, address: str) -> None:
    """Open a page and wait until no skeleton is left in it."""
    page.goto(address)
    page.locator("main").first.wait_for()
    page.wait_for_load_state("networkidle")
    page.locator(".skeleton").first.wait_for(state="detached")


def violations(page: Page) -> list[str]:
    """What axe finds, a line each: the rule, where, and why."""
    page.evaluate(AXE.read_text())
    found: dict[str, Any] = page.evaluate("rules => axe.run({runOnly: {type: 'tag', values: rules}})", RULES)
    return [
        f"{violation['id']}: {node['target']} {node['failureSummary']}"
        for violation in found["violations"]
        for node in violation["nodes"]
    ]


def test_pages_are_accessible_and_the_console_stays_empty(themed: tuple[Page, list[str]], platform: Platform) -> None:
    page, said = themed
    for site, path in PAGES:
        open_settled(page, platform.url(site, path))
        assert violations(page) == [], f"{site} {path}"
        assert said == [], f"{site} {path}"


def test_the_sign_in_page_is_accessible(browser: Browser, platform: Platform) -> None:
    for theme in ("light", "dark"):
        context = browser.new_context(color_scheme=theme)  # type: ignore[arg-type]
        page = context.new_page()
        page.goto(platform.url("mobile"))
        page.get_by_role("button", name="Sign in").wait_for()
        assert violations(page) == []
        context.close()


@pytest.mark.parametrize("size", SIZES, ids=[f"{width}x{height}" for width, height in SIZES])
def test_no_page_scrolls_sideways(signed_in: Page, platform: Platform, size: tuple[int, int]) -> None:
    signed_in.set_viewport_size({"width": size[0], "height": size[1]})
    for site, path in PAGES:
        open_settled(signed_in, platform.url(site, path))
        wide = signed_in.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, f"{site} {path} is {wide} px too wide at {size}"
