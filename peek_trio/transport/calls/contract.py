"""A contract is one typed async function, declared once, that one kind of service serves and every other calls.

`rpc` turns the declaration into a `Contract`. The contract knows its name on the wire, who serves it, and how its arguments and its
result become JSON and back; both ends use the same object, so a call that type checks cannot fail to decode.
"""

from __future__ import annotations

import collections.abc
import functools
import inspect
import types
import typing
from collections.abc import Awaitable, Callable
from typing import Any, Generic, Literal, ParamSpec, TypeVar, get_args

import attrs

from peek_trio.errors import BadRequest, PeekError, TupleError
from peek_trio.tuples import Codec

__all__ = ["DEFAULT_TIMEOUT", "LONGEST_TIMEOUT", "Contract", "ServiceKind", "rpc"]

P = ParamSpec("P")
R = TypeVar("R")

ServiceKind = Literal["server", "client", "agent", "worker"]
"""The kinds of service that can serve a contract."""

DEFAULT_TIMEOUT = 30.0
"""Seconds. What a call has when its caller names no other time."""

LONGEST_TIMEOUT = 24 * 3600.0
"""Seconds. A caller that asks for more is given this."""

_STREAMS = (collections.abc.AsyncIterator, collections.abc.AsyncIterable, collections.abc.AsyncGenerator)
_BY_NAME = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


def rpc(
    *, served_by: ServiceKind, name: str | None = None, idempotent: bool = False
) -> Callable[[Callable[P, Awaitable[R]]], Contract[P, R]]:
    """Declares a contract: decorates an async function whose body is `...`.

    `served_by` is the kind of service that answers. `name` is the method on the wire, by default `<top package>.<function>`. A
    declaration that returns `AsyncIterator[T]` streams: its callee is an async generator.

    `idempotent` says that doing it twice is as good as once (reading, setting to a value). Such a call is made again, with backoff and
    within its deadline, when the link is lost or the callee is unavailable; any other fails at once, because it may have been done.
    """

    def declare(declaration: Callable[P, Awaitable[R]]) -> Contract[P, R]:
        return Contract(declaration, served_by=served_by, name=name, idempotent=idempotent)

    return declare


class Contract(Generic[P, R]):
    """One method that crosses processes. Made by `rpc`; served by `Scope.serve`, called through `Switchboard.caller`."""

    def __init__(
        self,
        declaration: Callable[P, Awaitable[R]],
        *,
        served_by: ServiceKind,
        name: str | None = None,
        idempotent: bool = False,
    ) -> None:
        if not isinstance(declaration, types.FunctionType):
            raise PeekError(f"A contract is declared by a plain async function, not by {declaration!r}.")
        self.name = name or f"{declaration.__module__.partition('.')[0]}.{declaration.__name__}"
        self.served_by = served_by
        self.idempotent = idempotent
        self.declaration = declaration
        self.signature = inspect.signature(declaration)
        self.__doc__ = declaration.__doc__
        if served_by not in get_args(ServiceKind):
            raise PeekError(f"{self.name} is served_by {served_by!r}; it must be one of {get_args(ServiceKind)}.")
        for parameter in self.signature.parameters.values():
            if parameter.kind not in _BY_NAME:
                raise PeekError(
                    f"{self.name} has the parameter {parameter}; arguments travel by name, so it cannot have it."
                )
        self._names = tuple(self.signature.parameters)

    def __repr__(self) -> str:
        return f"<Contract {self.name}{self.signature} served by {self.served_by}>"

    @property
    def streams(self) -> bool:
        """Whether the callee gives items one after the other rather than one result."""
        return self._form.streams

    def bind(self, *args: Any, **kwargs: Any) -> Any:
        """The arguments of one call. Raises TypeError as the function itself would."""
        return self._form.arguments(*args, **kwargs)

    def named(self, arguments: Any) -> dict[str, Any]:
        """What `bind` or `decode_arguments` gave, as keyword arguments with every default filled in. Not to be changed."""
        keywords: dict[str, Any] = vars(arguments)
        return keywords

    def encode_arguments(self, codec: Codec, arguments: Any) -> bytes:
        """The body of a call. Raises BadRequest, with the path, for an argument that does not fit its annotation."""
        try:
            return codec.encode_value(arguments, self._form.arguments)
        except TupleError as error:
            raise BadRequest(f"The arguments do not fit {self.name}. {error}") from error

    def decode_arguments(self, codec: Codec, body: bytes) -> Any:
        """The arguments in the body of a call. Raises BadRequest, with the path, for unknown, missing or ill-typed ones."""
        try:
            return codec.decode_value(body, self._form.arguments)
        except TupleError as error:
            raise BadRequest(f"The arguments do not fit {self.name}. {error}") from error

    def encode_result(self, codec: Codec, value: Any) -> bytes:
        """The body of a result or, of a streaming contract, of one item. Raises TupleError when it is not what the contract declares."""
        return codec.encode_value(value, self._form.result)

    def decode_result(self, codec: Codec, body: bytes) -> Any:
        """The result or one item. Raises TupleError when the callee answered something else than it declares."""
        return codec.decode_value(body, self._form.result)

    @functools.cached_property
    def _form(self) -> _Form:
        # Looked up at first use rather than at declaration, so that a contract may name types its module defines further down.
        try:
            hints = typing.get_type_hints(self.declaration, include_extras=True)
        except NameError as error:
            raise PeekError(f"{self.name} has an annotation that names something unknown: {error}.") from error
        if missing := [name for name in (*self._names, "return") if name not in hints]:
            raise PeekError(f"{self.name} must annotate {', '.join(missing)}: what crosses a process is typed.")
        result = hints["return"]
        streams = typing.get_origin(result) in _STREAMS
        if streams and self.idempotent:
            raise PeekError(f"{self.name} streams, and a stream is not begun again, so it cannot be idempotent.")
        fields = {name: _field(parameter, hints[name]) for name, parameter in self.signature.parameters.items()}
        return _Form(
            arguments=attrs.make_class(
                self.declaration.__name__, fields, class_body={"__peek_closed__": True}, frozen=True
            ),
            result=typing.get_args(result)[0] if streams else result,
            streams=streams,
        )


class _Form(typing.NamedTuple):
    arguments: Callable[..., Any]  # a class with one field for each parameter: the codec checks it as it does a tuple
    result: Any
    streams: bool


def _field(parameter: inspect.Parameter, annotation: Any) -> Any:
    default = attrs.NOTHING if parameter.default is inspect.Parameter.empty else parameter.default
    return attrs.field(
        default=default, type=annotation, alias=parameter.name, kw_only=parameter.kind is inspect.Parameter.KEYWORD_ONLY
    )
