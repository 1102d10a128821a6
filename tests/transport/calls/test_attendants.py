"""A task serves one job after the other, and none can tell that it was not the first."""

from __future__ import annotations

import contextvars
from collections.abc import Awaitable, Callable

import attrs
import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from peek_trio.transport.calls.attendants import MOST_IDLE, Attendants

who: contextvars.ContextVar[str] = contextvars.ContextVar("who", default="nobody")


@attrs.define(eq=False)
class Job:
    """Something to do; then what came of it, and in which task it was."""

    what: Callable[[], Awaitable[str]]
    outcome: str | None = "not done"
    task: trio.lowlevel.Task | None = None
    over: trio.Event = attrs.field(factory=trio.Event)


async def work(job: Job) -> str:
    job.task = trio.lowlevel.current_task()
    return await job.what()


async def done(job: Job, outcome: str | None) -> None:
    assert not job.over.is_set()
    job.outcome = outcome
    job.over.set()


@pytest.fixture
def attendants(nursery: trio.Nursery) -> Attendants[Job, str]:
    return Attendants(nursery.start_soon, work, done)


async def quick() -> str:
    return who.get()


async def slow() -> str:
    await trio.sleep(100)
    return "slept"


async def result(attendants: Attendants[Job, str], job: Job, seconds: float = 1000) -> Job:
    attendants.take(job, trio.current_time() + seconds)
    with trio.fail_after(2000):
        await job.over.wait()
    await wait_all_tasks_blocked()
    return job


async def test_jobs_one_after_the_other_share_a_task(attendants: Attendants[Job, str]) -> None:
    jobs = [await result(attendants, Job(quick)) for _ in range(3)]
    assert {job.outcome for job in jobs} == {"nobody"}
    assert len({job.task for job in jobs}) == 1


async def test_jobs_at_the_same_time_have_a_task_each(
    attendants: Attendants[Job, str], autojump_clock: MockClock
) -> None:
    jobs = [Job(slow) for _ in range(MOST_IDLE + 10)]
    for job in jobs:
        attendants.take(job, trio.current_time() + 1000)
    for job in jobs:
        await job.over.wait()
    assert {job.outcome for job in jobs} == {"slept"}
    assert len({job.task for job in jobs}) == len(jobs)
    await wait_all_tasks_blocked()
    again = [Job(slow) for _ in jobs]
    for job in again:
        attendants.take(job, trio.current_time() + 1000)
    for job in again:
        await job.over.wait()
    assert len({job.task for job in again} & {job.task for job in jobs}) == MOST_IDLE


async def test_a_deadline_cuts_its_own_job_short_and_no_other(
    attendants: Attendants[Job, str], autojump_clock: MockClock
) -> None:
    first = await result(attendants, Job(slow), 5)
    assert first.outcome is None
    assert trio.current_time() == pytest.approx(5)
    assert (await result(attendants, Job(slow), 500)).outcome == "slept"


async def test_each_job_has_its_own_deadline(attendants: Attendants[Job, str], autojump_clock: MockClock) -> None:
    async def left() -> str:
        return str(round(trio.current_effective_deadline() - trio.current_time()))

    assert [(await result(attendants, Job(left), seconds)).outcome for seconds in (7, 300, 20)] == ["7", "300", "20"]


async def test_a_cancel_cuts_one_job_short(attendants: Attendants[Job, str], autojump_clock: MockClock) -> None:
    await result(attendants, Job(quick))
    one, other = Job(slow), Job(slow)
    scope = attendants.take(one, trio.current_time() + 1000)
    attendants.take(other, trio.current_time() + 1000)
    scope.cancel()
    await other.over.wait()
    assert (one.outcome, other.outcome) == (None, "slept")


async def test_a_job_that_ends_in_spite_of_a_cancel_has_its_outcome(attendants: Attendants[Job, str]) -> None:
    async def stubborn() -> str:
        scope.cancel()
        return "done anyway"

    job = Job(stubborn)
    scope = attendants.take(job, trio.current_time() + 1000)
    await job.over.wait()
    await wait_all_tasks_blocked()
    assert job.outcome == "done anyway"
    assert (await result(attendants, Job(quick))).task is not job.task


async def test_what_a_job_leaves_in_the_context_the_next_does_not_see(attendants: Attendants[Job, str]) -> None:
    async def sign() -> str:
        who.set("joe")
        return who.get()

    assert (await result(attendants, Job(sign))).outcome == "joe"
    assert (await result(attendants, Job(quick))).outcome == "nobody"


async def test_a_task_that_waits_for_the_next_job_waits_until_the_deadline_of_the_last(
    autojump_clock: MockClock,
) -> None:
    async with trio.open_nursery() as nursery:
        attendants = Attendants(nursery.start_soon, work, done)
        await result(attendants, Job(quick), 30)
        assert len(nursery.child_tasks) == 1
        await trio.sleep(31)
        await wait_all_tasks_blocked()
        assert not nursery.child_tasks
        assert (await result(attendants, Job(quick), 30)).outcome == "nobody"
        nursery.cancel_scope.cancel()


async def test_a_job_that_comes_while_everything_ends_harms_nobody() -> None:
    async with trio.open_nursery() as nursery:
        attendants = Attendants(nursery.start_soon, work, done)
        await result(attendants, Job(quick))
        nursery.cancel_scope.cancel()
        late = Job(slow)
        attendants.take(late, trio.current_time() + 1000)
    assert late.outcome == "not done"
