"""JSON as it travels in the body of a frame: compressed when that makes it smaller, and never opened by who only passes it on."""

from __future__ import annotations

import zlib
from typing import NamedTuple

from peek_trio.errors import TupleError

__all__ = ["COMPRESS_FROM", "INFLATE_LIMIT", "Body"]

COMPRESS_FROM = 1024
"""Bytes. Less is not worth a compression."""

INFLATE_LIMIT = 256 * 2**20
"""Bytes. What compressed data may become; more is taken for a bomb."""


class Body(NamedTuple):
    """`data`, which is zlib-compressed when `compressed`."""

    data: bytes
    compressed: bool

    @classmethod
    def of(cls, raw: bytes) -> Body:
        """`raw` as it travels."""
        if len(raw) >= COMPRESS_FROM and len(packed := zlib.compress(raw, 1)) < len(raw):
            return cls(packed, True)
        return cls(raw, False)

    def raw(self) -> bytes:
        """What it was before compression. Raises TupleError when it cannot be inflated."""
        if not self.compressed:
            return self.data
        inflater = zlib.decompressobj()
        try:
            raw = inflater.decompress(self.data, INFLATE_LIMIT)
        except zlib.error as error:
            raise TupleError(f"Compressed data is damaged: {error}.", path="$") from error
        if not inflater.eof:
            raise TupleError(f"Compressed data is cut short, or becomes more than {INFLATE_LIMIT} bytes.", path="$")
        return raw
