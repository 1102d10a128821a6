"""Contracts as they are declared, bound and encoded."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest

from peek_trio.errors import BadRequest, PeekError, TupleError
from peek_trio.transport import rpc
from peek_trio.tuples import TupleRegistry
from tests.transport.network import Reading


@rpc(served_by="agent")
async def measure(meter: str, since: datetime | None = None, *, times: int = 3) -> list[Reading]:
    """Measures."""
    ...


@rpc(served_by="server", name="other.name")
async def ticks(_gap: float = 1.0) -> AsyncIterator[int]: ...


codec = TupleRegistry().codec


def test_a_contract_is_named_after_its_package() -> None:
    assert measure.name == "tests.measure"
    assert ticks.name == "other.name"
    assert (measure.served_by, measure.__doc__) == ("agent", "Measures.")
    assert "measure" in repr(measure)


def test_an_async_iterator_streams() -> None:
    assert ticks.streams
    assert not measure.streams
    assert ticks.encode_result(codec, 3) == b"3"


def test_arguments_travel_by_name() -> None:
    since = datetime(2026, 1, 1, tzinfo=UTC)
    body = measure.encode_arguments(codec, measure.bind("a", since, times=2))
    arguments = measure.decode_arguments(codec, body)
    assert measure.named(arguments) == {"meter": "a", "since": since, "times": 2}


def test_defaults_are_filled_in() -> None:
    assert measure.named(measure.decode_arguments(codec, b'{"meter": "a"}')) == {
        "meter": "a",
        "since": None,
        "times": 3,
    }
    assert ticks.named(ticks.bind(_gap=2.0)) == {"_gap": 2.0}


@pytest.mark.parametrize(
    ("body", "path"),
    [
        (b"{}", "meter"),
        (b'{"meter": 1}', r"\$\.meter"),
        (b'{"meter": "a", "times": "3"}', r"\$\.times"),
        (b'{"meter": "a", "since": "2026-01-01"}', r"\$\.since"),
        (b'{"meter": "a", "more": 1}', r"\$\.more"),
        (b"[]", "do not fit"),
        (b"{", "do not fit"),
        (b"", "do not fit"),
    ],
)
def test_arguments_that_do_not_fit_are_a_bad_request(body: bytes, path: str) -> None:
    with pytest.raises(BadRequest, match=path):
        measure.decode_arguments(codec, body)


def test_the_caller_is_checked_as_well() -> None:
    with pytest.raises(BadRequest, match=r"\$\.times"):
        measure.encode_arguments(codec, measure.bind("a", times="3"))
    for args, kwargs in ((), {}), (("a", None, 3), {}), (("a",), {"meter": "b"}), (("a",), {"x": 1}):
        with pytest.raises(TypeError):
            measure.bind(*args, **kwargs)


def test_results_are_checked_at_both_ends() -> None:
    assert measure.decode_result(codec, measure.encode_result(codec, [Reading("a", 1)])) == [Reading("a", 1)]
    wrong: Any = [Reading("a", "1")]  # type: ignore[arg-type]
    with pytest.raises(TupleError, match=r"\$\[0\]\.value"):
        measure.encode_result(codec, wrong)
    with pytest.raises(TupleError):
        measure.decode_result(codec, b"1")


def test_a_declaration_that_cannot_be_called_over_a_wire_is_refused() -> None:
    with pytest.raises(PeekError, match="arguments travel by name"):

        @rpc(served_by="server")
        async def positional(a: int, /) -> None: ...

    with pytest.raises(PeekError, match="arguments travel by name"):

        @rpc(served_by="server")
        async def variable(*a: int) -> None: ...

    with pytest.raises(PeekError, match="must be one of"):

        @rpc(served_by="moon")  # type: ignore[arg-type]
        async def far() -> None: ...

    with pytest.raises(PeekError, match="plain async function"):
        rpc(served_by="server")(print)  # type: ignore[arg-type]


def test_what_is_not_annotated_is_refused_when_it_is_used() -> None:
    @rpc(served_by="server")
    async def loose(a, b: int):  # type: ignore[no-untyped-def]
        ...

    with pytest.raises(PeekError, match="must annotate a, return"):
        loose.bind(1, 2)

    @rpc(served_by="server")
    async def unknown(a: Nowhere) -> None:  # type: ignore[name-defined]  # noqa: F821
        ...

    with pytest.raises(PeekError, match="names something unknown"):
        unknown.bind(1)
