"""What PostgreSQL says, kept in a file that does not grow without end."""

from __future__ import annotations

import contextlib
from collections import deque
from pathlib import Path
from types import TracebackType

__all__ = ["BoundedLog"]


class BoundedLog:
    """A log file that is renamed to `<name>.1` and begun anew when it passes `most_bytes`. Remembers its last lines for error messages."""

    def __init__(self, path: Path, *, most_bytes: int = 10_000_000) -> None:
        self._path = path
        self._most_bytes = most_bytes
        self._file = path.open("ab", buffering=0)  # nothing is left to write when it closes
        self._last: deque[str] = deque(maxlen=20)

    def write(self, text: bytes) -> None:
        """Appends `text`. A full disk costs the text and nothing else: the database reports it by itself."""
        self._last.extend(line for line in text.decode(errors="replace").splitlines() if line.strip())
        with contextlib.suppress(OSError):
            if self._file.tell() > self._most_bytes:
                self._file.close()
                self._path.replace(self._path.with_name(self._path.name + ".1"))
                self._file = self._path.open("ab", buffering=0)
            self._file.write(text)

    def why(self) -> str:
        """The last line that tells of a failure, without its time stamp, or the last line of all."""
        for line in reversed(self._last):
            for word in ("FATAL:", "PANIC:", "ERROR:", "error:"):
                if word in line:
                    return line.split(word, 1)[1].strip()
        return self._last[-1].strip() if self._last else "it said nothing"

    def __enter__(self) -> BoundedLog:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
