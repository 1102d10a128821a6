"""signals: a polite end, and a certain one behind it."""

import os
import signal
import threading

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from peek_trio.nursery import signals
from peek_trio.nursery.signals import Stopping, stop_on_signals, stop_without_supervisor


async def test_the_first_signal_asks_politely(nursery: trio.Nursery) -> None:
    asked = trio.Event()
    stopping = Stopping(asked.set)
    await nursery.start(stop_on_signals, stopping)
    os.kill(os.getpid(), signal.SIGTERM)
    with trio.fail_after(5):
        await asked.wait()
    stopping.ended()
    nursery.cancel_scope.cancel()


def test_only_the_first_request_is_passed_on() -> None:
    asked: list[str] = []
    stopping = Stopping(lambda: asked.append("end"))
    for _ in range(3):
        stopping.ask("SIGTERM received")
    stopping.ended()
    assert asked == ["end"]


def test_a_second_request_brings_the_certain_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signals, "SHORT_GRACE", 0.05)
    forced = threading.Event()
    stopping = Stopping(lambda: None, forced.set)
    stopping.ask("SIGINT received")
    assert not forced.is_set()
    stopping.ask("SIGINT received")
    assert forced.wait(10)


def test_an_end_that_came_needs_no_force(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signals, "SHORT_GRACE", 0.05)
    forced = threading.Event()
    stopping = Stopping(lambda: None, forced.set)
    stopping.ask("SIGINT received")
    stopping.ask("SIGINT received")
    stopping.ended()
    assert not forced.wait(0.2)


async def test_the_end_of_the_lifeline_ends_the_service(nursery: trio.Nursery) -> None:
    asked = trio.Event()
    stopping = Stopping(asked.set)
    read_end, write_end = os.pipe()
    nursery.start_soon(stop_without_supervisor, stopping, read_end)
    await wait_all_tasks_blocked()
    assert not asked.is_set()
    os.close(write_end)
    with trio.fail_after(5):
        await asked.wait()
    stopping.ended()
