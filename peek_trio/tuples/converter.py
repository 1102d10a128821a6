"""How values become plain JSON and plain JSON becomes values: cattrs, with strict hooks for everything that may travel.

cattrs finds the hook for a type, and generates the code that structures a class. What msgspec can do alone goes by its C code instead
(`peek_trio.tuples.native`). This is the plain way: it tells exactly what does not fit, and what is right mostly need not come here
(`peek_trio.tuples.fast`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from collections.abc import Sequence as AbstractSequence
from collections.abc import Set as AbstractSet
from functools import cache, lru_cache, partial
from typing import Annotated, Any, Union, get_args, get_origin

import attrs
import msgspec
from cattrs import ClassValidationError, Converter, override
from cattrs.gen import make_dict_structure_fn_from_attrs
from msgspec import UNSET

from peek_trio.errors import TupleError
from peek_trio.tuples.families import Families
from peek_trio.tuples.fields import TAG, FieldSpec, construction_of, fields_of, is_closed, is_tuple_shaped
from peek_trio.tuples.forms import ARRAYS, OBJECTS, SETS, form_of, inner_of, is_fixed_array
from peek_trio.tuples.misfits import FAULTS, expected, misfit, missing, of_class, refused
from peek_trio.tuples.native import PRIMITIVES, TEXTS, Hook, native_reader, native_writer
from peek_trio.tuples.plain import check_integers, each, each_value, finite
from peek_trio.tuples.travels import traveller, travels

__all__ = ["TupleConverter"]


class TupleConverter:
    """Finds the hooks for annotations: `reading` makes a value of plain JSON, `writing` makes plain JSON of a value.

    Both raise TupleError for an annotation whose values cannot travel. `families` says which classes may stand for others.
    """

    def __init__(self, families: Families) -> None:
        self._families = families
        self.reading = lru_cache(maxsize=None)(self._reading)
        self.writing = lru_cache(maxsize=None)(self._writing)
        self._converter = Converter(detailed_validation=True)
        for applies, reader, writer in (
            (_is_any, lambda _: _read_any, lambda _: self._write_any),
            (_is(ARRAYS), self._array_reader, self._array_writer),
            (is_fixed_array, partial(_fixed_array_hook, self.reading), partial(_fixed_array_hook, self.writing)),
            (_is(SETS), self._array_reader, self._set_writer),
            (_is(OBJECTS), partial(_object_hook, self.reading), partial(_object_hook, self.writing)),
            (is_tuple_shaped, self._class_reader, self._class_writer),
            (travels, self._traveller_reader, self._traveller_writer),
        ):
            self._converter.register_structure_hook_factory(applies, reader)
            self._converter.register_unstructure_hook_factory(applies, writer)

    def _reading(self, annotation: Any) -> Hook:
        # cattrs is not asked for what msgspec does alone: for an enum that is a str as well, it would find the hook for str.
        if (form := form_of(annotation)).native:
            return PRIMITIVES.get(annotation) or native_reader(form)
        hook = self._converter.get_structure_hook(annotation)
        return lambda value, _=None: hook(value, annotation)

    def _writing(self, annotation: Any) -> Hook:
        if (form := form_of(annotation)).native:
            return PRIMITIVES.get(annotation) or TEXTS.get(annotation) or native_writer(form)
        return self._converter.get_unstructure_hook(annotation)

    def _class_reader(self, cls: type) -> Hook:
        closed = is_closed(cls)

        @cache  # made when it is first used, for a class may contain itself
        def structure() -> Hook:
            return _structure_of(cls, self.reading, self._converter)

        def read(value: Any, _type: Any = None) -> Any:
            if not isinstance(value, dict | Mapping):
                raise expected("object", value)
            if TAG in value and not closed and (kind := self._families.read_as(cls, value[TAG])) is not cls:
                return self.reading(kind)(value)
            try:
                return structure()(value)
            except ClassValidationError as error:
                raise of_class(error) from None

        return read

    def _class_writer(self, cls: type) -> Hook:
        @cache
        def steps() -> list[tuple[FieldSpec, Hook]]:
            return [(spec, self.writing(spec.annotation)) for spec in fields_of(cls)]

        def write(instance: Any) -> dict[str, Any]:
            kind: Any = type(instance)
            if kind is not cls:
                return {TAG: self._families.written_as(cls, instance), **self.writing(kind)(instance)}
            values = {}
            for spec, step in steps():
                value = getattr(instance, spec.name, UNSET)
                if (value is UNSET and spec.optional) or (value is None and spec.filled):
                    continue
                try:
                    if value is UNSET:
                        raise missing()
                    values[spec.name] = step(value)
                except FAULTS as error:
                    raise misfit(error).within(f".{spec.name}") from None
            return values

        return write

    def _traveller_reader(self, annotation: Any) -> Hook:
        kind, way = traveller(annotation)
        step, structure = self.reading(way.wire), _refusing(kind, way.structure)
        return lambda value, _=None: structure(step(value))

    def _traveller_writer(self, annotation: Any) -> Hook:
        kind, way = traveller(annotation)
        step, unstructure = self.writing(way.wire), _refusing(kind, way.unstructure)

        def write(value: Any) -> Any:
            if isinstance(kind, type) and not isinstance(value, kind):
                raise expected(kind.__name__, value)
            return step(unstructure(value))

        return write

    def _array_reader(self, annotation: Any) -> Hook:
        origin, step = get_origin(annotation) or annotation, self.reading(inner_of(annotation))
        kind: Hook = frozenset if origin is AbstractSet else list if origin is AbstractSequence else origin

        def read(values: Any, _type: Any = None) -> Any:
            done = each(step, _array(values))
            try:
                return kind(done)
            except TypeError:
                raise TupleError("A set cannot hold arrays and objects.") from None

        return read

    def _array_writer(self, annotation: Any) -> Hook:
        step = self.writing(inner_of(annotation))
        return lambda values: each(step, _array(values))

    def _set_writer(self, annotation: Any) -> Hook:
        step = self.writing(inner_of(annotation))

        def write(values: Any) -> list[Any]:
            if not isinstance(values, set | frozenset):
                raise expected("set", values)
            try:
                return each(step, sorted(values))  # so that equal sets are equal text
            except TypeError:  # values of types that have no order
                return sorted(each(step, values), key=msgspec.json.encode)

        return write

    def _write_any(self, value: Any) -> Any:
        """Whatever stands for Any: plain JSON, and within it every value whose class says how it travels."""
        kind: Any = type(value)
        if kind is list or kind is tuple:
            return each(self._write_any, value)
        if kind is dict:
            return each_value(self._write_any, value)
        if kind is float:
            return finite(value)
        if value is None or kind in (str, bool, int):
            return check_integers(value)
        if kind is object:
            raise TupleError("An object of no class cannot travel.")
        return self.writing(kind)(value)


def _structure_of(cls: type, reading: Callable[[Any], Hook], converter: Converter) -> Hook:
    """What cattrs generates for the fields of a class, whatever made it a class."""
    fields: dict[str, Any] = {}
    for spec in fields_of(cls):
        kind = Union[spec.annotation, None] if spec.filled else spec.annotation  # noqa: UP007  # may be no class
        hook: Any = Annotated[Any, override(struct_hook=reading(kind))]
        default: Any = None if spec.optional else attrs.NOTHING
        fields[spec.name] = attrs.field(type=hook, default=default, alias=spec.argument)
    construct: Any = construction_of(cls)
    model = attrs.make_class(cls.__name__, fields, kw_only=True, init=False)
    return make_dict_structure_fn_from_attrs(
        list(attrs.fields(model)), construct, converter, _cattrs_forbid_extra_keys=is_closed(cls)
    )


def _fixed_array_hook(find: Callable[[Any], Hook], annotation: Any) -> Hook:
    steps = [find(inner) for inner in get_args(annotation)]

    def hook(values: Any, _type: Any = None) -> tuple[Any, ...]:
        if len(_array(values)) != len(steps):
            raise TupleError(f"Expected an array of length {len(steps)}, got {len(values)}.")
        own = iter(steps)
        return tuple(each(lambda value: next(own)(value), values))

    return hook


def _object_hook(find: Callable[[Any], Hook], annotation: Any) -> Hook:
    step = find(inner_of(annotation))

    def hook(values: Any, _type: Any = None) -> dict[str, Any]:
        if not isinstance(values, Mapping):
            raise expected("object", values)
        return each_value(step, values)

    return hook


def _refusing(kind: Any, function: Hook) -> Hook:
    """A function of a plugin: what it says of a value that it does not like becomes a TupleError."""

    def hook(value: Any) -> Any:
        try:
            return function(value)
        except (TypeError, ValueError, LookupError, ArithmeticError) as error:
            raise refused(kind, error) from error

    return hook


def _read_any(value: Any, _type: Any = None) -> Any:
    return check_integers(value)


def _array(value: Any) -> Any:
    if not isinstance(value, list | tuple):
        raise expected("array", value)
    return value


def _is(origins: tuple[Any, ...]) -> Callable[[Any], bool]:
    return lambda annotation: (get_origin(annotation) or annotation) in origins


def _is_any(annotation: Any) -> bool:
    return annotation is Any or annotation is object
