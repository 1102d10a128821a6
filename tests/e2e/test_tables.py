"""Tables that several people edit, files of them, and taps that carry a mark until they are shown, in a real browser."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from tests.e2e.running import Platform
from tests.e2e.test_journeys import dialog_form, open_plugin
from tests.e2e.test_pages import violations

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

SAMPLE = """li => {
  window.sampled = [];
  const look = () => {
    window.sampled.push([parseInt(li.querySelector(".value").textContent), li.querySelector("peek-state") !== null]);
    requestAnimationFrame(look);
  };
  look();
}"""
"""Looks in every frame that is drawn at the number of a row, and whether there is a mark."""

BAD_FILE = "id,string1,int1\r\n1,first,99\r\n,imported,4\r\n2,second,many\r\n"


def add_string(admin: Page, string: str, number: int) -> None:
    admin.get_by_role("button", name="Add string").click()
    dialog_form(admin).get_by_label("String").fill(string)
    dialog_form(admin).get_by_label("Number").fill(str(number))
    dialog_form(admin).get_by_role("button", name="Add").click()
    expect(admin.get_by_role("cell", name=string, exact=True)).to_be_visible()


def row(page: Page, text: str) -> Locator:
    return page.get_by_role("row").filter(has_text=text)


def choose(page: Page, text: str) -> None:
    file = {"name": "strings.csv", "mimeType": "text/csv", "buffer": text.encode()}
    page.get_by_label("CSV file").set_input_files(file)  # type: ignore[arg-type]  # it is a FilePayload


@pytest.fixture
def admin(signed_in: Page, platform: Platform) -> Page:
    page = open_plugin(signed_in, platform, "admin", "tutorial")
    page.get_by_role("button", name="Add string").wait_for()
    return page


@pytest.fixture(params=["light", "dark"])
def small(request: pytest.FixtureRequest, browser: Browser, platform: Platform) -> Iterator[Page]:
    """The administrator's page of the tutorial on a phone, in both themes."""
    context = browser.new_context(color_scheme=request.param, viewport={"width": 360, "height": 740})
    context.set_default_timeout(15_000)
    page = context.new_page()
    page.goto(platform.sign_in_link())
    page.get_by_role("heading", name="Overview").wait_for()
    yield open_plugin(page, platform, "admin", "tutorial")
    context.close()


def test_a_tap_carries_a_mark_until_its_row_shows_it_and_never_flickers(
    admin: Page, context: BrowserContext, platform: Platform
) -> None:
    add_string(admin, "marked", 10)
    phone = open_plugin(context.new_page(), platform, "mobile", "tutorial")
    item = phone.locator("li").filter(has_text="marked")
    item.evaluate(SAMPLE)
    context.set_offline(True)
    phone.evaluate("dispatchEvent(new Event('offline'))")
    item.get_by_role("button", name="+1 to").click()
    expect(item.get_by_text("Sending")).to_be_visible()
    context.set_offline(False)
    expect(item.get_by_text("11")).to_be_visible(timeout=40_000)
    phone.wait_for_function("() => !window.sampled.at(-1)[1]")
    frames: list[list[object]] = phone.evaluate("window.sampled")
    first = frames.index([10, True])
    assert [10, False] not in frames[first:]
    assert frames[-1] == [11, False]


def test_a_tap_on_the_desktop_carries_a_mark_too(admin: Page, context: BrowserContext, platform: Platform) -> None:
    add_string(admin, "far away", 20)
    desktop = open_plugin(context.new_page(), platform, "desktop", "tutorial")
    expect(row(desktop, "far away")).to_be_visible()
    context.set_offline(True)
    desktop.evaluate("dispatchEvent(new Event('offline'))")
    row(desktop, "far away").get_by_role("button", name="+1 to").click()
    expect(row(desktop, "far away").get_by_text("Sending")).to_be_visible()
    context.set_offline(False)
    expect(row(desktop, "far away")).to_contain_text("21", timeout=40_000)
    expect(row(desktop, "far away").get_by_text("Sending")).to_have_count(0)


def test_a_tap_that_changes_nothing_loses_its_mark_too(
    admin: Page, context: BrowserContext, platform: Platform
) -> None:
    add_string(admin, "4711", 1)
    phone = open_plugin(context.new_page(), platform, "mobile", "tutorial")
    item = phone.locator("li").filter(has_text="4711")
    item.evaluate(SAMPLE)
    item.get_by_role("button", name="toggle capitals").click()  # digits have none
    phone.wait_for_function("() => window.sampled.some(([, mark]) => mark) && !window.sampled.at(-1)[1]")


def test_two_administrators_change_one_row_and_the_second_chooses_field_by_field(
    admin: Page, context: BrowserContext, platform: Platform
) -> None:
    add_string(admin, "contested", 5)
    other = open_plugin(context.new_page(), platform, "admin", "tutorial")
    for page, string, number in ((admin, "mine", "50"), (other, "contested", "60")):
        page.get_by_role("cell", name="contested", exact=True).click()
        dialog_form(page).get_by_label("String").fill(string)
        dialog_form(page).get_by_label("Number").fill(number)
    dialog_form(other).get_by_role("button", name="Save").click()
    expect(other.get_by_text("Saved")).to_be_visible()
    dialog_form(admin).get_by_role("button", name="Save").click()
    clash = admin.locator("peek-clash")
    expect(clash.get_by_role("group", name="String")).to_contain_text("changed by you")
    expect(clash.get_by_role("group", name="String").get_by_label("Yours mine")).to_be_checked()
    number = clash.get_by_role("group", name="Number")
    expect(number).to_contain_text("changed by both")
    expect(clash.get_by_role("button", name="Save")).to_be_disabled()
    expect(number.get_by_label("Yours 50")).to_be_focused()
    admin.keyboard.press("ArrowRight")
    expect(number.get_by_label("Theirs 60")).to_be_checked()
    admin.keyboard.press("Enter")
    expect(clash).to_have_count(0)
    expect(row(admin, "mine")).to_contain_text("60")
    expect(row(other, "mine")).to_contain_text("60")


def test_a_file_is_looked_at_before_it_is_imported(admin: Page) -> None:
    admin.get_by_role("button", name="Import").click()
    dialog = admin.locator("peek-import")
    expect(dialog.get_by_label("CSV file")).to_be_focused()
    choose(admin, BAD_FILE)
    expect(dialog.get_by_role("status").first).to_contain_text("1 refused")
    expect(dialog.get_by_role("row").nth(1)).to_contain_text('int1: "many": This is no whole number.')
    expect(dialog.get_by_role("button", name="Import")).to_be_disabled()
    expect(row(admin, "imported")).to_have_count(0)
    choose(admin, BAD_FILE.replace("many", "7").replace("1,first,99\r\n", ""))
    dialog.get_by_role("button", name=re.compile(r"Import \d strings")).click()
    expect(admin.get_by_text("strings imported")).to_be_visible()
    expect(row(admin, "imported")).to_contain_text("4")
    expect(row(admin, "second")).to_contain_text("7")


def test_a_file_that_is_none_of_the_table_is_refused_with_a_sentence(admin: Page) -> None:
    admin.get_by_role("button", name="Import").click()
    choose(admin, "colour\r\nred\r\n")
    expect(admin.get_by_text('There is no column "colour"')).to_be_visible()
    admin.keyboard.press("Escape")
    expect(admin.locator("peek-import")).to_have_count(0)


def test_what_is_exported_is_what_is_in_the_table_and_imports_as_unchanged(admin: Page) -> None:
    add_string(admin, "=1+1", 1)
    with admin.expect_download() as downloading:
        admin.get_by_role("button", name="Export").click()
    assert re.fullmatch(r"strings-\d{4}-\d\d-\d\d\.csv", downloading.value.suggested_filename)
    text = downloading.value.path().read_bytes().decode()
    assert text.startswith("\ufeffid,string1,int1\r\n")
    assert ",'=1+1,1\r\n" in text
    admin.get_by_role("button", name="Import").click()
    choose(admin, text)
    status = admin.locator("peek-import").get_by_role("status").first
    expect(status).to_contain_text(re.compile(r"^\s*\d+ unchanged\s*$"))


def test_several_rows_are_selected_and_deleted_at_once(admin: Page) -> None:
    for string in ("chaff", "husk"):
        add_string(admin, string, 1)
    for string in ("chaff", "husk"):
        row(admin, string).get_by_role("checkbox", name="Select string").check()
    expect(admin.get_by_role("status").filter(has_text="2 selected")).to_be_visible()
    admin.get_by_role("button", name="Delete 2 strings").click()
    expect(admin.get_by_role("heading", name="Delete 2 strings?")).to_be_visible()
    admin.locator("peek-question").get_by_role("button", name="Delete 2 strings").click()
    expect(row(admin, "chaff")).to_have_count(0)
    expect(row(admin, "husk")).to_have_count(0)
    expect(admin.get_by_role("button", name="Add string")).to_be_visible()


def test_of_rows_of_which_one_was_changed_meanwhile_none_is_deleted(
    admin: Page, context: BrowserContext, platform: Platform
) -> None:
    for string in ("keep", "kept"):
        add_string(admin, string, 1)
    for string in ("keep", "kept"):
        row(admin, string).get_by_role("checkbox", name="Select string").check()
    admin.get_by_role("button", name="Delete 2 strings").click()
    admin.get_by_role("heading", name="Delete 2 strings?").wait_for()
    phone = open_plugin(context.new_page(), platform, "mobile", "tutorial")
    phone.get_by_role("button", name="+1 to kept").click()
    expect(phone.locator("li").filter(has_text="kept")).to_contain_text("2")
    admin.locator("peek-question").get_by_role("button", name="Delete 2 strings").click()
    expect(admin.get_by_text("None was deleted")).to_be_visible()
    expect(row(admin, "keep").first).to_be_visible()


def test_the_dialogs_are_accessible_and_fit_a_phone_in_both_themes(small: Page) -> None:
    def check() -> None:
        assert violations(small) == []
        assert small.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0

    small.get_by_role("button", name="Import").click()
    small.get_by_label("CSV file").wait_for()
    check()
    choose(small, BAD_FILE)
    small.get_by_text("1 refused").wait_for()
    check()
    small.keyboard.press("Escape")
    small.get_by_role("checkbox", name="Select string").first.check()
    small.get_by_text("1 selected").wait_for()
    check()
