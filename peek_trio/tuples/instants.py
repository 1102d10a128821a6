"""Instants on the wire: ISO 8601 knows offsets of whole minutes, Python knows others.

Local times of a century ago have such: Amsterdam was 19 min 32 s ahead of Greenwich until 1937. msgspec would round the offset and so
move the instant. It is written in UTC instead.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

__all__ = ["vet_instants", "whole_minutes"]

_MINUTE = timedelta(minutes=1)


def whole_minutes(value: Any) -> Any:
    """An aware datetime, or a list, tuple or dict that may hold some, as it can be written."""
    if isinstance(value, datetime):
        offset = value.utcoffset()
        return value.astimezone(UTC) if offset and offset % _MINUTE else value
    if isinstance(value, list | tuple):
        return list(map(whole_minutes, value))
    if isinstance(value, dict):
        return {key: whole_minutes(item) for key, item in value.items()}
    return value


def vet_instants(values: Iterable[datetime]) -> None:
    """Raises ValueError when one of `values` cannot be written as it is, TypeError for a naive one. It costs next to nothing in UTC."""
    others = [value for value in values if value.tzinfo is not UTC]
    if others and any(offset % _MINUTE for offset in set(map(datetime.utcoffset, others))):  # type: ignore[operator]
        raise ValueError("An offset of odd seconds.")
