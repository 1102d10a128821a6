"""Values that Python and TypeScript must see alike: `frontends/packages/client/test/tuples.json` is made of these.

    python -m tests.tuples.vectors      (in the root of the repository, writes the file)

Each vector has a name, the form by which TypeScript reads its value (`test/forms.ts` there), and the value as a class with one field
holds it.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum, IntEnum
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

import attrs

from peek_trio.tuples import BigInt, TupleRegistry, tuple_type

__all__ = ["DECIMALS", "FILE", "INSTANTS", "VECTORS", "document", "held", "seen"]

FILE = Path(__file__).parents[2] / "frontends/packages/client/test/tuples.json"

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Kind(Enum):
    PUMP = "pump"
    VALVE = "valve"


class Level(IntEnum):
    LOW = 1
    HIGH = 2


@tuple_type("vectors.Place")
@attrs.frozen
class Place:
    name: str
    height: Decimal | None = None


@tuple_type("vectors.Tank")
@attrs.frozen
class Tank(Place):
    litres: BigInt = 0


@tuple_type("vectors.Route")
@attrs.define
class Route:
    places: list[Place]
    start: Place | None = None


def at(offset: timedelta, microsecond: int = 0) -> datetime:
    return datetime(2026, 7, 1, 8, 30, 15, microsecond, tzinfo=timezone(offset))


HOURS = timedelta(hours=1)
UUID_1 = UUID("12345678-1234-5678-9abc-def012345678")

VECTORS: Sequence[tuple[str, str, Any, Any]] = [
    ("no text", "json", str, ""),
    ("text outside ASCII", "json", str, "Größe ≥ 5 µm, 水"),
    ("text beyond 16 bits", "json", str, "🔧🜁"),
    ("text with quotes, backslashes and control characters", "json", str, '"\\/\b\f\n\r\t\x00\x1f'),
    ("text with what HTML and JavaScript treat apart", "json", str, "</script>\u2028\u2029&<>'"),
    ("true", "json", bool, True),
    ("false", "json", bool, False),
    ("zero", "json", int, 0),
    ("the largest integer that is a number", "json", int, 2**53 - 1),
    ("the least integer that is a number", "json", int, -(2**53) + 1),
    ("a fraction", "json", float, 0.1),
    ("a float that is whole", "json", float, 2.0),
    ("the largest float", "json", float, 1.7976931348623157e308),
    ("the smallest float", "json", float, 5e-324),
    ("a float that is written with an exponent", "json", float, -1.5e-7),
    ("a float beyond all exact integers", "json", float, 1e22),
    ("an integer just beyond numbers", "bigint", BigInt, 2**53),
    ("a negative integer of many digits", "bigint", BigInt, -(10**40) + 7),
    ("no integer at all", "bigint", BigInt, 0),
    ("a price", "decimal", Decimal, Decimal("12.50")),
    ("a decimal with a zero too many", "decimal", Decimal, Decimal("12.500")),
    ("a decimal that no float holds", "decimal", Decimal, Decimal("0.1000000000000000000000000001")),
    ("a large decimal", "decimal", Decimal, Decimal("1E+30")),
    ("a small negative decimal", "decimal", Decimal, Decimal("-1E-9")),
    ("a negative nothing", "decimal", Decimal, Decimal("-0.00")),
    ("an instant in UTC", "instant", datetime, at(timedelta())),
    ("an instant with microseconds", "instant", datetime, at(timedelta(), 123456)),
    ("an instant with few microseconds", "instant", datetime, at(timedelta(), 7)),
    ("an instant east of Greenwich", "instant", datetime, at(2 * HOURS, 500000)),
    ("an instant west of Greenwich", "instant", datetime, at(-3.5 * HOURS)),
    ("an instant with the largest offset", "instant", datetime, at(23 * HOURS + timedelta(minutes=59))),
    ("an instant with an offset of odd seconds", "instant", datetime, at(timedelta(minutes=19, seconds=32), 1)),
    ("an instant before 1970", "instant", datetime, datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)),
    ("the first instant", "instant", datetime, datetime(1, 1, 1, tzinfo=UTC)),
    ("the last instant", "instant", datetime, datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)),
    ("a leap day", "day", date, date(2024, 2, 29)),
    ("the first day", "day", date, date(1, 1, 1)),
    ("the last day", "day", date, date(9999, 12, 31)),
    ("a UUID", "json", UUID, UUID_1),
    ("no bytes", "bytes", bytes, b""),
    ("one byte", "bytes", bytes, b"\xff"),
    ("two bytes", "bytes", bytes, b"hi"),
    ("all bytes", "bytes", bytes, bytes(range(256))),
    ("an enum of strings", "json", Kind, Kind.VALVE),
    ("an enum of integers", "json", Level, Level.HIGH),
    ("a literal", "json", Literal["on", "off", 3, None], "off"),
    ("a literal that is null", "json", Literal["on", "off", 3, None], None),
    ("nothing where something may be", "json", str | None, None),
    ("something where nothing may be", "decimal", Decimal | None, Decimal(1)),
    ("a union", "json", int | str | None, "5"),
    ("an empty list", "json", list[int], []),
    ("a list of lists", "json", list[list[int]], [[1], [], [2, 3]]),
    ("a list of decimals", ["decimal"], list[Decimal], [Decimal("1.0"), Decimal("-2")]),
    ("a tuple of any length", ["instant"], tuple[datetime, ...], (at(timedelta()), at(HOURS))),
    ("a tuple of two", "json", tuple[int, str], (1, "a")),
    ("a set, sorted", "json", set[str], {"b", "a", "ä", "B"}),
    ("a set of integers, sorted", "json", frozenset[int], frozenset({10, 9, -1})),
    ("an object whose keys look like numbers", "json", dict[str, int], {"007": 7, "7": 8, "1e3": 9}),
    ("an object with unusual keys", "json", dict[str, int], {"": 1, "__proto__": 2, "constructor": 3, "ä b": 4}),
    ("an object of bytes", {"*": "bytes"}, dict[str, bytes], {"a": b"\x00", "b": b"xyz"}),
    ("a tuple within", {"name": "json", "height": "decimal"}, Place, Place("hall", Decimal("3.20"))),
    ("a tuple within, with a default", "json", Place, Place("hall")),
    ("a subclass where its base is declared", {"litres": "bigint"}, Place, Tank("t", Decimal(2), 2**60)),
    ("a base and a subclass", {"places": ["json"]}, Route, Route([Place("a"), Tank("b")], Tank("c", litres=1))),
    ("anything", "json", Any, {"a": [1, 2.5, None, True, {"b": "c"}], "d": {}}),
]
"""Name, form, annotation and value. A form is a name, a list with the form of all items, or the forms of some members, "*" of all."""

INSTANTS = [
    ["2026-07-01T08:30:15.000001Z", "2026-07-01T10:30:15.000001+02:00", "2026-06-30T23:00:15.000001-09:30"],
    ["2026-07-01T08:30:15.000002Z"],
    ["2026-07-01T08:30:15.1Z", "2026-07-01T08:30:15.100Z", "2026-07-01T08:30:15.100000Z"],
    ["2026-07-01T08:30:16Z", "2026-07-01T09:30:16+01:00"],
]

DECIMALS = [
    ["-1E+3", "-1000", "-1000.0"],
    ["-999.999"],
    ["-0.1", "-0.10"],
    ["-1E-9"],
    ["0", "-0", "0.000", "0E+5"],
    ["1E-9", "0.000000001"],
    ["0.1", "0.10", "1e-1"],
    ["0.11"],
    ["9"],
    ["10", "1E1", "1.0E+1", "010"],
    ["9007199254740992.1"],
    ["9007199254740992.2"],
    ["1E+30"],
]


def seen(form: Any, value: Any) -> Any:
    """What TypeScript sees in a value as it travels, written as JSON."""
    if value is None or form == "json" or form == "decimal":
        return value
    if isinstance(form, list):
        return [seen(form[0], item) for item in value]
    if isinstance(form, Mapping):
        return {name: seen(form.get(name, form.get("*", "json")), item) for name, item in value.items()}
    return _SEEN[form](value)


_SEEN: Mapping[str, Callable[[str], Any]] = {
    "instant": lambda text: str((datetime.fromisoformat(text) - EPOCH) // timedelta(microseconds=1)),
    "day": lambda text: [int(part) for part in text.split("-")],
    "bigint": lambda text: str(int(text)),
    "bytes": lambda text: list(base64.b64decode(text, validate=True)),
}


def held(annotation: Any) -> tuple[TupleRegistry, Any]:
    """A class with one field, `value`, and a registry that knows it."""
    cls = tuple_type("vectors.Value")(attrs.make_class("Value", {"value": attrs.field(type=annotation)}))
    registry = TupleRegistry()
    for known in (cls, Place, Tank, Route):
        registry.add(known, owner="vectors")
    return registry, cls


def document() -> str:
    """The content of the file."""
    values = []
    for name, form, annotation, value in VECTORS:
        registry, cls = held(annotation)
        payload = registry.codec.encode([cls(value)]).decode()
        sees = seen(form, json.loads(payload)["rows"][0]["value"])
        values.append({"name": name, "form": form, "payload": payload, "sees": sees})
    about = "Tuples as they travel, and what TypeScript sees in them. Made by tests/tuples/vectors.py; both languages are tested with them."
    content = {"about": about, "values": values, "instants": INSTANTS, "decimals": DECIMALS}
    return json.dumps(content, indent=1) + "\n"


if __name__ == "__main__":
    FILE.write_text(document())
