"""What people do with the platform, from the first sign-in to an acknowledged alarm, in a real browser against a real `up`."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.e2e.running import Platform

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]


UNTIL_NOOP_IS_KEPT = """async () => {
  const isKept = (request) => /[/]p[/]peek_plugin_noop[/][^/]+[/]$/.test(request.url);
  while (!(await (await caches.open("peek-plugins")).keys()).some(isKept)) await new Promise((go) => setTimeout(go, 50));
}"""
"""The service worker fetches the pages of all plugins by itself; a tree's own address is kept last."""


def open_plugin(page: Page, platform: Platform, site: str, plugin: str) -> Page:
    page.goto(platform.url(site, f"/x/peek_plugin_{plugin}"))
    return page


def dialog_form(page: Page) -> Locator:
    """The form of the dialog that is open."""
    return page.locator("peek-dialog peek-form")


def number_of(page: Page, string: str) -> int:
    """The number that the phone's page shows for a string of the tutorial."""
    item = page.locator("li").filter(has_text=string)
    item.wait_for()
    found = re.search(r"\d+", item.locator(".what").inner_text())
    assert found
    return int(found.group())


def test_the_one_time_link_signs_in_on_all_three_sites_and_only_once(
    page: Page, context: BrowserContext, platform: Platform
) -> None:
    link = platform.sign_in_link()
    page.goto(link)
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    for site in ("desktop", "mobile"):
        page.goto(platform.url(site))
        expect(page.get_by_role("link", name="Tutorial").first).to_be_visible()
    context.clear_cookies()
    page.goto(platform.url("admin"))
    page.goto(link)
    expect(page.get_by_text("The link did not work")).to_be_visible()


def test_a_wrong_password_is_refused_at_the_form_and_the_right_one_opens_the_site(
    signed_in: Page, context: BrowserContext, platform: Platform
) -> None:
    signed_in.goto(platform.url("admin", "/people"))
    signed_in.get_by_role("button", name="Add person").click()
    form = dialog_form(signed_in)
    form.get_by_label("Full name").fill("Ada Lovelace")
    form.get_by_label("Sign-in name").fill("ada")
    form.get_by_label("Roles").fill("user")
    form.get_by_role("button", name="Add person").click()
    expect(signed_in.get_by_role("cell", name="Ada Lovelace")).to_be_visible()
    signed_in.get_by_role("button", name="Set password").click()
    dialog_form(signed_in).get_by_label("New password").fill("analytical engine 1843")
    dialog_form(signed_in).get_by_role("button", name="Set password").click()
    expect(signed_in.get_by_text("Password of Ada Lovelace set")).to_be_visible()
    context.clear_cookies()
    phone = signed_in
    phone.goto(platform.url("mobile"))
    phone.get_by_label("Name").fill("ada")
    phone.get_by_label("Password").fill("differential engine")
    phone.get_by_role("button", name="Sign in").click()
    expect(phone.get_by_text(re.compile("not|wrong", re.IGNORECASE)).first).to_be_visible()
    phone.get_by_label("Password").fill("analytical engine 1843")
    phone.get_by_role("button", name="Sign in").click()
    expect(phone.get_by_role("link", name="Tutorial").first).to_be_visible()


def test_a_row_the_administrator_adds_is_on_the_phone_at_once(
    signed_in: Page, context: BrowserContext, platform: Platform
) -> None:
    phone = open_plugin(context.new_page(), platform, "mobile", "tutorial")
    expect(phone.get_by_text("pears")).to_be_visible()
    admin = open_plugin(signed_in, platform, "admin", "tutorial")
    admin.get_by_role("button", name="Add string").click()
    dialog = dialog_form(admin)
    dialog.get_by_label("String").fill("cherries")
    dialog.get_by_label("Number").fill("many")
    dialog.get_by_role("button", name=re.compile("Add|Save")).click()
    expect(dialog.get_by_text("Enter a number")).to_be_visible()
    dialog.get_by_label("Number").fill("40")
    dialog.get_by_role("button", name=re.compile("Add|Save")).click()
    expect(phone.get_by_text("cherries")).to_be_visible()
    assert number_of(phone, "cherries") == 40
    phone.get_by_role("button", name="+1 to cherries").click()
    expect(admin.get_by_role("row").filter(has_text="cherries")).to_contain_text("41")


def test_taps_made_without_a_network_are_applied_once_in_order_when_it_returns(
    signed_in: Page, context: BrowserContext, platform: Platform
) -> None:
    phone = open_plugin(signed_in, platform, "mobile", "tutorial")
    desktop = open_plugin(context.new_page(), platform, "desktop", "tutorial")
    before = number_of(phone, "plums")
    expect(desktop.get_by_role("row").filter(has_text="plums")).to_be_visible()
    context.set_offline(True)
    phone.evaluate("dispatchEvent(new Event('offline'))")
    for _ in range(3):
        phone.get_by_role("button", name="+1 to plums").click()
    expect(phone.get_by_role("button", name="3 waiting")).to_be_visible()
    assert number_of(phone, "plums") == before
    context.set_offline(False)
    expect(phone.locator("li").filter(has_text="plums")).to_contain_text(str(before + 3), timeout=40_000)
    expect(desktop.get_by_role("row").filter(has_text="plums")).to_contain_text(str(before + 3), timeout=40_000)
    expect(phone.get_by_role("button", name=re.compile("waiting"))).to_have_count(0)


def test_the_phone_opens_without_a_network_and_shows_what_it_knew(
    signed_in: Page, context: BrowserContext, platform: Platform
) -> None:
    phone = open_plugin(signed_in, platform, "mobile", "tutorial")
    expect(phone.get_by_text("pears")).to_be_visible()
    phone.evaluate("async () => { await navigator.serviceWorker.ready }")
    phone.reload()  # the worker controls the page, and has its module, from the second time on
    expect(phone.get_by_text("pears")).to_be_visible()
    phone.evaluate(UNTIL_NOOP_IS_KEPT)
    context.set_offline(True)
    phone.reload()
    expect(phone.get_by_text("pears")).to_be_visible()
    open_plugin(phone, platform, "mobile", "noop")  # never opened before: its page is there all the same
    expect(phone.get_by_role("heading", name="Signs of life")).to_be_visible()
    expect(phone.get_by_text("Offline").first).to_be_visible()
    context.set_offline(False)
    expect(phone.get_by_text("Live").first).to_be_visible(timeout=40_000)


def test_a_page_that_could_not_be_loaded_is_there_when_the_network_returns(
    signed_in: Page, context: BrowserContext, platform: Platform
) -> None:
    signed_in.goto(platform.url("desktop"))
    expect(signed_in.get_by_role("link", name="Tutorial").first).to_be_visible()
    signed_in.route("**/p/peek_plugin_tutorial/**", lambda route: route.abort())
    context.set_offline(True)
    signed_in.evaluate("dispatchEvent(new Event('offline'))")
    signed_in.evaluate("async () => { for (const name of await caches.keys()) await caches.delete(name) }")
    signed_in.get_by_role("link", name="Tutorial").first.click()
    expect(signed_in.get_by_text("Tutorial could not be loaded")).to_be_visible()
    signed_in.unroute("**/p/peek_plugin_tutorial/**")
    context.set_offline(False)
    expect(signed_in.get_by_role("row").filter(has_text="apples")).to_be_visible(timeout=40_000)


def test_an_alarm_rises_on_the_desktop_and_is_acknowledged_on_the_phone(
    signed_in: Page, context: BrowserContext, platform: Platform
) -> None:
    desktop = open_plugin(context.new_page(), platform, "desktop", "host_metrics")
    expect(desktop.locator("peek-chart").first).to_be_visible()
    expect(desktop.locator("peek-chart canvas")).to_have_count(4)
    admin = open_plugin(signed_in, platform, "admin", "host_metrics")
    admin.get_by_role("button", name="Add threshold").click()
    dialog = dialog_form(admin)
    dialog.get_by_label("Metric").select_option("memory_percent")
    dialog.get_by_label("Raise at").fill("0.2")
    dialog.get_by_label("Clear at").fill("0.1")
    dialog.get_by_label("Hold").fill("0")
    dialog.get_by_role("button", name=re.compile("Add|Save")).click()
    expect(desktop.get_by_role("row").filter(has_text="limit 0.2")).to_be_visible()
    phone = open_plugin(context.new_page(), platform, "mobile", "host_metrics")
    phone.locator(".alarm").filter(has_text="limit 0.2").get_by_role("button", name="Acknowledge").click()
    expect(desktop.get_by_role("row").filter(has_text="limit 0.2")).to_contain_text("Administrator")


def test_the_administrator_summarises_the_last_hour_on_a_worker(signed_in: Page, platform: Platform) -> None:
    admin = open_plugin(signed_in, platform, "admin", "host_metrics")
    admin.get_by_role("button", name="Summarise").click()
    expect(admin.get_by_role("row").filter(has_text="Processor").last).to_contain_text("%")
    expect(admin.get_by_role("columnheader", name="Median")).to_be_visible(timeout=30_000)
    admin.goto(platform.url("admin", "/tasks"))
    expect(admin.get_by_text("Summarise hours").first).to_be_visible()


def test_the_administrator_reaches_agent_and_worker_through_the_tutorial(signed_in: Page, platform: Platform) -> None:
    admin = open_plugin(signed_in, platform, "admin", "tutorial")
    admin.get_by_role("button", name="Ask the agent").click()
    expect(admin.get_by_text("The agent says that 7 − 4 = 3.")).to_be_visible()
    admin.get_by_role("button", name="Count on a worker").click()
    expect(admin.get_by_text(re.compile("A worker counted"))).to_be_visible(timeout=30_000)


def test_the_overview_says_how_the_database_is(signed_in: Page, platform: Platform) -> None:
    signed_in.goto(platform.url("admin"))
    expect(signed_in.get_by_text("The database is well")).to_be_visible()
    expect(signed_in.get_by_text(re.compile(r"\d of 8 connections in use"))).to_be_visible()


def test_a_setting_out_of_range_is_refused_at_its_field_and_a_good_one_is_kept(
    signed_in: Page, platform: Platform
) -> None:
    signed_in.goto(platform.url("admin", "/settings"))
    field = signed_in.get_by_label("Keep samples for")
    field.fill("0")
    signed_in.get_by_role("button", name="Save host metrics").click()
    expect(signed_in.get_by_text("Enter 1 or more")).to_be_visible()
    field.fill("48")
    signed_in.get_by_role("button", name="Save host metrics").click()
    expect(signed_in.get_by_text("Saved").first).to_be_visible()
    signed_in.reload()
    expect(signed_in.get_by_label("Keep samples for")).to_have_value("48")


def test_the_administrator_finds_what_somebody_did_and_the_address_keeps_it(
    signed_in: Page, context: BrowserContext, platform: Platform
) -> None:
    phone = open_plugin(context.new_page(), platform, "mobile", "tutorial")
    phone.get_by_role("button", name="+1 to pears").click()
    expect(phone.get_by_role("button", name=re.compile("waiting"))).to_have_count(0)
    admin = signed_in
    admin.get_by_role("link", name="Activity").click()
    first = admin.get_by_role("row").filter(has_text="Add int value").first
    expect(first).to_contain_text("Applied")
    admin.get_by_label("Person").fill("nobody of that name")
    admin.get_by_label("Person").press("Enter")
    expect(admin.get_by_text("Nothing matches the filters")).to_be_visible()
    admin.get_by_role("button", name="Clear filters").click()
    first.click()
    panel = admin.locator("peek-side-panel")
    expect(panel).to_contain_text("peek_plugin_tutorial.AddIntValue")
    expect(panel).to_contain_text('"offset": 1')
    admin.reload()  # what was opened is in the address
    expect(panel).to_contain_text('"offset": 1')
    panel.get_by_role("button", name="Close").click()
    expect(panel).to_have_count(0)
    admin.get_by_label("Outcome").select_option("rejected")
    expect(admin.get_by_role("row").filter(has_text="Applied")).to_have_count(0)
    assert "outcome=rejected" in admin.url


def test_a_killed_agent_is_seen_away_and_comes_back_by_itself(signed_in: Page, platform: Platform) -> None:
    signed_in.goto(platform.url("admin"))
    agent = signed_in.get_by_label("Services", exact=True).get_by_role("row").filter(has_text="agent")
    expect(agent).to_contain_text("Up")
    before = platform.up.pid("agent")
    platform.up.kill("agent")
    expect(agent).to_contain_text("Away", timeout=10_000)
    expect(agent).to_contain_text("Up", timeout=30_000)
    assert platform.up.pid("agent") != before
