"""Which classes may stand for which: an instance of a registered subclass may stand where its base class is declared.

It travels as itself then: the object carries `_t` with the name of its type, and is read back as that class. What is not registered
cannot stand for anything, so nothing is ever cut down to the fields of its base.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from peek_trio.errors import TupleError
from peek_trio.tuples.fields import TAG, declared_name
from peek_trio.tuples.misfits import expected

__all__ = ["Families"]


class Families:
    """The tuple classes that are known, by name. They may change at any time; what others conclude from them is theirs to renew."""

    def __init__(self, classes: Mapping[str, type]) -> None:
        self._classes = classes

    def named(self, name: str) -> type:
        """The class that travels as `name`. Raises TupleError for a name that nobody has added."""
        try:
            return self._classes[name]
        except KeyError:
            raise TupleError(f'There is no tuple type "{name}" here.') from None

    def has_heirs(self, cls: type) -> bool:
        """Whether instances of other classes may stand where `cls` is declared."""
        return any(issubclass(kind, cls) for kind in self._classes.values() if kind is not cls)

    def read_as(self, cls: type, tag: Any) -> type:
        """The class of an object that carries `tag` where `cls` is declared.

        Raises TupleError, with the path of the tag, when no such class is known, or it is no subclass.
        """
        try:
            if not isinstance(tag, str):
                raise expected("str", tag)
            if tag == declared_name(cls):
                return cls
            if issubclass(kind := self.named(tag), cls):
                return kind
            raise TupleError(f"{tag} is no kind of {cls.__name__}.")
        except TupleError as error:
            raise error.within(f".{TAG}") from None

    def written_as(self, cls: type, instance: object) -> str:
        """The tag of an instance of a subclass where `cls` is declared.

        Raises TupleError for any other instance, and for one of a subclass that is not registered.
        """
        kind = type(instance)
        if not isinstance(instance, cls):
            raise expected(cls.__name__, instance)
        name = declared_name(kind)
        if not name or self._classes.get(name) is not kind:
            raise TupleError(
                f"Expected {cls.__name__}, got {kind.__name__}, a subclass that is not registered here. Declare it with "
                "@tuple_type and register it, so that it can travel as itself."
            )
        return name
