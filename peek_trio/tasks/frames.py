"""The frames between a worker and its subprocesses: a length (uint32, big endian), then a JSON object in UTF-8.

| `k`      | way | members                                                                            |
|----------|-----|------------------------------------------------------------------------------------|
| setup    | ↓   | `preload` (modules), `database` (URL or null), `level` (of logging)               |
| ready    | ↑   |                                                                                    |
| run      | ↓   | `n`, `name` ("module:function"), `arguments` (JSON text)                           |
| progress | ↑   | `n`, `fraction`, `note`                                                            |
| result   | ↑   | `n`, `result` (JSON text)                                                          |
| error    | ↑   | `n`, `kind`, `message`                                                             |
| log      | ↑   | `logger`, `level`, `text`                                                          |

`n` numbers the runs of one process, which has one task at a time: what a thread left behind by an earlier task says is dropped.
The worker's end closing is the order to exit. Plain data in, plain data out: whoever reads and writes the bytes, blocking or not,
uses the same two functions.
"""

from __future__ import annotations

import json
import struct
from typing import Any

__all__ = ["LARGEST", "FrameBuffer", "TooLarge", "frame"]

LARGEST = 16 * 1024 * 1024
"""Bytes of JSON in one frame. A message between services has the same bound."""

_LENGTH = struct.Struct("!I")


class TooLarge(ValueError):
    """A frame is beyond the bound."""


def frame(data: dict[str, Any]) -> bytes:
    """The bytes of a frame. Raises TooLarge."""
    body = json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()
    if len(body) > LARGEST:
        raise TooLarge(f"{len(body)} bytes are more than a task may take or give ({LARGEST}).")
    return _LENGTH.pack(len(body)) + body


class FrameBuffer:
    """Takes bytes as they arrive and gives the frames that are complete."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def feed(self, data: bytes) -> list[dict[str, Any]]:
        """The frames that `data` completes. Raises TooLarge for a frame beyond the bound."""
        self._bytes += data
        frames = []
        while len(self._bytes) >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._bytes)
            if length > LARGEST:
                raise TooLarge(f"A frame of {length} bytes is beyond the bound of {LARGEST}.")
            if len(self._bytes) < _LENGTH.size + length:
                break
            frames.append(json.loads(bytes(self._bytes[_LENGTH.size : _LENGTH.size + length])))
            del self._bytes[: _LENGTH.size + length]
        return frames
