"""How much the codec's strictness costs: payloads of 1000 and of 10 tuples, beside their peers in the same run.

    python benchmarks/codec.py [seconds per figure]

A tuple is (id: int, name: 20 characters, value: int, at: datetime). In brackets stands the way it took: msgspec alone reads flat classes,
cattrs all others; `PricedRow` is one of those for its Decimal. The peers: a plain msgspec Struct, which neither builds attrs objects nor
refuses unknown fields, naive datetimes and large integers; and cattrs over the standard library's json, as most projects have it.
"""

from __future__ import annotations

import json
import sys
import timeit
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal

import attrs
import cattrs
import msgspec

from peek_trio.tuples import TupleRegistry, tuple_type

SECONDS = float(sys.argv[1]) if len(sys.argv) > 1 else 0.3


@tuple_type("bench.Row")
@attrs.define
class Row:
    id: int
    name: str
    value: int
    at: datetime


@tuple_type("bench.PricedRow")
@attrs.define
class PricedRow:
    id: int
    name: str
    value: Decimal
    at: datetime


class PlainRow(msgspec.Struct):
    id: int
    name: str
    value: int
    at: datetime


def milliseconds(work: Callable[[], object]) -> float:
    """The shortest time of several runs."""
    once = min(timeit.repeat(work, number=1, repeat=3))
    number = max(1, int(SECONDS / 3 / max(once, 1e-7)))
    return min(timeit.repeat(work, number=number, repeat=3)) / number * 1000


def compare(count: int) -> None:
    """Prints the figures for payloads of `count` tuples."""
    now = datetime(2026, 11, 22, 12, tzinfo=UTC)
    rows = [Row(number, f"row number {number:09}", number * 3, now) for number in range(count)]
    priced_rows = [PricedRow(row.id, row.name, Decimal(row.value), row.at) for row in rows]
    plain_rows = [PlainRow(row.id, row.name, row.value, row.at) for row in rows]
    registry = TupleRegistry()
    registry.add(Row, owner="bench")
    registry.add(PricedRow, owner="bench")
    codec = registry.codec
    converter = cattrs.Converter()
    converter.register_unstructure_hook(datetime, lambda moment: moment.isoformat())
    converter.register_structure_hook(datetime, lambda text, _: datetime.fromisoformat(text))
    read_plain = msgspec.json.Decoder(list[PlainRow]).decode
    write_plain = msgspec.json.Encoder().encode
    payload, plain_payload, text = codec.encode(rows), write_plain(plain_rows), json.dumps(converter.unstructure(rows))
    priced_payload = codec.encode(priced_rows)
    assert codec.decode(payload) == rows == converter.structure(json.loads(text), list[Row])
    assert codec.decode(priced_payload) == priced_rows

    def way(cls: type) -> str:
        return f"codec, {cls.__name__} [{'msgspec' if codec.is_fast(list[cls]) else 'cattrs'}]"  # type: ignore[valid-type]

    figures = {
        way(Row): (milliseconds(lambda: codec.encode(rows)), milliseconds(lambda: codec.decode(payload))),
        way(PricedRow): (
            milliseconds(lambda: codec.encode(priced_rows)),
            milliseconds(lambda: codec.decode(priced_payload)),
        ),
        "plain Struct [msgspec]": (
            milliseconds(lambda: write_plain(plain_rows)),
            milliseconds(lambda: read_plain(plain_payload)),
        ),
        "json [cattrs]": (
            milliseconds(lambda: json.dumps(converter.unstructure(rows))),
            milliseconds(lambda: converter.structure(json.loads(text), list[Row])),
        ),
    }
    own_encode, own_decode = figures[way(Row)]
    print(f"{count} tuples, {len(payload)} bytes")
    for name, (encode, decode) in figures.items():
        print(
            f"  {name:25} encode {encode:8.4f} ms (Row takes {own_encode / encode:5.2f} x)"
            f"   decode {decode:8.4f} ms (Row takes {own_decode / decode:5.2f} x)"
        )


if __name__ == "__main__":
    compare(1000)
    compare(10)
