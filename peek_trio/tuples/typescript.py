"""TypeScript for tuple classes: an interface for each, so that a page is checked against the same declaration as the server.

The text declares types only, and is the same as a `.ts` and as a `.d.ts` file.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Sequence as AbstractSequence
from collections.abc import Set as AbstractSet
from datetime import date, datetime
from enum import Enum
from json import dumps
from types import ModuleType, NoneType, UnionType
from typing import Annotated, Any, Literal, NewType, Union, get_args, get_origin
from uuid import UUID

from peek_trio.errors import ConfigError, PeekError, TupleError
from peek_trio.tuples.declaration import tuple_name
from peek_trio.tuples.fields import TAG, declared_name, fields_of, is_tuple_shaped
from peek_trio.tuples.schema import schema_hash
from peek_trio.tuples.travels import traveller, travels

__all__ = ["classes_of", "generate"]

_HEAD = """\
// Generated from the tuple classes in Python with `python -m peek_trio tuples typescript`. Do not edit.

/** A point in time: ISO 8601 with an offset, "2026-11-22T09:00:00Z". */
export type IsoDateTime = string;
/** A day: ISO 8601, "2026-11-22". */
export type IsoDate = string;
/** An integer that may be too large for a number, in decimal digits. */
export type BigIntText = string;
/** An exact decimal number, "12.50". */
export type DecimalText = string;
/** A UUID in its canonical form. */
export type Uuid = string;
/** Bytes, in base64. */
export type Base64 = string;
"""

_SCALARS: Mapping[Any, str] = {
    Any: "unknown",
    object: "unknown",
    None: "null",
    NoneType: "null",
    str: "string",
    bool: "boolean",
    int: "number",
    float: "number",
    datetime: "IsoDateTime",
    date: "IsoDate",
    UUID: "Uuid",
    bytes: "Base64",
}

_TRAVELLERS: Mapping[str, str] = {"bigint": "BigIntText", "decimal": "DecimalText"}


def classes_of(packages: Iterable[str]) -> list[type]:
    """All tuple classes that the named packages and their modules declare, by the name of their type.

    The modules are imported for it. Raises ConfigError when one cannot be.
    """
    found: dict[str, type] = {}
    for package in packages:
        for module in _modules(package):
            for value in vars(module).values():
                if isinstance(value, type) and (value.__module__ + ".").startswith(package + "."):
                    try:
                        found[tuple_name(value)] = value
                    except PeekError:
                        continue  # an ordinary class
    return [found[name] for name in sorted(found)]


def generate(classes: Sequence[type]) -> str:
    """The TypeScript of tuple classes and of the classes and enums within them.

    An interface has every field, for what Python sends has every field; `Tuples` maps the names of types to their interfaces, `Schemas`
    to their schema hashes. Where a class is declared, those of `classes` that are subclasses may stand as well. Raises TupleError for a
    type that cannot travel, and for two classes of one name.
    """
    writer = _Writer(classes)
    for cls in classes:
        writer.reference(cls)
    declarations = writer.declarations()
    named = sorted((tuple_name(cls), cls) for cls in writer.tuple_classes())
    tuples = "\n".join(f"  {dumps(name)}: {writer.instance(cls)};" for name, cls in named)
    schemas = "\n".join(f"  {dumps(name)}: {dumps(schema_hash(cls))};" for name, cls in named)
    return "\n".join(
        [
            _HEAD,
            *declarations,
            f"/** The interface of every tuple type. */\nexport interface Tuples {{\n{tuples}\n}}\n",
            f"/** The schema hash of every tuple type. */\nexport interface Schemas {{\n{schemas}\n}}\n",
        ]
    )


class _Writer:
    """Writes declarations, and remembers which classes they need in turn. `together` are those that may stand for their bases."""

    def __init__(self, together: Sequence[type]) -> None:
        self._together = sorted(together, key=tuple_name)
        self._classes: dict[str, type] = {}

    def reference(self, cls: type) -> str:
        """The TypeScript name of a class or enum, which will be declared."""
        known = self._classes.setdefault(cls.__name__, cls)
        if known is not cls:
            raise TupleError(
                f"{known.__module__} and {cls.__module__} both have a class {cls.__name__}; TypeScript needs two names."
            )
        return cls.__name__

    def instance(self, cls: type) -> str:
        """What may stand where a class is declared: the class, or a subclass that says its name."""
        heirs = [heir for heir in self._together if heir is not cls and issubclass(heir, cls)]
        tagged = [f"({{ {TAG}: {dumps(tuple_name(heir))} }} & {self.reference(heir)})" for heir in heirs]
        return " | ".join([self.reference(cls), *tagged])

    def declarations(self) -> list[str]:
        """The declaration of every class that was referred to, in the order of first reference."""
        texts: dict[str, str] = {}
        while missing := [name for name in self._classes if name not in texts]:
            for name in missing:
                texts[name] = self._declaration(self._classes[name])
        return list(texts.values())

    def tuple_classes(self) -> list[type]:
        """The classes among them that are tuple types themselves."""
        return [cls for cls in self._classes.values() if declared_name(cls)]

    def _declaration(self, cls: type) -> str:
        comment = _comment(cls)
        if issubclass(cls, Enum):
            values = " | ".join(dumps(member.value) for member in cls)
            return f"{comment}export type {cls.__name__} = {values};\n"
        lines = []
        for spec in fields_of(cls):
            try:
                lines.append(f"  {spec.name}: {self._type(spec.annotation)};")
            except TupleError as error:
                raise error.within(f".{spec.name}") from None
        return "\n".join([f"{comment}export interface {cls.__name__} {{", *lines, "}\n"])

    def _type(self, annotation: Any) -> str:
        if annotation in _SCALARS:
            return _SCALARS[annotation]
        if travels(annotation):
            _, way = traveller(annotation)
            return _TRAVELLERS.get(way.name) or self._type(way.wire)
        if is_tuple_shaped(annotation):
            return self.instance(annotation)
        if isinstance(annotation, type) and issubclass(annotation, Enum):
            return self.reference(annotation)
        origin, arguments = get_origin(annotation) or annotation, get_args(annotation)
        if origin is Annotated:
            return self._type(arguments[0])
        if isinstance(annotation, NewType):
            return self._type(annotation.__supertype__)
        if origin is Literal:
            return " | ".join(dumps(value) for value in arguments)
        if origin is Union or origin is UnionType:
            return " | ".join(dict.fromkeys(map(self._type, arguments)))
        if origin is tuple and arguments and arguments[-1] is not Ellipsis:
            return f"[{', '.join(map(self._type, arguments))}]"
        if origin in (list, tuple, set, frozenset, AbstractSequence, AbstractSet):
            inner = self._type(arguments[0] if arguments else Any)
            return f"({inner})[]" if "|" in inner else f"{inner}[]"
        if origin in (dict, Mapping):
            return f"{{ [key: string]: {self._type(arguments[1] if arguments else Any)} }}"
        raise TupleError(f"{annotation} cannot travel, so there is no TypeScript for it.")


def _comment(cls: type) -> str:
    text = inspect.cleandoc(vars(cls).get("__doc__") or "").replace("*/", "*\\/")
    if not text or text.startswith(f"{cls.__name__}(") or text == "An enumeration.":
        return ""  # what Python wrote by itself
    lines = text.splitlines()
    if len(lines) == 1:
        return f"/** {text} */\n"
    return "\n".join(["/**", *(f" * {line}".rstrip() for line in lines), " */\n"])


def _modules(package: str) -> list[ModuleType]:
    modules = [_imported(package)]
    for path in getattr(modules[0], "__path__", ()):
        names = [found.name for found in pkgutil.walk_packages([path], prefix=package + ".", onerror=_imported)]
        modules += [_imported(name) for name in names]
    return modules


def _imported(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ConfigError(f"The module {name} cannot be imported: {error}.") from error
