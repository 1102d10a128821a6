"""Read and write one JSON file for people: faults are told with line, column and the line itself, writing is atomic."""

import contextlib
import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from peek_trio.errors import ConfigError


def read_document(path: Path) -> dict[str, Any] | None:
    """The object in `path`, in its own order, or None when there is no such file. Raises ConfigError."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        return None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not UTF-8 text: the byte at {error.start} does not belong.") from None
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}.") from None
    try:
        document = json.loads(text, object_pairs_hook=_without_duplicates)
    except json.JSONDecodeError as error:
        raise ConfigError(_describe(path, text, error)) from None
    except _DuplicateKey as error:
        raise ConfigError(f"{path}: {error}.") from None
    except RecursionError:
        raise ConfigError(f"{path} nests far too deep for a configuration.") from None
    if not isinstance(document, dict):
        raise ConfigError(f"{path} must hold one JSON object, {{…}}; it holds {_JSON_NAMES[type(document)]}.")
    return document


def write_document(path: Path, document: Mapping[str, Any]) -> None:
    """Replace `path` as a whole, so that nobody ever reads half of it. A new file is readable by its owner only."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}.") from None
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(document, file, indent=2, ensure_ascii=False)
            file.write("\n")
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileNotFoundError):
            os.chmod(name, path.stat().st_mode & 0o777)
        os.replace(name, path)
    except OSError as error:
        Path(name).unlink(missing_ok=True)
        raise ConfigError(f"{path} cannot be written: {error.strerror}.") from None


_JSON_NAMES = {
    list: "a list",
    str: "a text",
    bool: "true or false",
    int: "a number",
    float: "a number",
    type(None): "null",
}


class _DuplicateKey(ValueError):
    pass


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document: dict[str, Any] = {}
    for name, value in pairs:
        if name in document:
            raise _DuplicateKey(f'the key "{name}" stands twice in one object; remove one of them')
        document[name] = value
    return document


def _describe(path: Path, text: str, error: json.JSONDecodeError) -> str:
    lines = text.splitlines()
    line = lines[error.lineno - 1].strip() if error.lineno <= len(lines) else ""
    shown = f" The line reads: {line}" if line else " The file ends there."
    return f"{path} is not valid JSON, line {error.lineno}, column {error.colno}: {error.msg}.{shown}"
