"""Tuples to bytes and back: strict both ways, and as fast as the C code of msgspec allows.

A payload names the type of its rows once, or per row when they differ; `docs/protocol.md` gives the form. Whatever does not fit is a
TupleError with the path of the value, on the side that made it if it is made here. Of two equal keys in one object the last one counts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import attrs
import msgspec

from peek_trio.errors import PeekError, TupleError
from peek_trio.tuples.containers import each
from peek_trio.tuples.declaration import tuple_name
from peek_trio.tuples.misfits import MISFITS, misfit
from peek_trio.tuples.plain import refuse_deep
from peek_trio.tuples.shape import Shape, to_wire_type
from peek_trio.tuples.shapes import Shapes

__all__ = ["Codec"]

_to_json = msgspec.json.Encoder().encode


class _Payload(msgspec.Struct, forbid_unknown_fields=True):
    rows: msgspec.Raw
    t: str | None = None


class _Named(msgspec.Struct):
    name: str = msgspec.field(name="_t")


_read_payload = msgspec.json.Decoder(_Payload).decode
_read_raw_rows = msgspec.json.Decoder(list[msgspec.Raw]).decode
_read_name = msgspec.json.Decoder(_Named).decode


class Codec:
    """Encodes and decodes tuples and annotated values. `find` gives the class for a type's name, or raises TupleError."""

    def __init__(self, find: Callable[[str], type]) -> None:
        self._find = find
        self._shapes = Shapes()
        self._forms: dict[Any, _Form] = {}
        self._tagged: dict[type, _Form] = {}

    def encode(self, rows: Sequence[object], cls: type | None = None) -> bytes:
        """A payload of `rows`.

        `cls` is the type of all of them; it matters when there are none, and when they are of one type it need not be given. Raises
        TupleError with the path of a value that does not fit its declared type.
        """
        kinds = set(map(type, rows))
        if cls is None and len(kinds) == 1:
            (cls,) = kinds
        if cls is None or not kinds <= {cls}:
            return self._encode_mixed(rows, cls)
        try:
            body = self._form(list[cls]).encode(rows if type(rows) is list else list(rows))  # type: ignore[valid-type]
        except TupleError as error:
            raise error.within(".rows") from None
        return b'{"t":"%b","rows":%b}' % (tuple_name(cls).encode(), body)

    def decode(self, data: bytes) -> list[Any]:
        """The rows of a payload, instances of registered classes. Raises TupleError with the path of what does not fit."""
        try:
            payload = _read_payload(data)
        except MISFITS as error:
            raise misfit(error) from None
        if payload.t is None:
            return self._decode_mixed(payload.rows)
        try:
            cls = self._find(payload.t)
        except TupleError as error:
            raise error.within(".t") from None
        try:
            return self._form(list[cls]).decode(payload.rows)  # type: ignore[no-any-return, valid-type]
        except TupleError as error:
            raise error.within(".rows") from None

    def encode_one(self, obj: object) -> bytes:
        """The bare JSON object of one tuple."""
        tuple_name(type(obj))
        return self._form(type(obj)).encode(obj)

    def decode_one(self, name: str, data: bytes) -> Any:
        """The tuple of the registered type `name` in the bare JSON object `data`."""
        return self._form(self._find(name)).decode(data)

    def encode_value(self, value: Any, annotation: Any = Any) -> bytes:
        """The JSON of any value that fits `annotation`; with none, whatever the value's own class says."""
        return self._form(annotation).encode(value)

    def decode_value(self, data: bytes, annotation: Any) -> Any:
        """The value of the type `annotation` in the JSON `data`."""
        return self._form(annotation).decode(data)

    def to_builtins(self, obj: Any, annotation: Any = Any) -> Any:
        """Like `encode_value`, but as plain Python that could be JSON: dicts, lists, strings, numbers, True, False and None."""
        return self._form(annotation).to_builtins(obj)

    def from_builtins(self, data: Any, annotation: Any) -> Any:
        """Like `decode_value`, of plain Python that could be JSON."""
        return self._form(annotation).from_builtins(data)

    def forget(self) -> None:
        """Forgets what it has learnt of classes; called when the known classes change."""
        self._shapes.forget()
        self._forms = {}
        self._tagged = {}

    def _form(self, annotation: Any) -> _Form:
        form = self._forms.get(annotation)
        if form is None:
            form = self._forms[annotation] = _Form.of(self._shapes.of(annotation))
        return form

    def _tagged_form(self, cls: type) -> _Form:
        """The form of one row of a mixed payload: the object of `cls` with its type's name in it."""
        form = self._tagged.get(cls)
        if form is None:
            shape = self._shapes.of(cls)
            twin = msgspec.defstruct(
                cls.__name__,
                [],
                bases=(shape.wire,),
                kw_only=True,
                tag_field="_t",
                tag=tuple_name(cls),
                forbid_unknown_fields=True,
                omit_defaults=True,
                gc=False,
            )
            form = self._tagged[cls] = _Form.of(attrs.evolve(shape, wire=twin))
        return form

    def _encode_mixed(self, rows: Sequence[object], cls: type | None) -> bytes:
        def encode_row(row: object) -> bytes:
            if cls is not None and not isinstance(row, cls):
                raise TupleError(f"Expected {cls.__name__}, got {type(row).__name__}.")
            try:
                return self._tagged_form(type(row)).encode(row)
            except TupleError:
                raise
            except PeekError as error:
                raise TupleError(error.message) from None

        try:
            return b'{"rows":[%b]}' % b",".join(each(encode_row, rows))
        except TupleError as error:
            raise error.within(".rows") from None

    def _decode_mixed(self, rows: msgspec.Raw) -> list[Any]:
        def decode_row(row: msgspec.Raw) -> Any:
            try:
                cls = self._find(_read_name(row).name)
            except MISFITS as error:
                raise misfit(error) from None
            except TupleError as error:
                raise error.within("._t") from None
            return self._tagged_form(cls).decode(row)

        try:
            return each(decode_row, _read_raw_rows(rows))
        except MISFITS as error:
            raise misfit(error, root="$.rows") from None
        except TupleError as error:
            raise error.within(".rows") from None


@attrs.frozen(eq=False)
class _Form:
    """A shape with its decoder: how values of one type are written and read."""

    shape: Shape
    read: Callable[[Any], Any]

    @classmethod
    def of(cls, shape: Shape) -> _Form:
        return cls(shape, msgspec.json.Decoder(shape.wire).decode)

    def to_wire(self, value: Any) -> Any:
        shape = self.shape
        return to_wire_type(value if shape.dump is None else shape.dump(value), shape.wire)

    def encode(self, value: Any) -> bytes:
        try:
            data = _to_json(self.to_wire(value))
        except MISFITS as error:
            raise misfit(error) from None
        if self.shape.endless:
            refuse_deep(data)
        return data

    def decode(self, data: bytes | msgspec.Raw) -> Any:
        shape = self.shape
        try:
            if shape.endless:
                refuse_deep(memoryview(data))
            value = self.read(data)
            return value if shape.load is None else shape.load(value)
        except MISFITS as error:
            raise misfit(error) from None

    def to_builtins(self, value: Any) -> Any:
        try:
            return msgspec.to_builtins(self.to_wire(value))
        except MISFITS as error:
            raise misfit(error) from None

    def from_builtins(self, data: Any) -> Any:
        shape = self.shape
        try:
            value = msgspec.convert(data, shape.wire)
            return value if shape.load is None else shape.load(value)
        except MISFITS as error:
            raise misfit(error) from None
