"""`@task` marks the functions that may run in a worker's subprocess. No other function can be run there, whoever asks."""

from __future__ import annotations

import inspect
import json
import typing
from collections.abc import Callable
from importlib import import_module
from typing import Any, TypeVar

import attrs

from peek_trio.errors import PeekError, TaskError
from peek_trio.tuples import Codec

__all__ = ["TaskFunction", "find_task", "task", "task_function"]

F = TypeVar("F", bound=Callable[..., Any])

_MARK = "__peek_task__"
_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


def task(fn: F) -> F:
    """Mark a plain function at the top level of a module as a task. Its first parameter is the `TaskContext`.

    The other parameters and the result cross processes, so they are annotated with what the codec knows. Raises PeekError for a
    function that could not be run elsewhere.
    """
    name = f"{fn.__module__}.{fn.__qualname__}"
    if inspect.iscoroutinefunction(fn) or inspect.isgeneratorfunction(fn) or inspect.isasyncgenfunction(fn):
        raise PeekError(f"The task {name} must be a plain function: it has a process to itself and may block.")
    if "." in fn.__qualname__ or fn.__name__ == "<lambda>":
        raise PeekError(
            f"The task {name} must stand at the top level of its module, where another process can find it."
        )
    parameters = list(inspect.signature(fn).parameters.values())
    if not parameters or any(parameter.kind not in _POSITIONAL for parameter in parameters):
        raise PeekError(f"The task {name} must take the TaskContext first, and no *, *args or **kwargs.")
    setattr(fn, _MARK, True)
    return fn


@attrs.frozen
class TaskFunction:
    """A marked function with its types: `name` is "module:function", `parameters` those after the context."""

    fn: Callable[..., Any]
    name: str
    parameters: dict[str, Any]
    required: int
    result: Any

    @property
    def plugin(self) -> str:
        """The package that brought it."""
        return self.name.partition(".")[0].partition(":")[0]

    def encode_arguments(self, codec: Codec, arguments: tuple[Any, ...]) -> str:
        """The arguments by name, as a JSON object. Raises TaskError when their number is wrong, TupleError when one does not fit."""
        if not self.required <= len(arguments) <= len(self.parameters):
            takes = ", ".join(self.parameters) or "no arguments"
            raise TaskError(f"The task {self.name} takes {takes}; {len(arguments)} were given.")
        members = (
            f"{json.dumps(name)}:{codec.encode_value(value, annotation).decode()}"
            for (name, annotation), value in zip(self.parameters.items(), arguments, strict=False)
        )
        return "{" + ",".join(members) + "}"

    def decode_arguments(self, codec: Codec, text: str) -> dict[str, Any]:
        """The arguments to call it with. Raises TaskError for an unknown one, TupleError for one that does not fit."""
        data: dict[str, Any] = codec.decode_value(text.encode(), dict[str, Any])
        for name in data:
            if name not in self.parameters:
                raise TaskError(f'The task {self.name} has no parameter "{name}".')
        return {name: codec.from_builtins(value, self.parameters[name]) for name, value in data.items()}

    def encode_result(self, codec: Codec, value: Any) -> str:
        """What it returned, as JSON. Raises TupleError when that is not what it declares."""
        return codec.encode_value(value, self.result).decode()

    def decode_result(self, codec: Codec, text: str) -> Any:
        """What it returned. Raises TupleError when that is not what it declares."""
        return codec.decode_value(text.encode(), self.result)


def task_function(fn: Callable[..., Any]) -> TaskFunction:
    """The task that `fn` is. Raises TaskError when it is not marked with `@task`, or a type is missing."""
    name = f"{getattr(fn, '__module__', '?')}:{getattr(fn, '__qualname__', repr(fn))}"
    if not getattr(fn, _MARK, False):
        raise TaskError(f"{name} is no task; mark the function with @task.")
    hints = typing.get_type_hints(fn, include_extras=True)
    parameters = list(inspect.signature(fn).parameters.values())[1:]
    for wanted in (*(parameter.name for parameter in parameters), "return"):
        if wanted not in hints:
            raise TaskError(f"The task {name} must annotate {wanted}: it crosses processes.")
    return TaskFunction(
        fn,
        name,
        {parameter.name: hints[parameter.name] for parameter in parameters},
        sum(parameter.default is parameter.empty for parameter in parameters),
        hints["return"],
    )


def find_task(name: str) -> TaskFunction:
    """The task called "module:function", imported if need be. Raises TaskError when there is none."""
    module, _, function = name.partition(":")
    try:
        found = getattr(import_module(module), function, None)
    except ImportError as error:
        raise TaskError(f"The task {name} cannot be imported on this worker: {error}.") from error
    if not callable(found):
        raise TaskError(f"There is no task {name} on this worker.")
    return task_function(found)
