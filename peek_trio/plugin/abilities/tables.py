"""The names under which the change feed knows the tables of mapped classes."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from peek_trio.errors import PluginError

__all__ = ["qualified_names"]


def qualified_names(classes: Iterable[type], refuse: Callable[[str], PluginError]) -> frozenset[str]:
    """ "schema.table" of each mapped class. Raises what `refuse` makes of a sentence for a class that has no table."""
    names = set()
    for cls in classes:
        table = getattr(cls, "__table__", None)
        if table is None:
            raise refuse(
                f"{cls.__module__}.{cls.__qualname__} is no SQLAlchemy mapped class, so there is no table to follow."
            )
        names.add(str(table.fullname))
    return frozenset(names)
