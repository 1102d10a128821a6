"""What may travel, and in which form: the one place that knows it of every annotation.

What cannot travel is refused here, that is when its class is registered, not when it is sent.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from collections.abc import Sequence as AbstractSequence
from collections.abc import Set as AbstractSet
from datetime import date, datetime
from enum import Enum
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, NewType, Union, get_args, get_origin
from uuid import UUID

import attrs
import msgspec
from msgspec import UNSET, Meta

from peek_trio.errors import TupleError
from peek_trio.tuples.fields import TAG, fields_of, is_tuple_shaped
from peek_trio.tuples.misfits import LARGEST_INT
from peek_trio.tuples.travels import traveller, travels

__all__ = ["ARRAYS", "OBJECTS", "SETS", "Form", "bare", "form_of", "inner_of", "is_fixed_array"]

ARRAYS = (list, tuple, AbstractSequence)
SETS = (set, frozenset, AbstractSet)
OBJECTS = (dict, Mapping)
"""What containers are, once their arguments are taken away."""


@attrs.frozen(eq=False)
class Form:
    """The form of one type on the wire.

    `text` describes it, alike in every process. `wire` is the type by which msgspec reads and writes such values alone, with every
    check, or UNSET when it cannot. `endless` says that JSON of this form can nest without a limit of its own, `dated` that there are
    instants in it, `classes` which classes are.
    """

    text: str
    wire: Any = UNSET
    endless: bool = False
    dated: bool = False
    classes: frozenset[type] = frozenset()

    @classmethod
    def around(cls, inner: Iterable[Form], text: str, wire: Any = UNSET) -> Form:
        """The form of something that is made of others."""
        forms = list(inner)
        return cls(
            text,
            wire,
            any(form.endless for form in forms),
            any(form.dated for form in forms),
            frozenset().union(*(form.classes for form in forms)),
        )

    @property
    def native(self) -> bool:
        """Whether msgspec reads and writes values of this form alone."""
        return self.wire is not UNSET


_SCALARS: Mapping[Any, Form] = {
    Any: Form("any", endless=True),
    object: Form("any", endless=True),
    None: Form("null", None),
    NoneType: Form("null", None),
    bool: Form("bool", bool),
    str: Form("str", str),
    int: Form("int", Annotated[int, Meta(ge=-LARGEST_INT, le=LARGEST_INT)]),
    float: Form("float", Annotated[float, Meta(ge=-sys.float_info.max, le=sys.float_info.max)]),  # refuses NaN as well
    bytes: Form("bytes", bytes),
    datetime: Form("datetime", Annotated[datetime, Meta(tz=True)], dated=True),
    date: Form("date", date),
    UUID: Form("uuid", UUID),
}


def form_of(annotation: Any, around: tuple[type, ...] = ()) -> Form:
    """The form of an annotation within the classes `around` it.

    Raises TupleError, with the path of the field within a class, for what cannot travel.
    """
    try:
        if known := _SCALARS.get(annotation):
            return known
    except TypeError:
        raise TupleError(f"{annotation} cannot travel: it is not hashable.") from None
    if travels(annotation):
        _, way = traveller(annotation)
        inner = form_of(way.wire, around)
        return Form.around([inner], way.name or inner.text)
    if is_tuple_shaped(annotation):
        return _class(annotation, around)
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return _checked(
            [], f"enum{sorted((member.value for member in annotation), key=repr)!r}", annotation, annotation
        )
    if (inside := bare(annotation)) is not annotation:
        return form_of(inside, around)
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        if not all(value is None or type(value) in (str, int) for value in arguments):
            raise TupleError(f"{annotation} cannot travel; a Literal may hold strings, integers and None.")
        return _checked([], f"enum{sorted(arguments, key=repr)!r}", annotation, annotation)
    if origin is Union or origin is UnionType:
        return _union(annotation, arguments, around)
    return _container(annotation, origin or annotation, arguments, around)


def _class(cls: type, around: tuple[type, ...]) -> Form:
    itself = Form("", classes=frozenset([cls]))
    if cls in around:
        return attrs.evolve(itself, text=f"^{cls.__name__}", endless=True)
    texts, forms = [], [itself]
    for spec in fields_of(cls):
        try:
            if spec.name == TAG:
                raise TupleError(f"A field cannot be named {TAG}, which is where the name of a type stands.")
            form = form_of(spec.annotation, (*around, cls))
        except TupleError as error:
            raise error.within(f".{spec.name}") from None
        texts.append(f"{spec.name}{'?' * spec.optional}:{form.text}")
        forms.append(form)
    return Form.around(forms, f"{cls.__name__}{{{','.join(sorted(texts))}}}")


def _union(annotation: Any, arguments: tuple[Any, ...], around: tuple[type, ...]) -> Form:
    members = [form_of(argument, around) for argument in arguments if argument is not NoneType]
    if len(members) == 1:
        (inner,) = members
        return Form.around(members, inner.text + "?", Union[inner.wire, None] if inner.native else UNSET)  # noqa: UP007
    if not all(member.native for member in members):
        raise TupleError(
            f"{annotation} cannot travel; only None, str, bool, int, float and types like them may share a union."
        )
    members += [_SCALARS[None]] * (NoneType in arguments)
    text = "|".join(sorted(member.text for member in members))
    wire: Any = Union[tuple(member.wire for member in members)]  # noqa: UP007  # known at run time only
    return _checked(members, text, wire, annotation)


def bare(annotation: Any) -> Any:
    """What an annotation says about the wire, without notes for others and new names for old types."""
    if get_origin(annotation) is Annotated and not travels(annotation):
        return get_args(annotation)[0]
    if isinstance(annotation, NewType):
        return annotation.__supertype__
    return annotation


def inner_of(container: Any) -> Any:
    """What a container of one type holds."""
    arguments = [argument for argument in get_args(container) if argument is not Ellipsis]
    return arguments[-1] if arguments else Any


def is_fixed_array(annotation: Any) -> bool:
    """Whether an annotation is a tuple of so many values, each of its own type."""
    arguments = get_args(annotation)
    return get_origin(annotation) is tuple and bool(arguments) and arguments[-1] is not Ellipsis


def _container(annotation: Any, origin: Any, arguments: tuple[Any, ...], around: tuple[type, ...]) -> Form:
    wire: Any = UNSET
    if is_fixed_array(annotation):
        inner = [form_of(argument, around) for argument in arguments]
        if all(form.native for form in inner):
            wire = tuple.__class_getitem__(tuple(form.wire for form in inner))
        return Form.around(inner, f"({','.join(form.text for form in inner)})", wire)
    if origin in (*ARRAYS, *SETS):
        form = form_of(arguments[0] if arguments else Any, around)
        if form.native and origin not in SETS:  # msgspec does not sort sets
            wire = tuple.__class_getitem__((form.wire, ...)) if origin is tuple else list.__class_getitem__(form.wire)
        return Form.around([form], f"[{form.text}]", wire)
    if origin in OBJECTS:
        if arguments and arguments[0] is not str:
            raise TupleError(
                f"{annotation} cannot travel; the keys of an object on the wire are strings: dict[str, ...]."
            )
        form = form_of(arguments[1] if arguments else Any, around)
        if form.native:
            wire = dict.__class_getitem__((str, form.wire))
        return Form.around([form], f"{{{form.text}}}", wire)
    raise TupleError(
        f"{_name(annotation)} cannot travel. Use str, bool, int, BigInt, float, Decimal, datetime, date, UUID, bytes, an enum, a "
        "Literal, a tuple class, list, tuple, set, dict[str, ...] of these, or say how it travels with TravelsAs."
    )


def _checked(inner: Iterable[Form], text: str, wire: Any, annotation: Any) -> Form:
    """The form, once msgspec has agreed that values of its wire type can be told apart."""
    try:
        msgspec.json.Decoder(wire)
    except TypeError as error:
        raise TupleError(f"{_name(annotation)} cannot travel: {error}.") from None
    return Form.around(inner, text, wire)


def _name(annotation: Any) -> str:
    return getattr(annotation, "__qualname__", None) or str(annotation)
