"""Plain JSON: how deep it may nest, and that finding out costs next to nothing whoever wrote it."""

import time

import pytest

from peek_trio.errors import TupleError
from peek_trio.tuples.plain import refuse_deep


def test_brackets_in_strings_do_not_count() -> None:
    refuse_deep(b'{"a":"' + b"[" * 100 + b'\\"' + b"[" * 100 + b'"}')


def test_brackets_after_strings_do() -> None:
    with pytest.raises(TupleError, match="deeper than 64 levels"):
        refuse_deep(b'["\\\\", "\\"", ' + b"[" * 64)


@pytest.mark.parametrize("escapes", [20_000, 500_000])
@pytest.mark.parametrize("ending", [b"", b"\\", b"[" * 100])
def test_a_string_that_never_ends_takes_no_time(escapes: int, ending: bytes) -> None:
    began = time.perf_counter()
    refuse_deep(b"[" * 64 + b'"' + b'\\"' * escapes + b"[" * 100 + ending)
    assert time.perf_counter() - began < 1.0, "a quadratic search: 20,000 escapes would take ten seconds"
