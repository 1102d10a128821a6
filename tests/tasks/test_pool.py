"""The pool runs marked functions in real subprocesses; whatever a task does to its process, the pool goes on."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psutil
import pytest
import trio

from peek_trio.errors import DatabaseUnavailable, NotAllowed, TaskDied, TaskFailed, TaskTimeout
from peek_trio.tasks import TaskPool, TaskProgress
from peek_trio.tasks import pool as pool_module

SOON = 20.0


async def run(pool: TaskPool, name: str, **arguments: object) -> object:
    return json.loads(await pool.call(f"task_examples:{name}", json.dumps(arguments), timeout=SOON))


async def gone(pid: int) -> None:
    """Wait until a process has ended."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        with trio.fail_after(SOON):
            await trio.lowlevel.wait_readable(handle)
    finally:
        os.close(handle)


class Lines(logging.Handler):
    """Hands log records to a test that waits for them."""

    def __init__(self) -> None:
        super().__init__()
        self._send, self._receive = trio.open_memory_channel[logging.LogRecord](100)

    def emit(self, record: logging.LogRecord) -> None:
        self._send.send_nowait(record)

    async def until(self, text: str) -> logging.LogRecord:
        """The first record from now on that has `text` in it."""
        with trio.fail_after(SOON):
            async for record in self._receive:
                if text in record.getMessage():
                    return record
        raise AssertionError(text)


@asynccontextmanager
async def hanging(pool: TaskPool, name: str, *, timeout: float = SOON) -> AsyncIterator[tuple[int, trio.CancelScope]]:
    """A task that has reported a process id and hangs; give that id and the scope that cancels the call."""
    reported = trio.Event()
    pids: list[int] = []

    def note(progress: TaskProgress) -> None:
        pids.append(int(progress.note))
        reported.set()

    async def call(task_status: trio.TaskStatus[trio.CancelScope]) -> None:
        with trio.CancelScope() as scope:
            task_status.started(scope)
            await pool.call(f"task_examples:{name}", "{}", timeout=timeout, on_progress=note)

    async with trio.open_nursery() as nursery:
        scope = await nursery.start(call)
        with trio.fail_after(SOON):
            await reported.wait()
        yield pids[0], scope


async def test_a_task_gives_its_result(pool: TaskPool) -> None:
    assert await run(pool, "add", a=1, b=2) == 3


async def test_tuples_go_in_and_come_out(pool: TaskPool) -> None:
    summary = {"title": "May", "total": 1, "at": "2026-05-01T12:00:00+00:00"}

    result = await run(pool, "summarise", summary=summary, more=[2, 3])

    assert isinstance(result, dict)
    assert result["total"] == 6


async def test_processes_are_warm_and_used_again(pool: TaskPool) -> None:
    first = await run(pool, "process_id")

    assert first in pool.pids()
    assert await run(pool, "process_id") in pool.pids()


async def test_a_failing_task_is_told_by_its_kind(pool: TaskPool) -> None:
    with pytest.raises(TaskFailed, match="ValueError: no data") as caught:
        await run(pool, "fail", message="no data")

    assert caught.value.kind == "ValueError"
    assert "Traceback" not in str(caught.value)


async def test_sys_exit_fails_the_task_and_keeps_the_process(pool: TaskPool) -> None:
    with pytest.raises(TaskFailed, match="SystemExit"):
        await run(pool, "leave")

    assert await run(pool, "add", a=1) == 11


async def test_arguments_that_do_not_fit_fail_the_task(pool: TaskPool) -> None:
    with pytest.raises(TaskFailed) as caught:
        await run(pool, "add", a="one")

    assert caught.value.kind == "TupleError"


async def test_a_result_of_the_wrong_type_fails_the_task(pool: TaskPool) -> None:
    with pytest.raises(TaskFailed) as caught:
        await run(pool, "wrong_type")

    assert caught.value.kind == "TupleError"


async def test_a_result_beyond_the_bound_fails_the_task_and_keeps_the_process(pool: TaskPool) -> None:
    with pytest.raises(TaskFailed, match="too large"):
        await run(pool, "much", size=17 * 1024 * 1024)

    assert await run(pool, "much", size=1000) == "x" * 1000


async def test_an_exit_code_is_told_and_the_pool_goes_on(pool: TaskPool) -> None:
    with pytest.raises(TaskDied) as caught:
        await run(pool, "exit_at_once", code=7)

    assert (caught.value.exit_code, caught.value.signal) == (7, None)
    assert await run(pool, "add", a=1) == 11


async def test_a_signal_is_told(pool: TaskPool) -> None:
    with pytest.raises(TaskDied, match="SIGSEGV") as caught:
        await run(pool, "crash")

    assert (caught.value.exit_code, caught.value.signal) == (None, signal.SIGSEGV)


async def test_cancelling_a_call_kills_its_process_only(pool: TaskPool) -> None:
    async with hanging(pool, "report_and_hang") as (pid, scope):
        other = await run(pool, "process_id")
        scope.cancel()

    await gone(pid)
    assert await run(pool, "add", a=1) == 11
    assert await run(pool, "add", a=other) == 10 + int(str(other))


async def test_a_task_that_holds_the_interpreter_is_killed_too(pool: TaskPool) -> None:
    async with hanging(pool, "hold_the_interpreter") as (pid, scope):
        scope.cancel()

    await gone(pid)


async def test_what_a_task_started_is_killed_with_it(pool: TaskPool) -> None:
    async with hanging(pool, "start_a_grandchild_and_hang") as (grandchild, scope):
        scope.cancel()

    await gone(grandchild)


async def test_a_task_beyond_its_timeout_is_killed(pool: TaskPool) -> None:
    pids: list[str] = []
    await run(pool, "add", a=1)  # a process is warm now

    with pytest.raises(TaskTimeout, match="took longer than 1 s"):
        await pool.call(
            "task_examples:report_and_hang", "{}", timeout=1.0, on_progress=lambda progress: pids.append(progress.note)
        )

    await gone(int(pids[0]))


async def test_progress_is_thinned_out(pool: TaskPool) -> None:
    reports: list[TaskProgress] = []

    await pool.call("task_examples:report_often", '{"times": 2000}', timeout=SOON, on_progress=reports.append)

    assert 1 <= len(reports) < 200
    assert reports[-1].fraction == 1999 / 2000  # the last one is never held back


async def test_what_a_task_prints_and_logs_reaches_the_log(pool: TaskPool, caplog: pytest.LogCaptureFixture) -> None:
    lines = Lines()
    logger = logging.getLogger("peek_trio")
    logger.addHandler(lines)
    try:
        with caplog.at_level(logging.INFO):
            await run(pool, "log_line")
            assert (await lines.until("logged by the task")).levelno == logging.WARNING
            await run(pool, "print_line")
            assert (await lines.until("printed by the task")).levelno == logging.INFO
    finally:
        logger.removeHandler(lines)


async def test_a_function_of_a_plugin_that_is_not_enabled_is_refused(pool: TaskPool) -> None:
    with pytest.raises(NotAllowed, match="not enabled on this worker"):
        await pool.call("os:getpid", "{}", timeout=SOON)


async def test_an_unmarked_function_is_refused(pool: TaskPool) -> None:
    with pytest.raises(TaskFailed, match="mark the function with @task"):
        await run(pool, "unmarked")


async def test_a_process_is_replaced_after_its_share(pool: TaskPool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool_module, "TASKS_PER_PROCESS", 1)

    pids = [await run(pool, "process_id") for _ in range(4)]

    assert len(set(pids)) == 4


async def test_a_process_that_died_while_idle_is_not_used() -> None:
    pool = TaskPool(size=1, preload=["task_examples"], database_url=None)
    async with trio.open_nursery() as nursery:
        await nursery.start(pool.run)
        dead = int(str(await run(pool, "process_id")))
        os.kill(dead, signal.SIGKILL)
        await gone(dead)

        assert await run(pool, "process_id") not in (None, dead)
        nursery.cancel_scope.cancel()


async def test_a_module_that_cannot_be_imported_fails_only_its_own_tasks() -> None:
    pool = TaskPool(size=1, preload=["task_examples", "no_such_plugin.worker"], database_url=None)
    async with trio.open_nursery() as nursery:
        await nursery.start(pool.run)

        assert await run(pool, "add", a=1) == 11
        with pytest.raises(TaskFailed, match="cannot be imported on this worker"):
            await pool.call("no_such_plugin.worker:f", "{}", timeout=SOON)
        nursery.cancel_scope.cancel()


async def test_no_subprocess_outlives_the_pool() -> None:
    pool = TaskPool(size=2, preload=["task_examples"], database_url=None)
    async with trio.open_nursery() as nursery:
        await nursery.start(pool.run)
        await run(pool, "add", a=1)
        pids = pool.pids()
        nursery.cancel_scope.cancel()

    assert pids
    assert not any(psutil.pid_exists(pid) for pid in pids)


HOST = """
import sys, trio
from peek_trio.tasks import TaskPool

async def main():
    pool = TaskPool(size=1, preload=["task_examples"], database_url=None)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(pool.run)
        await pool.call("task_examples:NAME", "{}", timeout=60, on_progress=lambda progress: print(progress.note, flush=True))

trio.run(main)
"""


@pytest.mark.parametrize("name", ["report_and_hang", "start_a_grandchild_and_hang"])
async def test_a_killed_worker_takes_its_subprocesses_with_it(name: str, nursery: trio.Nursery) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "-c", HOST.replace("NAME", name)]
    host = await trio.lowlevel.open_process(command, stdout=subprocess.PIPE, env=environment)
    assert host.stdout is not None
    with trio.fail_after(SOON):
        pid = int(await host.stdout.receive_some())

        host.kill()
        await host.wait()
        await host.stdout.aclose()

    await gone(pid)


async def test_a_session_without_a_database_is_an_error(pool: TaskPool) -> None:
    with pytest.raises(TaskFailed, match="no database") as caught:
        await run(pool, "count_rows")

    assert caught.value.kind == DatabaseUnavailable.__name__


async def test_a_task_has_a_session(database_url: str) -> None:
    pool = TaskPool(size=1, preload=["task_examples"], database_url=database_url)
    async with trio.open_nursery() as nursery:
        await nursery.start(pool.run)

        assert await run(pool, "count_rows") == 0
        nursery.cancel_scope.cancel()
