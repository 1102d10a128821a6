"""What changed from one payload to the next: rows that are gone and rows that came, by their positions.

A row is what its encoded bytes say, so every observable has deltas and nobody declares a key. A row that changed is gone at its old place
and comes at its new one; a row that moved does the same, and the rows it passed stay where they are. `docs/protocol.md` gives the form.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from operator import lt

import msgspec

from peek_trio.errors import TupleError
from peek_trio.transport.observables.shortest_way import shortest_way

__all__ = ["apply", "difference"]

WORTH = 0.75
"""The part of the rows that may have come new. A delta that brings more saves too little to be made."""

MOST_COMPARED = 20_000
"""Rows that are compared with each other when some have moved. More would keep a thread busy for tens of milliseconds."""

FEW_EDITS = 16
"""Rows gone and rows that came, together, up to which the fewest are looked for when there are equal rows."""

SAMPLES = 8
"""Rows that are looked for in the old payload, to tell rows that moved from rows that are new."""

Rows = Sequence[msgspec.Raw]
Splice = tuple[list[int], list[int]]
"""The old positions of rows that are gone, and the new positions of those that came; both ascending."""


class _Payload(msgspec.Struct):
    rows: list[msgspec.Raw]
    t: str | None = None


class _Delta(msgspec.Struct):
    gone: list[int]
    rows: list[tuple[int, msgspec.Raw]]
    t: str | None = None


_read_payload = msgspec.json.Decoder(_Payload).decode
_read_delta = msgspec.json.Decoder(_Delta).decode
_encode = msgspec.json.Encoder().encode


def difference(old: bytes, new: bytes) -> bytes | None:
    """The delta that leads from the payload `old` to the payload `new`; None when it would not be smaller than `new`.

    Payloads of different types have no delta.
    """
    before, after = _read_payload(old), _read_payload(new)
    if before.t != after.t:
        return None
    splice = _splice(before.rows, after.rows, old)
    if splice is None or len(splice[1]) > WORTH * len(after.rows):
        return None
    gone, came = splice
    rows = b",".join(b"[%d,%b]" % (position, bytes(after.rows[position])) for position in came)
    delta = b'{%b"gone":%b,"rows":[%b]}' % (_type_of(after.t), _encode(gone), rows)
    return delta if len(delta) < len(new) else None


def apply(delta: bytes, payload: bytes) -> bytes:
    """The payload that `delta` makes of `payload`, byte for byte the one that it was made for.

    Raises TupleError when the delta is damaged or belongs to another payload. Not every wrong payload can be told from its positions:
    compare digests.
    """
    try:
        change, known = _read_delta(delta), _read_payload(payload)
    except msgspec.MsgspecError as error:
        raise TupleError(f"The delta, or the payload it changes, is damaged: {error}.", path="$") from error
    if change.t != known.t:
        raise TupleError(f"A delta of {change.t} cannot change rows of {known.t}.", path="$.t")
    stay = list(_staying(known.rows, change.gone))
    length = len(stay) + len(change.rows)
    rows: list[msgspec.Raw] = []
    taken = 0
    for number, (position, row) in enumerate(change.rows):
        if not len(rows) <= position < length or position - number > len(stay):
            raise TupleError(
                f"The delta has a row at {position}, which is no place among {length}.", path=f"$.rows[{number}]"
            )
        between = position - len(rows)
        rows += stay[taken : taken + between]
        taken += between
        rows.append(row)
    rows += stay[taken:]
    return b'{%b"rows":[%b]}' % (_type_of(known.t), b",".join(rows))


def _type_of(name: str | None) -> bytes:
    return b"" if name is None else b'"t":%b,' % _encode(name)


def _staying(rows: Rows, gone: Sequence[int]) -> Iterator[msgspec.Raw]:
    start = 0
    for number, position in enumerate(gone):
        if not start <= position < len(rows):
            raise TupleError(
                f"The delta removes row {position}, which is not there or out of order.", path=f"$.gone[{number}]"
            )
        yield from rows[start:position]
        start = position + 1
    yield from rows[start:]


def _splice(old: Rows, new: Rows, text: bytes) -> Splice | None:
    """The rows that differ; None when telling would take too long. `text` is the payload of `old`."""
    if len(old) == len(new):
        changed = [position for position, (was, now) in enumerate(zip(old, new, strict=True)) if was != now]
        if len(changed) <= 1 or not _some_moved(changed, new, text):
            return changed, changed
        start, end = changed[0], len(new) - changed[-1] - 1
    else:
        start = _alike(old, new)
        end = _alike(old[: start - 1 if start else None : -1], new[: start - 1 if start else None : -1])
    middle_old, middle_new = old[start : len(old) - end], new[start : len(new) - end]
    if len(middle_old) + len(middle_new) > 2 * MOST_COMPARED:
        return None
    stay_old, stay_new = _common(middle_old, middle_new)
    return (
        [start + position for position in range(len(middle_old)) if position not in stay_old],
        [start + position for position in range(len(middle_new)) if position not in stay_new],
    )


def _some_moved(changed: Sequence[int], new: Rows, text: bytes) -> bool:
    """Whether rows that are not where they were are somewhere else; told from a few of them, because asking all is dear."""
    return any(bytes(new[position]) in text for position in changed[:: max(1, len(changed) // SAMPLES)])


def _alike(old: Rows, new: Rows) -> int:
    """How many rows from the start are the same."""
    count = 0
    for was, now in zip(old, new, strict=False):
        if was != now:
            break
        count += 1
    return count


def _common(old: Rows, new: Rows) -> tuple[set[int], set[int]]:
    """The positions, in both, of rows that can stay: a longest run of equal rows that are in the same order in both."""
    before, after = list(map(bytes, old)), list(map(bytes, new))
    if len(set(before)) < len(before) and (few := shortest_way(before, after, FEW_EDITS)) is not None:
        return few
    were = _places(before, after)
    positions = [position for position, was in enumerate(were) if was is not None]
    matches = [was for was in were if was is not None]
    if all(map(lt, matches, matches[1:])):
        return set(matches), set(positions)
    longest = list(_longest_increasing(matches))
    return {matches[index] for index in longest}, {positions[index] for index in longest}


def _places(old: list[bytes], new: list[bytes]) -> list[int | None]:
    """For each row of `new` where it was; of equal rows the first was the first."""
    places = dict(zip(old, range(len(old)), strict=True))
    if len(places) == len(old):
        return list(map(places.get, new))
    queues: defaultdict[bytes, deque[int]] = defaultdict(deque)
    for position, row in enumerate(old):
        queues[row].append(position)
    return [queue.popleft() if (queue := queues.get(row)) else None for row in new]


def _longest_increasing(numbers: Sequence[int]) -> Iterator[int]:
    """The indexes of a longest increasing subsequence, the last one first (Fredman 1975, "patience sorting")."""
    lowest_ends: list[int] = []  # of the subsequences of each length, the lowest number that one ends with
    ends: list[int] = []  # its index
    before: list[int] = []
    for index, number in enumerate(numbers):
        length = bisect_left(lowest_ends, number)
        before.append(ends[length - 1] if length else -1)
        if length == len(ends):
            lowest_ends.append(number)
            ends.append(index)
        else:
            lowest_ends[length], ends[length] = number, index
    index = ends[-1] if ends else -1
    while index >= 0:
        yield index
        index = before[index]
