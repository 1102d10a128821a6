"""Valid bytes made wrong: the nearer to the right ones, the further they get before somebody notices."""

from __future__ import annotations

import json
import random
import struct
from collections.abc import Callable, Sequence
from typing import Any

from peek_trio.transport.wire import Frame, pack

__all__ = ["Mutator"]

LENGTHS = struct.Struct("!II")
SIZES = (0, 1, 7, 8, 255, 2**16, 2**16 + 1, 2**20, 2**24, 2**31, 2**32 - 1)

VALUES: list[Any] = [
    *(None, True, False, 0, -1, 1, 2**31, 2**53, -(2**53), 2**64, 10**30, 0.5, -0.0, 1e308, 1e-320),
    *(
        "",
        "x",
        "\0",
        "\ud800",
        "é\U0001f600",
        "a" * 300,
        "server",
        "device",
        "part",
        "state",
        "2026-01-01T00:00:00Z",
        "NaN",
    ),
    *([], {}, [[]], [None], {"": ""}, {"_t": "x"}, [0, "0"], {"k": "call"}, {"a": {"a": {"a": {}}}}),
]
"""What may stand in the place of any JSON value."""

TEXTS: list[bytes] = [
    b"NaN",
    b"-Infinity",
    b"1e999",
    b"1" * 400,
    b'"\\ud800"',
    b'"\\udc00\\ud800"',
    b"\xed\xa0\x80",
    b"\xff",
    b"[" * 100_000,
    b"[" * 200 + b"]" * 200,
    b'{"a":' * 100 + b"1" + b"}" * 100,
    b'{"k":"call","k":"sub"}',
    b'"\\u0000"',
    b"\0",
    b"//",
    b",",
    b"null",
    b'{"',
]
"""What no JSON encoder writes, and what few parsers expect."""


class Mutator(random.Random):
    """Makes wrong bytes from right ones, the same for the same seed."""

    def message(self, frames: Sequence[Frame]) -> bytes:
        """A message of some of `frames`, wrong in one way or several. One in eight is right."""
        some = [self.choice(frames) for _ in range(self.choice((1, 1, 1, 2, 5)))]
        ways: list[Callable[[Sequence[Frame]], bytes]] = [
            pack,
            self._with_another_value,
            self._with_another_value,
            self._with_another_value,
            self._with_a_field_less,
            self._with_wrong_lengths,
            self._with_strange_text,
            lambda frames: self.data(pack(frames)),
        ]
        return self.choice(ways)(some)

    def data(self, data: bytes) -> bytes:
        """Any bytes, changed in one to three places."""
        changed = bytearray(data)
        for _ in range(self.choice((1, 1, 2, 3))):
            self.choice(self._CHANGES)(self, changed)
        return bytes(changed)

    def json(self, text: bytes) -> bytes:
        """A JSON text, still one most of the time, but with something else in it."""
        if self.random() < 0.4:
            return self.data(text)
        try:
            return json.dumps(self._value(json.loads(text))).encode("utf-8", "surrogatepass")
        except ValueError:
            return self.data(text)  # part of a larger one

    def _value(self, value: Any) -> Any:
        """`value` with one of the values within it replaced, taken away, doubled or moved."""
        if isinstance(value, dict) and value and self.random() < 0.85:
            name = self.choice(list(value))
            changed = dict(value)
            match self.randrange(8):
                case 0:
                    del changed[name]
                case 1:
                    changed[self.choice(["", "x", "\ud800", name + "s", "__class__"])] = changed.pop(name)
                case 2:
                    changed[name] = changed[self.choice(list(value))]
                case _:
                    changed[name] = self._value(changed[name])
            return changed
        if isinstance(value, list) and value and self.random() < 0.8:
            place = self.randrange(len(value))
            inside = [self._value(value[place])]
            return value[:place] + self.choice((inside, [], inside * 50)) + value[place + 1 :]
        return self.choice(VALUES)

    def _with_another_value(self, frames: Sequence[Frame]) -> bytes:
        def changed(frame: Frame) -> bytes:
            header = self._value(frame.header) if self.random() < 0.7 else frame.header
            body = self.json(frame.body) if frame.body and self.random() < 0.5 else frame.body
            return framed(json.dumps(header).encode("utf-8", "surrogatepass"), body)

        return b"".join(map(changed, frames))

    def _with_a_field_less(self, frames: Sequence[Frame]) -> bytes:
        names = [name for name in frames[0].header if name != "k"]
        gone = self.choice(names) if names else "k"
        header = {name: value for name, value in frames[0].header.items() if name != gone}
        return framed(json.dumps(header).encode(), frames[0].body)

    def _with_wrong_lengths(self, frames: Sequence[Frame]) -> bytes:
        data = bytearray(pack(frames))
        header, body = LENGTHS.unpack_from(data)
        LENGTHS.pack_into(data, 0, self._size(header), self._size(body))
        return bytes(data)

    def _with_strange_text(self, frames: Sequence[Frame]) -> bytes:
        header = json.dumps(frames[0].header).encode()
        place = self.randrange(len(header))
        return framed(header[:place] + self.choice(TEXTS) + header[place + self.randrange(3) :], frames[0].body)

    def _size(self, size: int) -> int:
        return max(0, self.choice((*SIZES, size, size + 1, size - 1)))

    def _flip(self, data: bytearray) -> None:
        if data:
            data[self.randrange(len(data))] ^= 1 << self.randrange(8)

    def _cut_off(self, data: bytearray) -> None:
        del data[self.randrange(len(data) + 1) :]

    def _take_out(self, data: bytearray) -> None:
        start = self.randrange(len(data) + 1)
        del data[start : start + self.randrange(1, 20)]

    def _repeat(self, data: bytearray) -> None:
        start = self.randrange(len(data) + 1)
        data[start:start] = data[start : start + self.randrange(1, 50)] * self.choice((1, 2, 20))

    def _put_in(self, data: bytearray) -> None:
        place = self.randrange(len(data) + 1)
        data[place : place + self.choice((0, 1, 4))] = self.choice((*TEXTS, self.randbytes(self.randrange(1, 12))))

    _CHANGES = (_flip, _flip, _flip, _cut_off, _take_out, _repeat, _put_in)


def framed(header: bytes, body: bytes) -> bytes:
    """A frame whose header need not be JSON."""
    return LENGTHS.pack(len(header), len(body)) + header + body
