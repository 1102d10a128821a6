"""Reads the keys of one JSON object strictly, remembering where it is, so that every complaint can say so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from peek_trio.errors import ConfigError

__all__ = ["Keys"]


class Keys:
    """The keys of the object at `path` ("storage", "mobile.menu[0]") of `file`. Methods raise ConfigError on what does not fit."""

    def __init__(self, file: str, data: Mapping[str, Any], path: str = "") -> None:
        self._file = file
        self._data = data
        self._path = path
        self._known: list[str] = []

    def __contains__(self, key: str) -> bool:
        return key in self._data

    def __iter__(self) -> Iterator[str]:
        return iter(self._data)

    def text(self, key: str, *, required: bool = False) -> str:
        """A string; empty when it is absent and not required."""
        value = self._value(key, "", required)
        if not isinstance(value, str) or (required and not value):
            raise self.wrong(key, "a text", value)
        return value

    def flag(self, key: str, *, default: bool) -> bool:
        """True or false."""
        value = self._value(key, default)
        if not isinstance(value, bool):
            raise self.wrong(key, "true or false", value)
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of strings; empty when absent."""
        value = self._value(key, [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self.wrong(key, "a list of texts", value)
        return tuple(value)

    def folder(self, key: str, root: Path, *, required: bool = False) -> Path:
        """An existing folder inside `root`, given relative to it."""
        text = self.text(key, required=required)
        folder = root / text
        if not folder.is_dir() or not folder.resolve().is_relative_to(root.resolve()):
            raise self.wrong(key, f"a folder inside {root}", text)
        return folder

    def section(self, key: str, *, required: bool = False) -> Keys:
        """The keys of a nested object; none when it is absent and not required."""
        value = self._value(key, {}, required)
        if not isinstance(value, dict):
            raise self.wrong(key, "an object", value)
        return Keys(self._file, value, self._at(key))

    def sections(self, key: str) -> list[Keys]:
        """The keys of each object of a list; none when absent."""
        value = self._value(key, [])
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise self.wrong(key, "a list of objects", value)
        return [Keys(self._file, item, f"{self._at(key)}[{place}]") for place, item in enumerate(value)]

    def refuse_others(self) -> None:
        """Raise when a key is there that nobody asked for, and name the nearest one that exists."""
        for key in self._data:
            if key not in self._known:
                near = get_close_matches(key, self._known, 1)
                hint = f'did you mean "{near[0]}"?' if near else f"known here: {', '.join(sorted(self._known))}."
                raise ConfigError(f"{self._file}: there is no key {self._at(key)}; {hint}")

    def wrong(self, key: str, expected: str, found: object) -> ConfigError:
        """The error that says what was expected at `key` and what is there."""
        return ConfigError(f"{self._file}: {self._at(key)} must be {expected}, not {found!r}.")

    def _value(self, key: str, default: Any, required: bool = False) -> Any:
        self._known.append(key)
        if key not in self._data and required:
            raise ConfigError(f"{self._file}: the key {self._at(key)} is missing.")
        return self._data.get(key, default)

    def _at(self, key: str) -> str:
        return f"{self._path}.{key}" if self._path else key
