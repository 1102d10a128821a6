"""JSON as it travels."""

from __future__ import annotations

import zlib

import pytest

from peek_trio.errors import TupleError
from peek_trio.transport.observables.body import COMPRESS_FROM, Body


def test_what_is_small_is_left_alone_and_what_is_large_is_compressed() -> None:
    small, large = b"a" * (COMPRESS_FROM - 1), b"a" * COMPRESS_FROM
    assert Body.of(small) == Body(small, False)
    assert Body.of(large) == Body(zlib.compress(large, 1), True)


def test_what_does_not_shrink_is_left_alone() -> None:
    noise = zlib.compress(bytes(range(256)) * 8, 9)
    noise += bytes(index * 151 % 256 for index in range(COMPRESS_FROM))
    assert Body.of(noise).raw() == noise


def test_it_comes_out_as_it_went_in() -> None:
    for raw in b"", b"short", b"long" * 1000:
        assert Body.of(raw).raw() == raw


def test_a_bomb_is_not_inflated(monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = Body.of(b"0" * 200_000)
    assert len(bomb.raw()) == 200_000
    monkeypatch.setattr("peek_trio.transport.observables.body.INFLATE_LIMIT", 100_000)
    with pytest.raises(TupleError, match="more than 100000 bytes"):
        bomb.raw()


@pytest.mark.parametrize(("data", "sentence"), [(b"junk", "damaged"), (zlib.compress(b"whole")[:-3], "cut short")])
def test_what_was_not_compressed_so_is_an_error(data: bytes, sentence: str) -> None:
    with pytest.raises(TupleError, match=sentence):
        Body(data, True).raw()
