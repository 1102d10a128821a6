"""What it costs to encode and decode 1000 tuples, compressed as they travel, in CPU time.

    python benchmarks/codec.py [--quick] [tuples ...]

A tuple is (id: int, name: 20 characters, value: int, at: datetime). Beside Peek, turn by turn in one run: vortexpy; msgspec alone on the
same attrs class, which is the limit, for it checks less (it takes unknown fields, naive datetimes and integers that a browser would
round); and cattrs over the standard library's json, as most projects have it. `PricedRow` has a Decimal, which msgspec alone does not
write as the wire wants it. All but vortexpy, which has its own way (zlib 9 and base64), compress with zlib 1.
"""

from __future__ import annotations

import json
import sys
import time
import zlib
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import attrs
import cattrs
import msgspec
from load.processes import other
from load.report import medians, quick, reach, table
from peers.environment import PEERS, vortex_python

from peek_trio.transport.observables.body import Body
from peek_trio.tuples import TupleRegistry, tuple_type

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
TUPLES_A_TURN = 20_000
"""How many tuples are encoded in one turn, and how many decoded."""

PEEK, LIMIT, VORTEX = "Peek", "msgspec on the same class", "vortexpy 6.2.2"


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


@attrs.frozen
class Contender:
    """A codec: `encode` makes the bytes that travel of `rows`, `decode` makes equal rows of them."""

    rows: Sequence[object]
    encode: Callable[[Any], bytes]
    decode: Callable[[bytes], Any]

    def turn(self) -> dict[str, float]:
        """One measurement: CPU milliseconds for the whole payload, and its bytes."""
        rows, data = self.rows, self.encode(self.rows)
        assert self.decode(data) == rows
        times = max(1, TUPLES_A_TURN // len(rows))
        return {
            "encode": _milliseconds(lambda: self.encode(rows), times),
            "decode": _milliseconds(lambda: self.decode(data), times),
            "bytes": len(data),
        }


def contenders(count: int) -> dict[str, Contender]:
    """All that run in this process, each with `count` rows."""
    rows = [Row(number, f"row number {number:09}", number * 3, NOW) for number in range(count)]
    priced_rows = [PricedRow(row.id, row.name, Decimal(row.value), row.at) for row in rows]
    registry = TupleRegistry()
    registry.add(Row, owner="bench")
    registry.add(PricedRow, owner="bench")
    codec = registry.codec
    write, read = msgspec.json.Encoder().encode, msgspec.json.Decoder(list[Row]).decode
    converter = cattrs.Converter()
    converter.register_unstructure_hook(datetime, datetime.isoformat)
    converter.register_structure_hook(datetime, lambda text, _: datetime.fromisoformat(text))

    def inflated(data: bytes) -> list[Any]:
        return codec.decode(Body(data, compressed=True).raw())

    return {
        PEEK: Contender(rows, lambda rows: Body.of(codec.encode(rows)).data, inflated),
        LIMIT: Contender(rows, lambda rows: zlib.compress(write(rows), 1), lambda data: read(zlib.decompress(data))),
        "cattrs and json": Contender(
            rows,
            lambda rows: zlib.compress(json.dumps(converter.unstructure(rows)).encode(), 1),
            lambda data: converter.structure(json.loads(zlib.decompress(data)), list[Row]),
        ),
        "Peek, uncompressed": Contender(rows, codec.encode, codec.decode),
        "msgspec, uncompressed": Contender(rows, write, read),
        "Peek with a Decimal": Contender(priced_rows, lambda rows: Body.of(codec.encode(rows)).data, inflated),
    }


def compare(count: int) -> None:
    """Measures all of them in turns and prints the ratios."""
    python, turns = vortex_python(), 5 if quick() else 25
    here = contenders(count)
    figures: dict[str, list[dict[str, float]]] = {name: [] for name in here}
    with ExitStack() as stack:
        vortex = stack.enter_context(other(PEERS / "vortex_codec.py", python=python)) if python else None
        for _ in range(turns):
            for name, contender in here.items():
                figures[name].append(contender.turn())
            if vortex is not None:
                figures.setdefault(VORTEX, []).append(vortex.ask(tuples=count))
    typical = {name: medians(figures[name]) for name in figures}
    ours, limit = typical[PEEK], typical[LIMIT]
    table(
        f"{count:,} tuples, compressed, medians of {turns} turns",
        ["encode, ms CPU", "to Peek's", "decode, ms CPU", "to Peek's", "bytes"],
        [
            [
                name,
                each["encode"],
                each["encode"] / ours["encode"],
                each["decode"],
                each["decode"] / ours["decode"],
                round(each["bytes"]),
            ]
            for name, each in typical.items()
        ],
    )
    for way, at_least in (("encode", 50), ("decode", 30)):
        if VORTEX in typical:
            reach(f"{way}: vortexpy's time to Peek's", typical[VORTEX][way] / ours[way], at_least=at_least)
        reach(f"{way}: Peek's time to msgspec's", ours[way] / limit[way], at_most=2)


def _milliseconds(work: Callable[[], object], times: int) -> float:
    began = time.process_time()
    for _ in range(times):
        work()
    return (time.process_time() - began) / times * 1000


if __name__ == "__main__":
    for size in [int(word) for word in sys.argv[1:] if word.isdigit()] or [1000]:
        compare(size)
