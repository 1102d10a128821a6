"""A writer sees its own write: whoever waits for a transaction hears when the state includes it, though the rows are the same."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from peek_trio.security import Principal, signed_in
from peek_trio.transport import Observation, Switchboard
from peek_trio.transport.observables.entry import MOST_AWAITED, Entry, EntryKey
from peek_trio.transport.observables.snapshot import Snapshot
from peek_trio.tuples import TupleSelector
from tests.transport.network import ANN, JOE, Network, Reading
from tests.transport.recorder import RecordingSubscriber

METER = TupleSelector("test.Reading", {"meter": "a"})


class Ledger:
    """A provider that reads in snapshots, and the transactions that write what it reads."""

    def __init__(self) -> None:
        self.value = 1
        self.next = 100
        self.reads = 0
        self.gate: trio.Event | None = None
        self.in_snapshots = True
        self.error: Exception | None = None

    def commit(self, value: int | None = None) -> int:
        """A transaction, which leaves the value as it is unless told otherwise; returns its number."""
        self.value = self.value if value is None else value
        self.next += 1
        return self.next - 1

    async def read(self, selector: TupleSelector, principal: Principal) -> Snapshot | list[Reading]:
        self.reads += 1
        seen, rows = f"{self.next}:{self.next}:", [Reading("a", self.value)]
        if self.gate is not None:
            await self.gate.wait()
        if self.error is not None:
            raise self.error
        return Snapshot(rows, seen) if self.in_snapshots else rows


class Chain:
    """A server with a ledger, a client service, and a device that watches the meter over both."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.ledger = Ledger()
        self.server: Switchboard
        self.client: Switchboard
        self.device: Switchboard

    async def start(self) -> None:
        self.server, self.client, self.device = [
            await self.network.board(kind) for kind in ("server", "client", "device")
        ]
        self.server.scope("the plugin").provide(Reading, self.ledger.read, allow=signed_in)
        self.up = await self.network.link(self.server, self.client)
        self.down = await self.network.link(self.client, self.device, JOE)


@pytest.fixture
async def chain(network: Network) -> Chain:
    chain = Chain(network)
    await chain.start()
    return chain


async def within(seconds: float, wait: Callable[[], Awaitable[object]]) -> bool:
    with trio.move_on_after(seconds):
        await wait()
        return True
    return False


async def test_a_write_that_changes_no_row_is_seen_all_the_same(chain: Chain) -> None:
    async with chain.device.observe(METER) as states:
        first = await states.receive()
        tx = chain.ledger.commit()
        assert not first.includes(tx)
        with trio.fail_after(5):
            after = await states.including(tx)
    assert after.includes(tx)
    assert (after.rows, after.revision) == (first.rows, first.revision)


async def test_a_write_that_changes_rows_is_seen_with_them(chain: Chain) -> None:
    async with chain.device.observe(METER) as states:
        await states.receive()
        tx = chain.ledger.commit(7)
        chain.server.notify(METER)
        with trio.fail_after(5):
            assert (await states.including(tx)).rows == [Reading("a", 7)]


async def test_what_is_there_already_is_answered_without_reading(chain: Chain) -> None:
    async with chain.device.observe(METER) as states:
        await states.receive()
        tx = chain.ledger.commit()
        await states.including(tx)
        reads = chain.ledger.reads
        other = await chain.network.board("device", "d2")
        await chain.network.link(chain.client, other, ANN)
        async with other.observe(METER) as theirs:
            assert (await theirs.including(tx)).includes(tx)
    assert chain.ledger.reads == reads


async def test_others_are_not_told_of_a_write_that_changes_nothing(chain: Chain) -> None:
    other = await chain.network.board("device", "d2")
    await chain.network.link(chain.client, other, ANN)
    async with chain.device.observe(METER) as states, other.observe(METER) as theirs:
        await states.receive()
        await theirs.receive()
        await states.including(chain.ledger.commit())
        await wait_all_tasks_blocked()
        assert not await within(0, theirs.receive)


async def test_a_read_that_began_before_the_commit_does_not_count(chain: Chain) -> None:
    async with chain.device.observe(METER) as states:
        await states.receive()
        chain.ledger.gate = trio.Event()
        chain.server.notify(METER)
        await wait_all_tasks_blocked()  # it reads, in a snapshot from before
        tx = chain.ledger.commit(5)
        async with trio.open_nursery() as nursery:
            seen: list[int] = []

            async def wait() -> None:
                seen.extend(row.value for row in (await states.including(tx)).rows)

            nursery.start_soon(wait)
            await wait_all_tasks_blocked()
            assert seen == []
            chain.ledger.gate.set()
            chain.ledger.gate = None
        assert seen == [5]


async def test_many_who_wait_cause_one_read_in_progress_and_one_to_follow(chain: Chain) -> None:
    others = [await chain.network.board("device", f"d{number}") for number in range(10)]
    for other in others:
        await chain.network.link(chain.client, other, ANN)
    async with trio.open_nursery() as nursery:
        begun = chain.ledger.reads
        everybody: list[Observation] = []

        async def watch(board: Switchboard, task_status: trio.TaskStatus[None]) -> None:
            async with board.observe(METER) as states:
                await states.receive()
                everybody.append(states)
                task_status.started()
                await trio.sleep_forever()

        for other in others:
            await nursery.start(watch, other)
        begun = chain.ledger.reads
        chain.ledger.gate = trio.Event()
        async with trio.open_nursery() as waiting:
            for states in everybody:
                waiting.start_soon(states.including, chain.ledger.commit())
            await wait_all_tasks_blocked()
            assert chain.ledger.reads == begun + 1
            chain.ledger.gate.set()
        assert chain.ledger.reads <= begun + 2
        nursery.cancel_scope.cancel()


async def test_the_write_is_seen_after_the_link_of_the_device_was_lost(chain: Chain) -> None:
    async with chain.device.observe(METER) as states:
        await states.receive()
        await chain.down.cut()
        tx = chain.ledger.commit()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(states.including, tx)
            await wait_all_tasks_blocked()
            await chain.network.link(chain.client, chain.device, JOE)
            nursery.cancel_scope.deadline = trio.current_time() + 5
        assert not nursery.cancel_scope.cancelled_caught


async def test_the_write_is_seen_after_the_client_service_lost_the_server(chain: Chain) -> None:
    async with chain.device.observe(METER) as states:
        await states.receive()
        tx = chain.ledger.commit()
        await chain.up.cut()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(states.including, tx)
            await wait_all_tasks_blocked()
            await chain.network.link(chain.server, chain.client)
            nursery.cancel_scope.deadline = trio.current_time() + 5
        assert not nursery.cancel_scope.cancelled_caught


async def test_a_read_that_fails_is_repeated_for_those_who_wait(chain: Chain, autojump_clock: MockClock) -> None:
    async with chain.device.observe(METER) as states:
        await states.receive()
        tx = chain.ledger.commit()
        chain.ledger.error = OSError("broken")

        async def mend() -> None:
            await trio.sleep(5)
            chain.ledger.error = None

        async with trio.open_nursery() as nursery:
            nursery.start_soon(mend)
            with trio.fail_after(200):
                assert (await states.including(tx)).includes(tx)


async def test_a_transaction_that_never_was_causes_one_read_and_no_more(
    chain: Chain, autojump_clock: MockClock
) -> None:
    async with chain.device.observe(METER) as states:
        await states.receive()
        begun = chain.ledger.reads
        assert not await within(3600, lambda: states.including(2**60))
        assert chain.ledger.reads == begun + 1


async def test_a_state_read_in_no_snapshot_cannot_tell_and_is_given_at_once(chain: Chain) -> None:
    chain.ledger.in_snapshots = False
    async with chain.device.observe(METER) as states:
        first = await states.receive()
        assert not first.includes(100)
        with trio.fail_after(5):
            assert await states.including(100) is first
            assert await states.including(None) is first


def an_entry() -> Entry:
    return Entry(EntryKey.of(METER, JOE), METER)


def test_what_one_subscriber_waits_for_is_bounded_and_goes_with_it() -> None:
    entry, subscriber = an_entry(), RecordingSubscriber()
    entry.join(subscriber)
    for tx in range(1, 2 * MOST_AWAITED):
        assert entry.wait(subscriber, tx)
    assert len(entry.awaited[subscriber]) == MOST_AWAITED
    entry.part(subscriber)
    assert entry.awaited == {}
    assert not entry.wait(subscriber, 1)
