"""Actions while server, client service and PostgreSQL are killed at random moments: none that was acknowledged is lost, none done twice."""

from __future__ import annotations

import json
import os
import random
import signal
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa
import trio

from peek_trio.errors import LinkError, LinkLost
from peek_trio.storage import EmbeddedPostgres, open_engine
from tests.faults.actions.ledger import Line, faults_in, read_ledger, receipts_that_do_not_fit
from tests.whole.device import Device, device, sign_in
from tests.whole.homes import Homes
from tests.whole.running import Running, running

NAME = "peek_plugin_ledger"
SERVER = """
    import attrs
    import sqlalchemy as sa
    from peek_trio import Statements, hookimpl, signed_in, tuple_type

    @tuple_type("ledger.Write")
    @attrs.frozen
    class Write:
        device: str
        key: str
        number: int

    @tuple_type("ledger.WritePlainly")
    @attrs.frozen
    class WritePlainly:
        device: str
        key: str
        number: int

    @hookimpl
    async def peek_start(ctx):
        made = "create table if not exists ledger (id bigserial primary key, device text, key text, number int)"
        await ctx.storage.run(lambda session: session.execute(sa.text(made)))

        @ctx.actions.handler(Write, allow=signed_in)
        def write(action, session):
            insert = sa.text("insert into ledger (device, key, number) values (:device, :key, :number)")
            session.execute(insert, attrs.asdict(action))
            return action.number

        @ctx.actions.handler(WritePlainly, allow=signed_in)
        def write_plainly(action, statements: Statements):
            statements.execute("insert into ledger (device, key, number) values (%(device)s, %(key)s, %(number)s)", attrs.asdict(action))
"""
VICTIMS = ("server", "client", "postgres")
DEVICES, KEYS = 3, 3


@pytest.fixture
def homes() -> Iterator[Homes]:
    """Homes with the plugin of the ledger."""
    one = Homes(NAME)
    one.plugin(NAME, manifest={"requiresServices": ["server", "storage"]}, server=SERVER)
    yield one
    one.remove()


class Tapper:
    """A device at the client service that writes in the ledger until it is told to stop, through any number of links."""

    def __init__(self, homes: Homes, cookie: str, name: str, rng: random.Random) -> None:
        self.acknowledged: list[Line] = []
        self.links = 0
        self._homes, self._cookie, self._name, self._random = homes, cookie, name, rng
        self._stopping = False
        self._phone: Device | None = None
        self._linked = trio.Event()

    def stop(self) -> None:
        """Begins nothing more; what is under way is brought to its end."""
        self._stopping = True

    async def run(self) -> None:
        """Writes with every key, in order, one action at a time for each."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._keep_linked)
            async with trio.open_nursery() as lanes:
                for key in range(KEYS):
                    lanes.start_soon(self._lane, f"key {key}")
            nursery.cancel_scope.cancel()

    async def _keep_linked(self) -> None:
        while True:
            try:
                async with device(self._homes.mobile, "mobile", self._cookie) as phone:
                    self._phone = phone
                    self.links += 1
                    self._linked.set()
                    await trio.sleep_forever()
            except* (LinkLost, LinkError, OSError, trio.BrokenResourceError):
                self._phone = None
                if (
                    self._linked.is_set()
                ):  # those who wait for the next link wait for this event, however many attempts it takes
                    self._linked = trio.Event()
            await trio.sleep(0.1)

    async def _lane(self, key: str) -> None:
        number = 0
        while not self._stopping:
            number += 1
            line = self._name, key, number
            kind = self._random.choice(("ledger.Write", "ledger.WritePlainly"))
            await self._until_applied(kind, line)
            self.acknowledged.append(line)

    async def _until_applied(self, kind: str, line: Line) -> None:
        name, key, number = line
        body = json.dumps({"device": name, "key": key, "number": number}).encode()
        header: dict[str, Any] = {"t": kind, "id": f"{name} {key} {number}", "dev": name, "seq": number, "key": key}
        header["made"] = datetime.now(UTC).isoformat()
        while True:
            await self._linked.wait()
            answer = None
            if self._phone is not None:
                with trio.move_on_after(3):
                    answer = await self._phone.ask("act", body, **header).receive()
            if answer is None:
                continue
            if answer.header["status"] == "applied":
                assert "missing" not in answer.header, answer.header
                return
            assert answer.header["status"] == "retry", answer.header
            await trio.sleep(0.1)


def kill(up: Running, victim: str) -> None:
    """Kills one, wherever it is just now; it may be dead already."""
    try:
        if victim == "postgres":
            lock = up.homes.home("server") / "postgres" / "postmaster.pid"
            os.kill(int(lock.read_text().split()[0]), signal.SIGKILL)
        else:
            up.kill(victim)
    except (OSError, IndexError, ValueError):
        return


async def tap_while_killing(up: Running, cookie: str, kills: list[str], rng: random.Random) -> list[Tapper]:
    """Has devices write while one after the other is killed; returns when all that was begun is acknowledged."""
    tappers = [Tapper(up.homes, cookie, f"device {number}", random.Random(rng.random())) for number in range(DEVICES)]
    async with trio.open_nursery() as nursery:
        for tapper in tappers:
            nursery.start_soon(tapper.run)
        for victim in kills:
            before = sum(len(tapper.acknowledged) for tapper in tappers)
            while sum(len(tapper.acknowledged) for tapper in tappers) < before + 30:  # noqa: ASYNC110 (no sign but the count)
                await trio.sleep(0.02)
            await trio.sleep(rng.uniform(0, 0.3))
            kill(up, victim)
        for tapper in tappers:
            tapper.stop()
    return tappers


@pytest.mark.timeout(400)
@pytest.mark.parametrize("kills", [pytest.param(3, id="short"), pytest.param(20, id="full", marks=pytest.mark.long)])
async def test_no_acknowledged_action_is_lost_whoever_is_killed(homes: Homes, rng: random.Random, kills: int) -> None:
    victims = [*VICTIMS, *rng.choices(VICTIMS, k=kills - len(VICTIMS))]
    rng.shuffle(victims)
    with running(homes) as up:
        await trio.to_thread.run_sync(up.ready)
        cookie = await trio.to_thread.run_sync(sign_in, homes)
        with trio.fail_after(360):
            tappers = await tap_while_killing(up, cookie, victims, rng)
    async with trio.open_nursery() as nursery:
        engine = open_engine(await nursery.start(EmbeddedPostgres(homes.home("server")).run))
        with sa.orm.Session(engine) as session:
            lines, faults = read_ledger(session), receipts_that_do_not_fit(session)
        engine.dispose()
        nursery.cancel_scope.cancel()
    acknowledged = [line for tapper in tappers for line in tapper.acknowledged]
    assert faults_in(lines, acknowledged) == []
    assert sorted(lines) == sorted(acknowledged)  # all that was begun was brought to its end
    assert faults == []
    assert len(lines) >= 30 * kills
