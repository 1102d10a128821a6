# mypy: disable-error-code="empty-body"
"""How a task travels to a worker: one streaming call, whose items are progress and, last, the result."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress

import attrs
import trio

from peek_trio.security import services_of
from peek_trio.tasks.pool import TaskPool
from peek_trio.tasks.progress import TaskProgress
from peek_trio.transport import Scope, rpc
from peek_trio.tuples import TupleRegistry, tuple_type

__all__ = ["TaskNews", "run_task", "serve_tasks"]


@tuple_type("peek.TaskNews")
@attrs.frozen
class TaskNews:
    """What a worker tells of a task: `worker`, its id, at the start; then `progress`; at the end the `result` as JSON text."""

    worker: str = ""
    progress: TaskProgress | None = None
    result: str | None = None


@rpc(served_by="worker", name="peek.run_task")
async def run_task(name: str, arguments: str, timeout: float) -> AsyncIterator[TaskNews]:
    """Run the task "module:function" with its arguments, a JSON object, within `timeout` seconds."""
    ...


def serve_tasks(scope: Scope, pool: TaskPool, registry: TupleRegistry, *, worker: str) -> None:
    """Have the worker whose id is `worker` answer `run_task` from its pool. Only the server may call it."""
    for cls in (TaskNews, TaskProgress):
        registry.add(cls, owner="peek")

    async def run(name: str, arguments: str, timeout: float) -> AsyncIterator[TaskNews]:
        yield TaskNews(worker=worker)
        send, receive = trio.open_memory_channel[TaskNews](1)

        def tell(progress: TaskProgress) -> None:
            with suppress(trio.WouldBlock):  # whoever asked is slower than the task; the next report says more
                send.send_nowait(TaskNews(progress=progress))

        async def perform() -> None:
            with send:
                result = await pool.call(name, arguments, timeout=timeout, on_progress=tell)
                await send.send(TaskNews(result=result))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(perform)
            async for news in receive:
                yield news

    scope.serve(run_task, run, allow=services_of("server"))
