"""A function that could not be called is refused when it is registered."""

from __future__ import annotations

from typing import Any

import pytest

from peek_trio.errors import PluginError
from peek_trio.plugin.parameters import Form, form_of


def form(fn: Any) -> Form:
    return form_of(fn, given="selector", extras=("session", "principal"), refuse=PluginError)


def test_extras_are_found_by_name() -> None:
    def provider(selector: Any, principal: Any) -> None: ...

    assert form(provider) == Form(is_async=False, extras=frozenset({"principal"}))
    assert form(provider).arguments(session=1, principal=2) == {"principal": 2}


def test_async_functions_are_known() -> None:
    async def provider(selector: Any) -> None: ...

    assert form(provider).is_async


def test_a_parameter_with_a_default_may_stay_unfilled() -> None:
    def provider(selector: Any, limit: int = 10) -> None: ...

    assert form(provider).extras == frozenset()


def test_a_parameter_that_nobody_fills_is_refused_by_name() -> None:
    def provider(selector: Any, sesion: Any) -> None: ...

    with pytest.raises(
        PluginError, match=r'provider has a parameter "sesion" that nobody fills.*principal and session'
    ):
        form(provider)


def test_a_function_without_parameters_is_refused() -> None:
    def provider() -> None: ...

    with pytest.raises(PluginError, match="must take the selector as its first parameter"):
        form(provider)
