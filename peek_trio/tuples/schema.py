"""The schema hash: one short string that changes when, and only when, the wire form of a tuple class changes.

Both ends of a link compare it, offline caches keep it beside what they store, and the generated TypeScript carries it.
"""

from __future__ import annotations

from peek_trio.tuples.digests import digest
from peek_trio.tuples.forms import form_of

__all__ = ["schema_hash"]


def schema_hash(cls: type) -> str:
    """The hash of a class's fields: their names, their types, and which of them may be left out.

    It is the same in every process and on every machine. The order of the fields and their Python names for the same wire form
    (`list[int]`, `tuple[int, ...]`) do not matter. Raises TupleError when a field's type cannot travel.
    """
    return digest(form_of(cls).text.encode())
