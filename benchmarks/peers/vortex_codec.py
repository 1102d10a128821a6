"""Runs in vortexpy's environment: how long its codec takes for 1000 tuples, each time it is asked. Prints JSON lines.

The tuple is the one of `benchmarks/codec.py`: an integer, 20 characters, an integer, a time. Compressed as vortexpy compresses
(zlib 9, base64).
"""

from __future__ import annotations

import json
import sys
import time
from datetime import UTC, datetime

from vortex.Payload import Payload
from vortex.Tuple import Tuple, TupleField, addTupleType


@addTupleType
class Row(Tuple):
    """The tuple."""

    __tupleType__ = "bench.Row"
    id: int = TupleField()
    name: str = TupleField()
    value: int = TupleField()
    at: datetime = TupleField()


def cpu_milliseconds(work: object, times: int) -> float:
    """CPU time of one run."""
    began = time.process_time()
    for _ in range(times):
        work()
    return (time.process_time() - began) / times * 1000


def main() -> None:
    """A measurement for each line of standard input, `{"tuples": 1000}`."""
    now = datetime(2026, 11, 22, 12, tzinfo=UTC)
    for line in sys.stdin:
        count = json.loads(line)["tuples"]
        rows = [Row(id=n, name=f"row number {n:09}", value=n * 3, at=now) for n in range(count)]
        encoded = Payload(tuples=rows).toEncodedPayload()
        decoded = Payload().fromEncodedPayload(encoded).tuples
        assert [(row.id, row.name, row.value) for row in decoded] == [(row.id, row.name, row.value) for row in rows]
        times = max(1, 3000 // count // 3)
        figures = {
            "encode": cpu_milliseconds(lambda rows=rows: Payload(tuples=rows).toEncodedPayload(), times),
            "decode": cpu_milliseconds(lambda encoded=encoded: Payload().fromEncodedPayload(encoded), times),
            "bytes": len(encoded),
        }
        print(json.dumps(figures), flush=True)


if __name__ == "__main__":
    main()
