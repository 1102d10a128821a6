"""The schema hash changes when the wire form does, and only then."""

import subprocess
import sys
from typing import Any

import attrs
import pytest

from peek_trio.tuples import BigInt, schema_hash


def made(**fields: Any) -> type:
    return attrs.make_class("Made", {name: attrs.field(type=kind) for name, kind in fields.items()})


def test_the_order_of_fields_does_not_matter():
    assert schema_hash(made(a=int, b=str)) == schema_hash(made(b=str, a=int))


def test_other_words_for_the_same_form_do_not_matter():
    assert schema_hash(made(a=list[int])) == schema_hash(made(a=tuple[int, ...]))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"a": int}, {"b": int}),
        ({"a": int}, {"a": int, "b": int}),
        ({"a": int}, {"a": BigInt}),
        ({"a": int}, {"a": int | None}),
        ({"a": list[int]}, {"a": dict[str, int]}),
        ({"a": made(x=int)}, {"a": made(x=str)}),
    ],
)
def test_a_change_of_the_form_changes_the_hash(before, after):
    assert schema_hash(made(**before)) != schema_hash(made(**after))


def test_it_is_the_same_in_every_process():
    program = (
        "import attrs, enum\n"
        "from peek_trio.tuples import schema_hash\n"
        "Kind = enum.Enum('Kind', {'A': 'a', 'B': 'b'})\n"
        "print(schema_hash(attrs.make_class('Made', {'k': attrs.field(type=Kind), 's': attrs.field(type=set[str])})))\n"
    )
    seen = {
        subprocess.run(
            [sys.executable, "-c", program],
            capture_output=True,
            text=True,
            check=True,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": "."},
        ).stdout
        for seed in ("1", "2")
    }
    assert len(seen) == 1
