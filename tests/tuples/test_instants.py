"""Instants arrive as they were, whatever their offset."""

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import attrs
import pytest

from peek_trio.tuples import TupleRegistry, tuple_type

CODEC = TupleRegistry().codec


@tuple_type("x.Dated")
@attrs.define
class Dated:
    at: datetime
    maybe: datetime | None = None
    row: list[datetime] = attrs.Factory(list)
    named: dict[str, datetime] = attrs.Factory(dict)
    mixed: int | datetime = 0
    pair: tuple[int, datetime] | None = None


def at(offset: timedelta) -> datetime:
    return datetime(2026, 7, 1, 8, 30, 15, 123456, tzinfo=timezone(offset))


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (at(timedelta()), "2026-07-01T08:30:15.123456Z"),
        (at(timedelta(hours=2)), "2026-07-01T08:30:15.123456+02:00"),
        (at(-timedelta(hours=9, minutes=30)), "2026-07-01T08:30:15.123456-09:30"),
        (at(timedelta(hours=23, minutes=59)), "2026-07-01T08:30:15.123456+23:59"),
        (datetime(2026, 7, 1, 8, tzinfo=ZoneInfo("Europe/Berlin")), "2026-07-01T08:00:00+02:00"),
        (datetime(1, 1, 1, tzinfo=UTC), "0001-01-01T00:00:00Z"),
        (datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC), "9999-12-31T23:59:59.999999Z"),
    ],
)
def test_an_instant_keeps_its_offset_and_its_microseconds(moment, text):
    assert CODEC.encode_value(moment, datetime) == f'"{text}"'.encode()
    read = CODEC.decode_value(f'"{text}"'.encode(), datetime)
    assert (read, read.utcoffset()) == (moment, moment.utcoffset())


ODD = [at(timedelta(minutes=19, seconds=32)), at(-timedelta(seconds=15)), at(timedelta(microseconds=7))]


@pytest.mark.parametrize("moment", [*ODD, datetime(1900, 1, 1, tzinfo=ZoneInfo("Europe/Amsterdam"))])
def test_an_offset_of_odd_seconds_becomes_utc_and_the_instant_stays(moment):
    row = Dated(moment, moment, [moment], {"a": moment}, moment, (1, moment))
    text = CODEC.encode_value(row, Dated)
    assert CODEC.decode_value(text, Dated) == row
    assert text.count(b'Z"') == 6
    assert CODEC.to_builtins(row)["at"].endswith("Z")
    assert CODEC.decode_value(CODEC.encode_value([moment]), list[datetime]) == [moment]


def test_one_odd_offset_among_many_changes_no_other():
    rows = [Dated(at(timedelta(hours=2))), Dated(ODD[0]), Dated(at(timedelta()))]
    assert CODEC.decode_value(CODEC.encode_value(rows, list[Dated]), list[Dated]) == rows
