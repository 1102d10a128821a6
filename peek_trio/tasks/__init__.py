"""Heavy work: functions that run in warm subprocesses of a worker, with the database, progress, a timeout and a clean end."""

from peek_trio.tasks.caller import TaskCaller
from peek_trio.tasks.context import TaskContext
from peek_trio.tasks.contract import TaskNews, run_task, serve_tasks
from peek_trio.tasks.history import TaskRun
from peek_trio.tasks.marks import task
from peek_trio.tasks.pool import TaskPool
from peek_trio.tasks.progress import TaskProgress

__all__ = [
    "TaskCaller",
    "TaskContext",
    "TaskNews",
    "TaskPool",
    "TaskProgress",
    "TaskRun",
    "run_task",
    "serve_tasks",
    "task",
]
