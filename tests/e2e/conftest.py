"""The whole platform as a user starts it, and a real browser in front of it. Needs an installed Chromium: `nox -s e2e`."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.e2e.running import Platform, free_ports, write_configurations

START_SECONDS = 90
STOP_SECONDS = 15
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
    home = Path(tempfile.mkdtemp(prefix="peek-e2e-"))
    home.chmod(0o711)  # an embedded PostgreSQL started by root runs as another user
    ports = free_ports(["link", "admin", "mobile", "desktop"])
    write_configurations(home, ports)
    process = subprocess.Popen(
        [sys.executable, "-m", "peek_trio", "up", "--home", str(home)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        bufsize=1,
    )
    running = Platform(home, ports, process)
    ready = threading.Event()
    reader = threading.Thread(target=read_lines, args=(running, ready))
    reader.start()
    try:
        assert ready.wait(START_SECONDS), "up did not become ready:\n" + "\n".join(running.lines)
        assert process.poll() is None, "up ended:\n" + "\n".join(running.lines)
        yield running
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(STOP_SECONDS)
        finally:
            process.kill()
            process.wait()
            reader.join(5)
            assert process.stdout is not None
            process.stdout.close()
            shutil.rmtree(home, ignore_errors=True)


def read_lines(running: Platform, ready: threading.Event) -> None:
    assert running.process.stdout is not None
    for line in running.process.stdout:
        running.lines.append(line.rstrip())
        if "Ctrl-C stops everything" in line:
            ready.set()
    ready.set()


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
