"""What dies under people at work: it comes back, nothing acknowledged is lost, nothing is done twice."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import trio

from peek_trio.nursery.credentials import share_tokens
from tests.whole.device import Device, Watch, device, request
from tests.whole.homes import PATIENCE, Homes
from tests.whole.running import Running, await_end, eventually, running

ROW, ADD = "peek_plugin_tutorial.StringInt", "peek_plugin_tutorial.AddIntValue"


class Counter:
    """A row of the tutorial's table, seen and counted up by one device."""

    def __init__(self, phone: Device, row: int, watch: Watch) -> None:
        self.phone = phone
        self.watch = watch
        self.taps = 0
        self.row = row

    @property
    def value(self) -> int | None:
        """What the device sees; None before it sees the row at all."""
        return next((row["int1"] for row in self.watch.rows if row["id"] == self.row), None)

    async def tap(self) -> int:
        """Add one, as an outbox does; how often it was sent."""
        self.taps += 1
        return await self.send(self.taps)

    async def send(self, seq: int) -> int:
        """Send the tap with this number, perhaps again."""
        action = {"string_int_id": self.row, "offset": 1}
        return await self.phone.act_until_applied(ADD, action, action_id=f"{self.row}-{seq}", seq=seq)

    async def see(self, what: Any) -> None:
        """Watch until `what()` is so."""
        with trio.fail_after(PATIENCE):
            while not what():
                await self.watch.next()


@asynccontextmanager
async def counter(platform: Running, cookie: str) -> AsyncIterator[Counter]:
    async with device(platform.homes.desktop, "desktop", cookie) as phone:
        new = {"string1": "counter", "int1": 0}
        saved = await phone.call("peek.loader_save", type=ROW, row=new, version=None)
        row = json.loads(saved.body)["row"]["id"]
        async with phone.watch(ROW) as watch:
            yield Counter(phone, row, await watch.next())


def postmaster(homes: Homes) -> int:
    return int((homes.home("server") / "postgres" / "postmaster.pid").read_text().split()[0])


async def test_a_server_killed_under_a_device_stale_rows_then_live_ones_and_every_tap_once(
    platform: Running, cookie: str
) -> None:
    async with counter(platform, cookie) as count:
        assert await count.tap() == 1
        await count.see(lambda: count.value == 1)
        seen, database = platform.kill("server"), postmaster(platform.homes)
        await count.see(lambda: count.watch.is_stale)
        assert count.watch.header["stale"]["reason"] == "The server is not connected."
        assert count.value == 1
        async with trio.open_nursery() as taps:
            for _ in range(5):
                taps.start_soon(count.tap)
        await count.see(lambda: count.value == 6 and not count.watch.is_stale)
        assert count.taps == 6
    platform.line(r"^server +died +killed by SIGKILL; starts again in \d\.\d s", after=seen)
    platform.line(rf"^server +WARNING +An earlier run left a PostgreSQL behind \(process {database}\)", after=seen)
    for service in ("client", "agent", "worker"):
        platform.line(rf"^{service} +linked to the server again", after=seen)


async def test_an_action_sent_twice_at_once_is_applied_once(platform: Running, cookie: str) -> None:
    async with counter(platform, cookie) as count:
        async with trio.open_nursery() as sends:
            for _ in range(4):
                sends.start_soon(count.send, 1)
        await count.send(2)
        await count.see(lambda: (count.value or 0) >= 2)
        assert count.value == 2


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
async def test_a_database_that_dies_is_started_again_and_keeps_what_was_acknowledged(
    platform: Running, cookie: str, how: signal.Signals
) -> None:
    async with counter(platform, cookie) as count:
        for _ in range(3):
            await count.tap()
        seen = len(platform.lines)
        os.kill(postmaster(platform.homes), how)
        async with trio.open_nursery() as taps:
            for _ in range(10):
                taps.start_soon(count.tap)
        await count.see(lambda: count.value == 13 and not count.watch.is_stale)
        assert count.taps == 13
    platform.line(r"^server +ERROR +The embedded PostgreSQL ended and starts again in \d\.\d s: ", after=seen)
    eventually(lambda: healthy(platform.homes), "every site is well")
    assert not [line for line in platform.lines[seen:] if "Traceback" in line or "postgres.socket/.s" in line]


def healthy(homes: Homes) -> bool:
    return all(request(port, "GET", "/api/health")[0] == 200 for port in (homes.admin, homes.mobile))


@pytest.mark.parametrize("service", ["client", "agent", "worker"])
def test_a_service_that_is_killed_starts_again_and_leaves_no_process(platform: Running, service: str) -> None:
    tasks = [pid for pid, command in platform.homes.processes().items() if "tasks.child" in command]
    assert tasks
    seen = platform.kill(service)
    platform.line(rf"^{service} +died +killed by SIGKILL; starts again in \d\.\d s", after=seen)
    platform.line(rf"^{service} +ready", after=seen)
    if service == "worker":
        for pid in tasks:
            await_end(pid, within=5)


async def test_after_all_deaths_every_service_does_its_part(platform: Running, cookie: str) -> None:
    async with device(platform.homes.desktop, "desktop", cookie) as phone:
        assert await phone.result("peek_plugin_tutorial.ask_agent", a=5, b=3) == 2
        assert (await phone.result("peek_plugin_tutorial.count_all"))["rows"] > 3


def test_a_client_alone_opens_its_sites_and_says_what_it_lacks(homes: Homes) -> None:
    share_tokens(homes.base)
    with running(homes, "client") as client:
        client.line(rf"Nothing can be reached at 127\.0\.0\.1:{homes.links}: connection refused\. Next attempt in \d")
        client.line("the server is away; starting without it")
        client.line("The client is ready")
        status, health, _ = request(homes.mobile, "GET", "/api/health")
        assert (status, health["ready"]) == (503, False)
        status, refused, _ = request(homes.mobile, "POST", "/api/session", {"name": "admin", "password": "right"})
        assert (status, refused["error"]["type"]) == (503, "Unavailable")
        assert client.end(signal.SIGTERM) == 0
        assert "Traceback" not in client.text
