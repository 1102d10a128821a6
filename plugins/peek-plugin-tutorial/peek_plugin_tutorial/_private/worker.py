"""The part on the worker: a task, which runs in a process of its own and may be slow."""

from __future__ import annotations

from sqlalchemy import select

from peek_trio import TaskContext, task

from ..tuples import Total
from .storage import StringInt


@task
def total_of_all(ctx: TaskContext) -> Total:
    """Go through the whole table, telling how far it is."""
    letters = total = 0
    with ctx.session() as session:
        rows = session.scalars(select(StringInt)).all()
        for number, row in enumerate(rows, start=1):
            letters += len(row.string1)
            total += row.int1
            ctx.progress(number / len(rows), f"{number} of {len(rows)} rows")
    return Total(rows=len(rows), letters=letters, sum=total)
