"""Reads the parameters of a plugin's function once, when it is registered, so that a wrong one is refused then and there."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection
from typing import Any

import attrs

from peek_trio.errors import PluginError

__all__ = ["Form", "describe", "form_of"]


@attrs.frozen
class Form:
    """How a function wants to be called: async or not, and which of the offered extras it names as parameters."""

    is_async: bool
    extras: frozenset[str]

    def arguments(self, **offered: Any) -> dict[str, Any]:
        """Of what is offered, the part that the function takes."""
        return {name: value for name, value in offered.items() if name in self.extras}


def form_of(
    fn: Callable[..., Any], *, given: str, extras: Collection[str] = (), refuse: Callable[[str], PluginError]
) -> Form:
    """The form of `fn`, whose first parameter receives the `given` ("selector", "action", "rows").

    Raises what `refuse` makes of a sentence that names the function, when it could not be called: no first parameter, or one that
    nobody fills.
    """
    parameters = list(inspect.signature(fn).parameters.values())
    if not parameters or parameters[0].kind not in (parameters[0].POSITIONAL_ONLY, parameters[0].POSITIONAL_OR_KEYWORD):
        raise refuse(f"{describe(fn)} must take the {given} as its first parameter.")
    rest = [
        parameter
        for parameter in parameters[1:]
        if parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    ]
    for parameter in rest:
        if parameter.name not in extras and parameter.default is parameter.empty:
            offered = " and ".join(sorted(extras)) or "nothing else"
            raise refuse(
                f'{describe(fn)} has a parameter "{parameter.name}" that nobody fills; after the {given} it may take {offered}.'
            )
    return Form(
        inspect.iscoroutinefunction(fn), frozenset(parameter.name for parameter in rest if parameter.name in extras)
    )


def describe(fn: Callable[..., Any]) -> str:
    """The function's name with its module, for a sentence."""
    name = getattr(fn, "__qualname__", None) or repr(fn)
    return f"{getattr(fn, '__module__', '?')}.{name}"
