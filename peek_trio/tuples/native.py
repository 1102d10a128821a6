"""The fast path: what msgspec can read and write alone, it does, in C, with every check.

A class is flat when msgspec can read each of its fields alone. It has a twin then, a msgspec Struct with the same fields: JSON is read
into twins, and each instance is built from its twin by the class's own constructor, so that its defaults, converters and validators
hold. Writing goes the other way, and is checked as strictly.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from itertools import starmap
from math import isfinite
from typing import Any, Union
from uuid import UUID

from msgspec import UNSET, MsgspecError, UnsetType, convert, defstruct
from msgspec.structs import astuple

from peek_trio.errors import TupleError
from peek_trio.tuples.fields import FieldSpec, construction_of, fields_of, is_tuple_shaped
from peek_trio.tuples.forms import Form, form_of
from peek_trio.tuples.misfits import LARGEST_INT, expected, refused

__all__ = ["PRIMITIVES", "TEXTS", "Hook", "NativeReader", "NativeWriter", "Twin"]

Hook = Callable[..., Any]
"""A function of a value and, where cattrs calls it, of the value's type. It raises one of FAULTS for a value that does not fit."""

_NOT_STR = (bytes, datetime, date, UUID)  # while writing, a str where one of these belongs is a mistake


class NativeReader:
    """A structure hook for cattrs: `wire` is what msgspec reads, `finish` makes the value of it where something is left to do."""

    def __init__(self, wire: Any, finish: Callable[[Any], Any] | None = None) -> None:
        self.wire = wire
        self.finish = finish
        # msgspec remembers what it has learnt of a Struct; any other type it studies anew each time, which takes longer than reading.
        self._box: Any = defstruct("Box", [("it", wire)], gc=False)

    def __call__(self, value: Any, _type: Any = None) -> Any:
        try:
            read = convert({"it": value}, self._box).it
        except MsgspecError:
            read = convert(value, self.wire)  # raises the same with the right path
        return read if self.finish is None else self.finish(read)


class NativeWriter:
    """An unstructure hook for cattrs: checks a value and makes it an instance of `wire`, which msgspec then writes."""

    def __init__(self, wire: Any, check: Callable[[Any], None] | None = None) -> None:
        self.wire = wire
        self.check = check

    def __call__(self, value: Any) -> Any:
        if self.check is not None:
            self.check(value)
        return self.unchecked(value)

    def unchecked(self, value: Any) -> Any:
        """The same, of a value that is known to pass `check`."""
        return convert(value, self.wire, from_attributes=True, builtin_types=_NOT_STR)


def _strict(kind: type, fits: Callable[[Any], bool] | None = None) -> Hook:
    """A hook for a primitive type, quick where a value is of this very type and `fits`; msgspec has the say about all others."""
    by_msgspec = NativeWriter(form_of(kind).wire)

    def hook(value: Any, _type: Any = None) -> Any:
        return value if type(value) is kind and (fits is None or fits(value)) else by_msgspec(value)

    return hook


PRIMITIVES: Mapping[Any, Hook] = {
    str: _strict(str),
    bool: _strict(bool),
    int: _strict(int, lambda value: -LARGEST_INT <= value <= LARGEST_INT),
    float: _strict(float, isfinite),
}
"""The hooks for what JSON has itself: reading is writing."""

TEXTS: Mapping[Any, Hook] = {
    bytes: _strict(bytes),
    datetime: _strict(datetime, lambda value: value.tzinfo is not None),
    date: _strict(date),
    UUID: _strict(UUID),
}
"""The hooks for writing what JSON has as text."""


class Twin:
    """The twin of a flat class: `struct` is its Struct. `of` makes it."""

    def __init__(self, cls: type, specs: Sequence[FieldSpec], forms: Sequence[Form]) -> None:
        self._cls = cls
        self._specs = specs
        self._construct = construction_of(cls)
        self._positional = all(spec.positional for spec in specs)
        whole = self._positional and not any(spec.optional for spec in specs)
        self._make = self._construct if whole else self._make_of_present
        self.struct = defstruct(
            cls.__name__,
            [_struct_field(spec, form) for spec, form in zip(specs, forms, strict=True)],
            kw_only=True,
            forbid_unknown_fields=True,
            omit_defaults=True,
            gc=False,  # a twin is part of a tree and lives for one message
        )

    @classmethod
    def of(cls, tuple_class: Any) -> Twin | None:
        """The twin of a flat class; None for any other type."""
        if not is_tuple_shaped(tuple_class):
            return None
        specs = sorted(fields_of(tuple_class), key=lambda spec: not spec.positional)
        forms = [form_of(spec.annotation) for spec in specs]
        return cls(tuple_class, specs, forms) if all(form.native for form in forms) else None

    def build(self, twin: Any) -> object:
        """An instance of the class, of its twin."""
        try:
            return self._make(*astuple(twin))
        except (TypeError, ValueError) as error:
            raise refused(self._cls, error) from error

    def build_all(self, twins: Iterable[Any]) -> list[object]:
        """The same of many, faster."""
        built: list[object] = []
        try:
            for instance in starmap(self._make, map(astuple, twins)):
                built.append(instance)  # its length tells which one failed
        except (TypeError, ValueError) as error:
            raise refused(self._cls, error).within(f"[{len(built)}]") from error
        except TupleError as error:
            raise error.within(f"[{len(built)}]") from None
        return built

    def check(self, value: Any) -> None:
        """Raises TupleError unless `value` is an instance of the class."""
        if not isinstance(value, self._cls):
            raise expected(self._cls.__name__, value)

    def check_all(self, values: Any) -> None:
        """Raises TupleError unless `values` is an array of instances."""
        if not isinstance(values, list | tuple):
            raise expected("array", values)
        for kind in set(map(type, values)):
            if not issubclass(kind, self._cls):
                index = next(index for index, value in enumerate(values) if type(value) is kind)
                raise expected(self._cls.__name__, values[index]).within(f"[{index}]")

    def _make_of_present(self, *values: Any) -> object:
        if self._positional and UNSET not in values:
            return self._construct(*values)  # half the cost of named arguments
        present = zip(self._specs, values, strict=True)
        return self._construct(**{spec.argument: value for spec, value in present if value is not UNSET})


def _struct_field(spec: FieldSpec, form: Form) -> tuple[str, Any, Any] | tuple[str, Any]:
    if not spec.optional:
        return spec.name, form.wire
    if spec.filled:
        return spec.name, Union[form.wire, None], None  # noqa: UP007  # a wire type may be None itself
    return spec.name, Union[form.wire, UnsetType], UNSET  # noqa: UP007
