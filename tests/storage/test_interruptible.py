"""Work in threads that a cancellation reaches."""

import socket
import threading

import pytest
import trio

from peek_trio.storage.interruptible import Interrupted, Interruption, run_interruptible


class BlockedStatement:
    """Stands in for a connection with a statement running: returns only when it is cancelled."""

    def __init__(self) -> None:
        self.running = threading.Event()
        self.cancelled = threading.Event()

    def execute(self) -> None:
        self.running.set()
        assert self.cancelled.wait(10)

    def cancel_safe(self, *, timeout: float) -> None:
        self.cancelled.set()

    def fileno(self) -> int:
        raise AssertionError("A statement that can be cancelled is not cut off.")


class DeafStatement:
    """Stands in for a statement of a server that no cancellation reaches: it ends when its socket does."""

    def __init__(self) -> None:
        self._ours, self._theirs = socket.socketpair()
        self.running = threading.Event()
        self.cancellations = 0

    def execute(self) -> None:
        self.running.set()
        self._ours.settimeout(30)
        assert self._ours.recv(1) == b""

    def cancel_safe(self, *, timeout: float) -> None:
        self.cancellations += 1
        raise TimeoutError

    def fileno(self) -> int:
        return self._ours.fileno()

    def close(self) -> None:
        self._ours.close()
        self._theirs.close()


@pytest.fixture
def limiter() -> trio.CapacityLimiter:
    return trio.CapacityLimiter(1)


async def test_returns_what_the_work_returns(limiter: trio.CapacityLimiter) -> None:
    assert await run_interruptible(lambda interruption: 42, limiter=limiter) == 42


async def test_raises_what_the_work_raises(limiter: trio.CapacityLimiter) -> None:
    def work(interruption: Interruption) -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await run_interruptible(work, limiter=limiter)


async def test_a_cancellation_stops_the_statement_and_is_then_delivered(limiter: trio.CapacityLimiter) -> None:
    statement = BlockedStatement()

    def work(interruption: Interruption) -> None:
        interruption.aim(statement)
        try:
            statement.execute()
            interruption.check()
        finally:
            interruption.release()

    with trio.CancelScope() as scope:
        async with trio.open_nursery() as nursery:

            async def cancel_when_running() -> None:
                await trio.to_thread.run_sync(statement.running.wait)
                scope.cancel()

            nursery.start_soon(cancel_when_running)
            await run_interruptible(work, limiter=limiter)
            pytest.fail("the cancellation must arrive here")
    assert scope.cancelled_caught
    assert limiter.borrowed_tokens == 0


async def test_work_that_finishes_in_spite_of_a_cancellation_returns_its_result(limiter: trio.CapacityLimiter) -> None:
    statement = BlockedStatement()
    result = None

    def work(interruption: Interruption) -> str:
        interruption.aim(statement)
        try:
            statement.execute()
        finally:
            interruption.release()
        return "committed"

    with trio.CancelScope() as scope:
        async with trio.open_nursery() as nursery:

            async def cancel_when_running() -> None:
                await trio.to_thread.run_sync(statement.running.wait)
                scope.cancel()

            nursery.start_soon(cancel_when_running)
            result = await run_interruptible(work, limiter=limiter)
    assert result == "committed"


async def test_a_server_that_hears_no_cancellation_is_cut_off(
    limiter: trio.CapacityLimiter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("peek_trio.storage.interruptible._CUT_AFTER", 0.2)
    statement = DeafStatement()

    def work(interruption: Interruption) -> None:
        interruption.aim(statement)
        try:
            statement.execute()
            interruption.check()
        finally:
            interruption.release()

    with trio.CancelScope() as scope:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(lambda: run_interruptible(work, limiter=limiter))
            await trio.to_thread.run_sync(statement.running.wait)
            scope.cancel()
    assert scope.cancelled_caught
    assert statement.cancellations >= 1
    statement.close()


async def test_a_released_connection_is_not_cancelled(limiter: trio.CapacityLimiter) -> None:
    statement, interruption = BlockedStatement(), Interruption()
    interruption.aim(statement)
    interruption.release()
    interruption.request()
    assert interruption.requested
    with pytest.raises(Interrupted):
        interruption.check()
    assert not statement.cancelled.is_set()


async def test_a_cancelled_task_starts_no_work(limiter: trio.CapacityLimiter) -> None:
    started = []
    with trio.CancelScope() as scope:
        scope.cancel()
        await run_interruptible(started.append, limiter=limiter)
    assert not started


async def test_waiting_for_a_turn_can_be_cancelled(
    limiter: trio.CapacityLimiter, autojump_clock: trio.testing.MockClock
) -> None:
    limiter.acquire_on_behalf_of_nowait("somebody else")
    with trio.move_on_after(5) as scope:
        await run_interruptible(lambda interruption: None, limiter=limiter)
    assert scope.cancelled_caught
