"""Tuples to bytes and back: strict both ways, and as fast as the C code of msgspec allows.

A payload names the type of its rows once, or per row when they differ; `docs/protocol.md` gives the form. Whatever does not fit is a
TupleError with the path of the value, on the side that made it if it is made here. Of two equal keys in one object the last one counts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import attrs
import msgspec

from peek_trio.errors import PeekError, TupleError
from peek_trio.tuples.converter import TupleConverter
from peek_trio.tuples.declaration import tuple_name
from peek_trio.tuples.families import Families
from peek_trio.tuples.fast import DOUBTS, FastPaths
from peek_trio.tuples.fields import TAG
from peek_trio.tuples.forms import form_of
from peek_trio.tuples.misfits import MISFITS, misfit
from peek_trio.tuples.native import Hook, checker
from peek_trio.tuples.plain import each, refuse_deep
from peek_trio.tuples.twins import Place

__all__ = ["Codec"]

_P = ParamSpec("_P")
_R = TypeVar("_R")

_to_json = msgspec.json.Encoder().encode


class _Payload(msgspec.Struct, forbid_unknown_fields=True):
    rows: msgspec.Raw
    t: str | None = None


class _Named(msgspec.Struct):
    name: str = msgspec.field(name=TAG)


_read_payload = msgspec.json.Decoder(_Payload).decode
_read_raw_rows = msgspec.json.Decoder(list[msgspec.Raw]).decode
_read_name = msgspec.json.Decoder(_Named).decode
_read_json = msgspec.json.Decoder().decode


class Codec:
    """Encodes and decodes tuples and annotated values. `find` gives the class for a type's name, or raises TupleError."""

    def __init__(self, families: Families) -> None:
        self._families = families
        self.forget()

    def encode(self, rows: Sequence[object], cls: type | None = None) -> bytes:
        """A payload of `rows`.

        `cls` is the type of all of them; it matters when there are none, and when they are of one type it need not be given. Raises
        TupleError with the path of a value that does not fit its declared type.
        """
        kinds = set(map(type, rows))
        if cls is None and len(kinds) == 1:
            (cls,) = kinds
        try:
            if cls is None:
                return b'{"rows":[%b]}' % b",".join(each(self._encode_named, rows))
            body = self._way(list[cls]).encode(rows if type(rows) is list else list(rows))  # type: ignore[valid-type]
        except TupleError as error:
            raise error.within(".rows") from None
        return b'{"t":"%b","rows":%b}' % (tuple_name(cls).encode(), body)

    def decode(self, data: bytes) -> list[Any]:
        """The rows of a payload, instances of registered classes. Raises TupleError with the path of what does not fit."""
        try:
            payload = _read_payload(data)
        except MISFITS as error:
            raise misfit(error) from None
        cls = None if payload.t is None else self._class(payload.t, ".t")
        try:
            if cls is None:
                return each(self._decode_named, _read_raw_rows(payload.rows))
            return self._way(list[cls]).decode(payload.rows)  # type: ignore[no-any-return, valid-type]
        except MISFITS as error:
            raise misfit(error).within(".rows") from None

    def encode_one(self, obj: object) -> bytes:
        """The bare JSON object of one tuple."""
        tuple_name(type(obj))
        return self._way(type(obj)).encode(obj)

    def decode_one(self, name: str, data: bytes) -> Any:
        """The tuple of the registered type `name` in the bare JSON object `data`."""
        return self._way(self._families.named(name)).decode(data)

    def encode_value(self, value: Any, annotation: Any = Any) -> bytes:
        """The JSON of any value that fits `annotation`; with none, whatever the value's own class says."""
        return self._way(annotation).encode(value)

    def decode_value(self, data: bytes, annotation: Any) -> Any:
        """The value of the type `annotation` in the JSON `data`."""
        return self._way(annotation).decode(data)

    def to_builtins(self, obj: Any, annotation: Any = Any) -> Any:
        """Like `encode_value`, but as plain Python that could be JSON: dicts, lists, strings, numbers, True, False and None."""
        return self._way(annotation).to_builtins(obj)

    def from_builtins(self, data: Any, annotation: Any) -> Any:
        """Like `decode_value`, of plain Python that could be JSON."""
        return self._way(annotation).from_builtins(data)

    def is_fast(self, cls: type) -> bool:
        """Whether instances of a class pass by msgspec, rather than one by one by cattrs.

        They do not when the class may contain itself, or registered subclasses may stand for it.
        """
        return self._fast.has_twin(cls)

    def forget(self) -> None:
        """Forgets what it has learnt of classes; called when the known classes change."""
        self._ways: dict[Any, _Way] = {}
        self._plain = TupleConverter(self._families)
        self._fast = FastPaths(self._plain, self._families)

    def _way(self, annotation: Any) -> _Way:
        try:
            way = self._ways.get(annotation)
        except TypeError:
            raise TupleError(f"{annotation} cannot travel: it is not hashable.") from None
        if way is None:
            way = self._ways[annotation] = self._new_way(annotation)
        return way

    def _new_way(self, annotation: Any) -> _Way:
        form = form_of(annotation)
        endless = form.endless or any(map(self._families.has_heirs, form.classes))
        place = self._fast.place(annotation)
        read, write = self._plain.reading(annotation), self._plain.writing(annotation)
        return _Way(read, write, msgspec.json.Decoder(place.read).decode, checker(place.written), place, endless)

    def _class(self, name: str, step: str) -> type:
        try:
            return self._families.named(name)
        except TupleError as error:
            raise error.within(step) from None

    def _encode_named(self, row: object) -> bytes:
        try:
            name = tuple_name(type(row)).encode()
        except PeekError as error:
            raise TupleError(error.message) from None
        fields = self._way(type(row)).encode(row)[1:]
        return b'{"_t":"%b"%b%b' % (name, b"," * (fields != b"}"), fields)

    def _decode_named(self, row: msgspec.Raw) -> Any:
        return self._way(self._class(_read_name(row).name, "._t")).decode(row)


def _telling(method: Callable[_P, _R]) -> Callable[_P, _R]:
    """Makes a TupleError of what tells that data does not fit."""

    @wraps(method)
    def told(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        try:
            return method(*args, **kwargs)
        except MISFITS as error:
            raise misfit(error) from None

    return told


@attrs.frozen
class _Way:
    """How values of one annotation are read and written: by the fast path, and where that has doubts by `read` and `write`."""

    read: Hook
    write: Hook
    parse: Callable[[bytes | msgspec.Raw], Any]
    convert: Callable[[Any], Any]
    place: Place
    endless: bool

    @_telling
    def encode(self, value: Any) -> bytes:
        """The JSON of a value."""
        data = _to_json(self._ready(value))
        if self.endless:
            refuse_deep(data)
        return data

    @_telling
    def decode(self, data: bytes | msgspec.Raw) -> Any:
        """The value in JSON."""
        if self.endless:
            refuse_deep(memoryview(data))
        try:
            return self.place.finish(self.parse(data))
        except DOUBTS:
            return self.read(_read_json(data))

    @_telling
    def to_builtins(self, value: Any) -> Any:
        return msgspec.to_builtins(self.write(value))

    @_telling
    def from_builtins(self, data: Any) -> Any:
        return self.read(data)

    def _ready(self, value: Any) -> Any:
        try:
            self.place.vet([value])
            return self.place.settle(self.convert(value))
        except DOUBTS:
            return self.write(value)
