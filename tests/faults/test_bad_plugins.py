"""Plugins that do everything wrong: each is told of in a sentence, and the others run."""

from __future__ import annotations

import re
import signal
import time
from collections.abc import Iterator

import pytest
import trio

from peek_trio.nursery.operator import operator_link
from peek_trio.plugin import PluginStatus
from peek_trio.tuples import TupleSelector
from tests.whole.device import device, sign_in
from tests.whole.homes import Homes
from tests.whole.running import Running, eventually, running

HOOK = "import threading, time, trio\nfrom peek_trio import hookimpl\n\n@hookimpl\n"

WRONG = {
    "peek_plugin_import": "import a_module_that_nobody_has\n",
    "peek_plugin_exit": "import sys\nsys.exit(3)\n",
    "peek_plugin_load": HOOK + "def peek_load(ctx): raise ValueError('no luck')\n",
    "peek_plugin_start": HOOK + "async def peek_start(ctx): 1 / 0\n",
    "peek_plugin_hook": HOOK + "async def peek_begin(ctx): pass\n",
}

CRASHING = """
async def peek_start(ctx):
    async def crash_when_told():
        while not (ctx.files / "crash").exists():
            await trio.sleep(0.02)
        (ctx.files / "crash").unlink()
        raise RuntimeError("boom")
    ctx.nursery.start_soon(crash_when_told)
"""

BLOCKING = """
async def peek_start(ctx):
    async def block_when_told():
        while not (ctx.files / "block").exists():
            await trio.sleep(0.02)
        ctx.log.warning("it blocks now")
        time.sleep(3600)
    ctx.nursery.start_soon(block_when_told)
"""

CLINGING = """
async def peek_start(ctx):
    threading.Thread(target=time.sleep, args=[3600]).start()
"""


@pytest.fixture(scope="module")
def up() -> Iterator[Running]:
    others = (
        "peek_plugin_crash",
        "peek_plugin_block",
        "peek_plugin_cling",
        "peek_plugin_manifest",
        "peek_plugin_needs",
    )
    homes = Homes("peek_plugin_noop", "peek_plugin_tutorial", "peek_plugin_missing", *WRONG, *others)
    for name, source in WRONG.items():
        homes.plugin(name, server=source)
    homes.plugin("peek_plugin_crash", server=HOOK + CRASHING)
    homes.plugin("peek_plugin_block", agent=HOOK + BLOCKING)
    homes.plugin("peek_plugin_cling", worker=HOOK + CLINGING)
    homes.plugin("peek_plugin_manifest", manifest='{"plugin": {"title": 5}}')
    homes.plugin("peek_plugin_needs", manifest={"requiresPlugins": {"peek_plugin_start": ">=1"}})
    try:
        with running(homes) as one:
            yield one.ready()
        assert homes.processes() == {}
    finally:
        homes.remove()


def states(homes: Homes, service: str) -> dict[str, tuple[str, str]]:
    """State and reason of every plugin on a service, as administrators see them."""

    async def see() -> dict[str, tuple[str, str]]:
        async with (
            operator_link(homes.base, [PluginStatus]) as board,
            board.observe(TupleSelector.of(PluginStatus)) as seen,
        ):
            async for state in seen:
                return {row.plugin: (row.state, row.reason) for row in state.rows if row.service == service}
        raise AssertionError("an observation does not end")

    return trio.run(see)


SENTENCES = {
    "peek_plugin_missing": "It is enabled in config.json but not installed; installed plugins: .*",
    "peek_plugin_manifest": r"\S+/peek_plugin_manifest/plugin_package\.json: .*plugin.*",
    "peek_plugin_import": "Its code cannot be imported: ModuleNotFoundError: No module named 'a_module_that_nobody_has'.",
    "peek_plugin_exit": "Its code cannot be imported: SystemExit: 3.",
    "peek_plugin_hook": r"Its code cannot be imported: peek_plugin_hook\._private\.server\.peek_begin is marked as a hook .*",
    "peek_plugin_load": "Its peek_load failed: ValueError: no luck.",
    "peek_plugin_start": "Its peek_start failed: ZeroDivisionError: division by zero.",
    "peek_plugin_needs": "It needs peek_plugin_start, which failed: Its peek_start failed: ZeroDivisionError: .*",
}


@pytest.mark.parametrize("plugin", SENTENCES)
def test_a_plugin_that_cannot_start_is_told_of_on_the_terminal_and_to_administrators(up: Running, plugin: str) -> None:
    up.line(rf"^server +ERROR +{plugin}: {SENTENCES[plugin]}")
    state, reason = states(up.homes, "server")[plugin]
    assert state == "failed"
    assert re.fullmatch(SENTENCES[plugin], reason)


def test_the_others_run_and_people_see_no_traceback(up: Running) -> None:
    for service in ("server", "client", "agent", "worker"):
        assert states(up.homes, service)["peek_plugin_noop"][0] == "started"
    assert "Traceback" not in up.text
    assert "Traceback" in up.homes.log("server")


async def test_what_a_device_wants_of_a_plugin_that_failed_is_kept_and_of_an_unknown_one_refused(up: Running) -> None:
    async with device(up.homes.mobile, "mobile", sign_in(up.homes)) as phone:
        for number, plugin in enumerate(
            ("peek_plugin_start", "peek_plugin_missing", "peek_plugin_nobody_has"), start=1
        ):
            answer = await phone.act(f"{plugin}.Tap", {}, action_id=f"tap-{number}", seq=number)
            assert answer.header["status"] == ("rejected" if plugin == "peek_plugin_nobody_has" else "retry")
            assert plugin in answer.header["message"]


def test_a_plugin_that_crashes_later_is_started_again(up: Running) -> None:
    files = up.homes.home("server") / "plugin_data" / "peek_plugin_crash"
    for _ in range(2):
        seen = len(up.lines)
        (files / "crash").touch()
        told = r"peek_plugin_crash: One of its tasks failed: RuntimeError: boom\. It starts again in \d\.\d s\."
        up.line(told, after=seen)
        eventually(lambda: states(up.homes, "server")["peek_plugin_crash"][0] == "started", "it runs again")


def test_what_no_longer_reacts_and_what_does_not_let_go_end_with_the_rest(up: Running) -> None:
    (up.homes.home("agent") / "plugin_data" / "peek_plugin_block" / "block").touch()
    up.line("it blocks now")
    began = time.monotonic()
    assert up.end(signal.SIGINT) == 0
    assert time.monotonic() - began < 10
    up.line(r"^agent +cut off +it did not end in time\. Its log: ")
    assert up.homes.processes() == {}
