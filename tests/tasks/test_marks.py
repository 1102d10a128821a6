"""Only plain top-level functions with typed parameters can be tasks."""

from __future__ import annotations

from typing import Any

import pytest
import task_examples

from peek_trio.errors import PeekError, TaskError, TupleError
from peek_trio.tasks import TaskContext, task
from peek_trio.tasks.marks import find_task, task_function
from peek_trio.tuples import TupleRegistry


def untyped(ctx: TaskContext, value) -> None:  # type: ignore[no-untyped-def]
    ...


async def asynchronous(ctx: TaskContext) -> None: ...


def keyword_only(ctx: TaskContext, *, value: int) -> None: ...


def test_a_task_is_found_by_its_name() -> None:
    function = find_task("task_examples:add")

    assert function.fn is task_examples.add
    assert function.plugin == "task_examples"


@pytest.mark.parametrize(
    ("fn", "complaint"),
    [
        (asynchronous, "must be a plain function"),
        (keyword_only, "no \\*, \\*args or \\*\\*kwargs"),
        (lambda: None, "top level"),
    ],
)
def test_what_cannot_be_a_task_is_refused(fn: Any, complaint: str) -> None:
    with pytest.raises(PeekError, match=complaint):
        task(fn)


def test_an_untyped_parameter_is_refused() -> None:
    with pytest.raises(TaskError, match="must annotate value"):
        task_function(task(untyped))


def test_an_unmarked_function_is_no_task() -> None:
    with pytest.raises(TaskError, match="mark the function with @task"):
        task_function(task_examples.unmarked)


def test_arguments_survive_the_way() -> None:
    codec = TupleRegistry().codec
    function = task_function(task_examples.add)

    assert function.decode_arguments(codec, function.encode_arguments(codec, (1, 2))) == {"a": 1, "b": 2}
    assert function.decode_arguments(codec, function.encode_arguments(codec, (1,))) == {"a": 1}


def test_arguments_that_do_not_fit_are_refused() -> None:
    codec = TupleRegistry().codec
    function = task_function(task_examples.add)

    with pytest.raises(TaskError, match="takes a, b; 3 were given"):
        function.encode_arguments(codec, (1, 2, 3))
    with pytest.raises(TupleError):
        function.encode_arguments(codec, ("one",))
    with pytest.raises(TaskError, match='has no parameter "c"'):
        function.decode_arguments(codec, '{"c": 1}')
