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
from peek_trio.tuples.forms import form_of
from peek_trio.tuples.misfits import MISFITS, expected, misfit
from peek_trio.tuples.native import Hook, NativeReader, NativeWriter
from peek_trio.tuples.plain import each, refuse_deep

__all__ = ["Codec"]

_P = ParamSpec("_P")
_R = TypeVar("_R")

_to_json = msgspec.json.Encoder().encode


class _Payload(msgspec.Struct, forbid_unknown_fields=True):
    rows: msgspec.Raw
    t: str | None = None


class _Named(msgspec.Struct):
    name: str = msgspec.field(name="_t")


_read_payload = msgspec.json.Decoder(_Payload).decode
_read_raw_rows = msgspec.json.Decoder(list[msgspec.Raw]).decode
_read_name = msgspec.json.Decoder(_Named).decode
_read_object = msgspec.json.Decoder(dict[str, Any]).decode


class Codec:
    """Encodes and decodes tuples and annotated values. `find` gives the class for a type's name, or raises TupleError."""

    def __init__(self, find: Callable[[str], type]) -> None:
        self._find = find
        self._ways: dict[Any, _Way] = {}
        self._converter = TupleConverter()

    def encode(self, rows: Sequence[object], cls: type | None = None) -> bytes:
        """A payload of `rows`.

        `cls` is the type of all of them; it matters when there are none, and when they are of one type it need not be given. Raises
        TupleError with the path of a value that does not fit its declared type.
        """
        kinds = set(map(type, rows))
        if cls is None and len(kinds) == 1:
            (cls,) = kinds
        try:
            if cls is None or not kinds <= {cls}:
                return b'{"rows":%b}' % self._encode_mixed(rows, cls)
            body = self._way(list[cls]).encode(rows if type(rows) is list else list(rows), known=True)  # type: ignore[valid-type]
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
                return self._decode_mixed(payload.rows)
            return self._way(list[cls]).decode(payload.rows)  # type: ignore[no-any-return, valid-type]
        except MISFITS as error:
            raise misfit(error).within(".rows") from None

    def encode_one(self, obj: object) -> bytes:
        """The bare JSON object of one tuple."""
        tuple_name(type(obj))
        return self._way(type(obj)).encode(obj)

    def decode_one(self, name: str, data: bytes) -> Any:
        """The tuple of the registered type `name` in the bare JSON object `data`."""
        return self._way(self._find(name)).decode(data)

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

    def is_fast(self, annotation: Any) -> bool:
        """Whether msgspec alone reads values of `annotation`, rather than cattrs with the hooks for its parts."""
        return isinstance(self._way(annotation).read, NativeReader)

    def forget(self) -> None:
        """Forgets what it has learnt of classes; called when the known classes change."""
        if self._ways:
            self._ways = {}
            self._converter = TupleConverter()

    def _way(self, annotation: Any) -> _Way:
        try:
            way = self._ways.get(annotation)
        except TypeError:
            raise TupleError(f"{annotation} cannot travel: it is not hashable.") from None
        if way is None:
            way = self._ways[annotation] = _Way.of(annotation, self._converter)
        return way

    def _class(self, name: str, step: str) -> type:
        try:
            return self._find(name)
        except TupleError as error:
            raise error.within(step) from None

    def _encode_mixed(self, rows: Sequence[object], cls: type | None) -> bytes:
        def encode_row(row: object) -> bytes:
            if cls is not None and not isinstance(row, cls):
                raise expected(cls.__name__, row)
            try:
                name = tuple_name(type(row)).encode()
            except PeekError as error:
                raise TupleError(error.message) from None
            fields = self._way(type(row)).encode(row)[1:]
            return b'{"_t":"%b"%b%b' % (name, b"," * (fields != b"}"), fields)

        return b"[%b]" % b",".join(each(encode_row, rows))

    def _decode_mixed(self, rows: msgspec.Raw) -> list[Any]:
        def decode_row(row: msgspec.Raw) -> Any:
            return self._way(self._class(_read_name(row).name, "._t")).decode_tagged(row)

        return each(decode_row, _read_raw_rows(rows))


def _telling(method: Callable[_P, _R]) -> Callable[_P, _R]:
    """Makes a TupleError of what tells that data does not fit."""

    @wraps(method)
    def told(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        try:
            return method(*args, **kwargs)
        except MISFITS as error:
            raise misfit(error) from None

    return told


@attrs.frozen(eq=False)
class _Way:
    """How values of one annotation are read and written: `parse` makes of JSON what `finish` makes a value of, if need be."""

    read: Hook
    write: Hook
    parse: Callable[[bytes | msgspec.Raw], Any]
    finish: Hook | None
    endless: bool

    @classmethod
    def of(cls, annotation: Any, converter: TupleConverter) -> _Way:
        read, write, endless = converter.reading(annotation), converter.writing(annotation), form_of(annotation).endless
        if isinstance(read, NativeReader):
            return cls(read, write, msgspec.json.Decoder(read.wire).decode, read.finish, endless)
        return cls(read, write, msgspec.json.Decoder().decode, read, endless)

    @_telling
    def encode(self, value: Any, known: bool = False) -> bytes:
        """The JSON of a value. With `known`, it holds instances of no other class than declared."""
        write = self.write.unchecked if known and isinstance(self.write, NativeWriter) else self.write
        data = _to_json(write(value))
        if self.endless:
            refuse_deep(data)
        return data

    @_telling
    def decode(self, data: bytes | msgspec.Raw) -> Any:
        if self.endless:
            refuse_deep(memoryview(data))
        plain = self.parse(data)
        return plain if self.finish is None else self.finish(plain)

    @_telling
    def decode_tagged(self, data: msgspec.Raw) -> Any:
        """One row of a mixed payload: the object has its type's name in it."""
        if self.endless:
            refuse_deep(memoryview(data))
        fields = _read_object(data)
        del fields["_t"]
        return self.read(fields)

    @_telling
    def to_builtins(self, value: Any) -> Any:
        return msgspec.to_builtins(self.write(value))

    @_telling
    def from_builtins(self, data: Any) -> Any:
        return self.read(data)
