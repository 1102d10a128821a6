"""Bind a JSON document to a default configuration: check every value, fill in what is missing, notice what is unknown."""

import difflib
import json
from collections.abc import Iterator, Mapping
from typing import Any, Generic, TypeVar

import attrs

from peek_trio.config.keys import Kind
from peek_trio.errors import ConfigError

T = TypeVar("T")


@attrs.frozen
class Filled(Generic[T]):
    """The result: the typed value, the document with defaults added in place, and sentences about unknown keys."""

    value: T
    document: dict[str, Any]
    warnings: tuple[str, ...]


def fill(default: T, document: Mapping[str, Any], file: str, path: str = "") -> Filled[T]:
    """Bind `document` to the shape of `default` (an attrs instance).

    Raises ConfigError naming `file`, the key's path, what was found and what was expected.
    """
    filled = dict(document)
    values: dict[str, Any] = {}
    warnings = list(_unknown(default, document, file, path))
    for field in attrs.fields(type(default)):  # type: ignore[arg-type]
        name, fallback = camel(field.name), getattr(default, field.name)
        where = f"{path}{name}"
        if attrs.has(type(fallback)):
            nested = document.get(name, {})
            if not isinstance(nested, Mapping):
                raise _wrong(file, where, nested, "an object, {…}")
            inner = fill(fallback, nested, file, f"{where}.")
            values[field.name], filled[name] = inner.value, inner.document
            warnings += inner.warnings
        elif name in document:
            values[field.name] = _checked(field.metadata["kind"], document[name], file, where)
        else:
            values[field.name] = fallback
            filled[name] = list(fallback) if isinstance(fallback, tuple) else fallback
    return Filled(type(default)(**values), filled, tuple(warnings))


def key_paths(default: object, path: str = "") -> Iterator[str]:
    """Every key of a configuration as people write it, `adminSite.port` for instance."""
    for field in attrs.fields(type(default)):  # type: ignore[arg-type]
        where, value = f"{path}{camel(field.name)}", getattr(default, field.name)
        if attrs.has(type(value)):
            yield from key_paths(value, f"{where}.")
        else:
            yield where


def camel(name: str) -> str:
    """The spelling of a field in the file: `connect_url` is `connectUrl`."""
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def _checked(kind: Kind, value: object, file: str, where: str) -> Any:
    if not kind.accepts(value):
        raise _wrong(file, where, value, kind.expected)
    return kind.convert(value)


def _wrong(file: str, where: str, value: object, expected: str) -> ConfigError:
    secret = isinstance(value, str) and "@" in value  # it may hold a password
    shown = "a text" if secret else json.dumps(value, ensure_ascii=False)  # as it stands in the file
    return ConfigError(f"{file}: {where} must be {expected}, but it is {shown}.")


def _unknown(default: object, document: Mapping[str, Any], file: str, path: str) -> Iterator[str]:
    known = [camel(field.name) for field in attrs.fields(type(default))]  # type: ignore[arg-type]
    for name in document:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f' Did you mean "{near[0]}"?' if near else f" Known here: {', '.join(known)}."
            yield f"{file}: the key {path}{name} is not known and has no effect.{hint}"
