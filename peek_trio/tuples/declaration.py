"""How a class becomes a tuple class: `@tuple_type` gives it the name by which it travels.

The name is kept on the class itself. Which names a platform knows is a matter of its `TupleRegistry`; declaring registers nothing, so
two platforms in one process do not see each other.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

from peek_trio.errors import PeekError
from peek_trio.tuples.fields import declared_name, is_tuple_shaped

__all__ = ["tuple_name", "tuple_type", "tuple_version"]

_T = TypeVar("_T")
_NAME = re.compile(r"[a-z][a-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)+")


def tuple_type(name: str, *, version: int = 1) -> Callable[[type[_T]], type[_T]]:
    """Declares the class below it a tuple class that travels as `name`, which reads `package.Type`.

    `version` counts the forms that an action has had: devices may send one of an older form months later. Raise it when fields are
    renamed, removed or mean something else, and say how the older form is read (`ctx.actions.upgrade`).

        @tuple_type("peek_plugin_tutorial.StringInt")
        @attrs.define
        class StringInt: ...

    Raises PeekError when the name has another form, the version is none, or the class is no attrs class, dataclass or SQLAlchemy mapped
    class.
    """
    if not _NAME.fullmatch(name):
        raise PeekError(f'A tuple type is named "package.Type" (letters, digits and underscores), not "{name}".')
    if type(version) is not int or version < 1:
        raise PeekError(f"The versions of {name} are 1, 2 and so on, not {version!r}.")

    def declare(cls: type[_T]) -> type[_T]:
        if not is_tuple_shaped(cls):
            raise PeekError(
                f"{cls.__qualname__} cannot be the tuple type {name}: it is no attrs class, dataclass or SQLAlchemy mapped class. "
                "Put @tuple_type above the decorator that makes it one."
            )
        cls.__peek_tuple__ = name  # type: ignore[attr-defined]
        cls.__peek_version__ = version  # type: ignore[attr-defined]
        return cls

    return declare


def tuple_name(cls: type) -> str:
    """The name by which instances of `cls` travel.

    A subclass of a tuple class has no name until it is declared itself. Raises PeekError for a class that has none.
    """
    name = declared_name(cls)
    if not name:
        raise PeekError(
            f'{cls.__qualname__} is not a tuple type; declare it with @tuple_type("package.{cls.__name__}").'
        )
    return name


def tuple_version(cls: type) -> int:
    """Which form of its tuple type `cls` is, from 1."""
    return int(vars(cls).get("__peek_version__", 1))
