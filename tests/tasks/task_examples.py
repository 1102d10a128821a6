"""Tasks that the tests have run in subprocesses. Imported by the tests and by the subprocesses alike."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from datetime import datetime

import attrs
from sqlalchemy import text

from peek_trio import TaskContext, task, tuple_type


@tuple_type("task_examples.Summary")
@attrs.frozen
class Summary:
    title: str
    total: int
    at: datetime


@task
def add(ctx: TaskContext, a: int, b: int = 10) -> int:
    return a + b


@task
def summarise(ctx: TaskContext, summary: Summary, more: list[int]) -> Summary:
    return attrs.evolve(summary, total=summary.total + sum(more))


@task
def process_id(ctx: TaskContext) -> int:
    return os.getpid()


@task
def fail(ctx: TaskContext, message: str) -> None:
    raise ValueError(message)


@task
def leave(ctx: TaskContext) -> None:
    sys.exit(3)


@task
def exit_at_once(ctx: TaskContext, code: int) -> None:
    os._exit(code)


@task
def crash(ctx: TaskContext) -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


@task
def report_and_hang(ctx: TaskContext) -> None:
    ctx.progress(0.25, str(os.getpid()))
    time.sleep(3600)


@task
def hold_the_interpreter(ctx: TaskContext) -> None:
    ctx.progress(0.5, str(os.getpid()))
    ctypes.PyDLL(None).sleep(3600)  # PyDLL keeps the interpreter's lock: no thread of this process runs


@task
def start_a_grandchild_and_hang(ctx: TaskContext) -> None:
    grandchild = subprocess.Popen(["sleep", "3600"])
    ctx.progress(0.5, str(grandchild.pid))
    time.sleep(3600)


@task
def print_line(ctx: TaskContext) -> None:
    print("printed by the task", flush=True)  # noqa: T201 (that it reaches the log is what is tested)


@task
def log_line(ctx: TaskContext) -> None:
    ctx.log.warning("logged by the task")


@task
def much(ctx: TaskContext, size: int) -> str:
    return "x" * size


@task
def wrong_type(ctx: TaskContext) -> int:
    return "seven"  # type: ignore[return-value]


@task
def report_often(ctx: TaskContext, times: int) -> None:
    for number in range(times):
        ctx.progress(number / times)


@task
def count_rows(ctx: TaskContext) -> int:
    with ctx.session() as session:
        return int(session.execute(text("select count(*) from peek.setting")).scalar_one())


def unmarked(ctx: TaskContext) -> int:
    return 1
